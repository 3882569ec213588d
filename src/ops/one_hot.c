/* one_hot: labels [n] to rows [n, classes], with 1 at the label. */
#include "ops/labels.h"

typedef struct one_hot_options { int classes; double smooth; } one_hot_options;

static const ig__option table[] = {
  IG__POSITIONAL(one_hot_options, classes, NULL, 1, 1 << 24, "", "length of a row"),
  IG__OPTION(one_hot_options, smooth, "0", 0, 1, "", "share of the 1 that is spread over all classes"),
  IG__OPTIONS_END };

ig__value ig__one_hot_node(ig__graph *graph, ig__value labels, int classes, double smooth) {
  return ig__node1(graph, &ig__op_one_hot, &(one_hot_options){classes, smooth}, labels);
}

ig__value ig__as_real(ig__graph *graph, ig__value value) {
  return ig__tensor_of(graph, value)->dtype == IG__F32 ? ig__node1(graph, graph->core.convert, NULL, value) : value;
}

ig_status ig__check_label(const char *op, const ig__tensor *labels) {
  char text[96];
  if (ig__is_label(labels) && labels->shape.rank == 1 && labels->shape.batched) return IG_OK;
  return ig__fail(IG_BAD_MODEL, "%s takes one class number a picture, got %s of shape %s", op,
                  ig__is_label(labels) ? "class numbers" : "real numbers", ig__shape_text(text, &labels->shape));
}

static ig_status infer(ig__infer *i) {
  const one_hot_options *o = i->options;
  IG__TRY(ig__check_label("one_hot", i->in[0]));
  i->out[0].shape = ig__rows(i->in[0]->shape.dim[0], o->classes);
  return IG_OK;
}

/* A label outside 0 … classes-1 makes a row without its 1; data are checked before they come here. */
static void run(const ig__run *r) {
  const one_hot_options *o = r->options;
  const ig__view *y = &r->out[0];
  for (int n = r->n0; n < r->n1; n++) {
    const int64_t label = ig__label(&r->in[0], n), row = n * y->n_pitch;
    r->k->fill(ig__at(r, y, row), o->smooth / o->classes, o->classes);
    if (label >= 0 && label < o->classes) ig__put(r, y->data, row + label, 1 - o->smooth + o->smooth / o->classes);
  }
}

static bool probe(int index, ig__probe *p) {
  static const one_hot_options options[] = {{1, 0},  {2, 0},    {3, 0.1}, {10, 0},   {10, 0.1},
                                            {15, 0}, {16, 0.2}, {17, 0},  {33, 0.1}, {100, 0}};
  if (index >= 20) return false;
  *p = (ig__probe){.options = &options[index / 2], .n = 1 + index % 5, .in_count = 1};
  p->in[0] = (ig__probe_in){.shape = ig__shape_make(1, &p->n, true), .dtype = index % 2 ? IG__U8 : IG__I32,
                            .draw = IG__DRAW_INDEX, .limit = options[index / 2].classes, .no_gradient = true};
  return true;
}

const ig__op ig__op_one_hot = {
  .name = "one_hot", .help = "class numbers as rows of zeros with a single 1",
  .options = table, .options_size = sizeof(one_hot_options),
  .min_in = 1, .max_in = 1, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_ANY,
  .no_derivative = "class numbers are no quantities",
  .infer = infer, .run = IG__RUN_BOTH(run), .probe = probe };
