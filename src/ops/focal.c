/* focal (Lin et al., ICCV 2017): a cross entropy −log p times (1 − p)^gamma, so that what is known well counts little and the
 * rare and hard ones lead. On softmax or logits one a picture; on a prediction that ends in sigmoid one an element. */
#include "ops/losses.h"

typedef struct focal_options { double gamma; } focal_options;

static const ig__option table[] = {
  IG__OPTION(focal_options, gamma, "2", 0.01, 100, "", "how much less the easy pictures count"),
  IG__OPTIONS_END };

static ig_status losses_of(ig__graph *graph, const ig__value *in, ig__value *losses) {
  const ig__node *maker = ig__tensor_of(graph, in[0])->node;
  ig__value logits = IG__NONE, target = IG__NONE;
  if (maker && maker->op == &ig__op_sigmoid) {
    IG__TRY(ig__loss_target(graph, "focal", maker->in[0], in[1], &target));
    *losses = ig__node2(graph, &ig__op_sigmoid_cross_entropy, NULL, maker->in[0], target);
    return ig__graph_status(graph);
  }
  IG__TRY(ig__loss_logits(graph, "focal", IG__LOGITS_AUTO, &ig__op_softmax, &ig__op_log_softmax, in[0], &logits));
  IG__TRY(ig__loss_classes(graph, "focal", logits, in[1]));
  *losses = ig__softmax_cross_entropy_node(graph, logits, ig__as_real(graph, in[1]), 0);
  return ig__graph_status(graph);
}

static ig__value build(ig__layer *l, const void *options, int in_count, const ig__value *in) {
  const focal_options *o = options;
  ig__value losses = IG__NONE;
  ig_status status = ig__loss_inputs(l, "focal", in_count);
  if (status == IG_OK) status = losses_of(l->graph, in, &losses);
  if (status != IG_OK) return ig__graph_fail(l->graph, status);
  return ig__loss_mean(l, ig__focus_node(l->graph, losses, o->gamma));
}

const ig__op ig__op_focal = {
  .name = "focal", .help = "cross entropy in which pictures that are known well count little",
  .options = table, .options_size = sizeof(focal_options), .min_in = 2, .max_in = 2, .outputs = 1,
  .role = IG__SUM, .layout = IG__LAYOUT_ANY, .flags = IG__LOSS,
  .no_derivative = "a loss is made of other ops", .build = build };
