/* mean: the sum of everything over the number of elements, with the pictures of this run: a short last batch has its own
 * mean. */
#include "ops/reduce.h"

static void finish(const ig__run *r, void *const *partials, int count) {
  if (r->part != 0) return;
  ig__put(r, r->out[0].data, 0, ig__sum_of_partials(r, partials, count) / ig__run_count(r, &r->in[0].shape));
}

static ig_status infer(ig__infer *i) {
  IG__TRY(ig__check_real("mean", i, 0));
  i->out[0].shape = (ig__shape){0};
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  d->gin[0] = ig__spread_node(d->graph, d->gout[0], ig__shape_of(d->graph, d->node->in[0]), true);
  return IG_OK;
}

static bool probe(int index, ig__probe *p) {
  if (index >= IG__ANY_SHAPES) return false;
  *p = (ig__probe){.in_count = 1};
  p->in[0].shape = ig__any_shape(index, &p->n);
  return true;
}

const ig__op ig__op_mean = {
  .name = "mean", .help = "mean of all elements of all pictures",
  .min_in = 1, .max_in = 1, .outputs = 1, .role = IG__SUM, .layout = IG__LAYOUT_SAME, .flags = IG__LINEAR,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(ig__sum_run), .partial = ig__sum_partial, .finish = finish,
  .probe = probe };
