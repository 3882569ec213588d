/* sum: everything to one number. */
#include "ops/reduce.h"

double ig__picture_sum(const ig__run *r, const ig__view *x, int n0, int n1) {
  double sum = 0;
  for (ig__spans s = ig__spans_of(1, &x, n0, n1); ig__spans_next(&s);) sum += r->k->sum(ig__at(r, x, s.at[0]), s.length);
  return sum;
}

size_t ig__sum_partial(const ig__run *r) {
  (void)r;
  return 2;
}

static double kept(const ig__run *r, const void *partial) { return ig__get(r, partial, 0) + ig__get(r, partial, 1); }

void ig__sum_run(const ig__run *r) {
  const double sum = kept(r, r->partial) + ig__picture_sum(r, &r->in[0], r->n0, r->n1);
  ig__put(r, r->partial, 0, sum);
  ig__put(r, r->partial, 1, sum - ig__get(r, r->partial, 0));
}

double ig__sum_of_partials(const ig__run *r, void *const *partials, int count) {
  double sum = 0;
  for (int i = 0; i < count; i++) sum += kept(r, partials[i]);
  return sum;
}

static void finish(const ig__run *r, void *const *partials, int count) {
  if (r->part == 0) ig__put(r, r->out[0].data, 0, ig__sum_of_partials(r, partials, count));
}

static ig_status infer(ig__infer *i) {
  IG__TRY(ig__check_real("sum", i, 0));
  i->out[0].shape = (ig__shape){0};
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  d->gin[0] = ig__spread_node(d->graph, d->gout[0], ig__shape_of(d->graph, d->node->in[0]), false);
  return IG_OK;
}

static bool probe(int index, ig__probe *p) {
  if (index >= IG__ANY_SHAPES) return false;
  *p = (ig__probe){.in_count = 1};
  p->in[0].shape = ig__any_shape(index, &p->n);
  return true;
}

const ig__op ig__op_sum = {
  .name = "sum", .help = "sum of all elements of all pictures",
  .min_in = 1, .max_in = 1, .outputs = 1, .role = IG__SUM, .layout = IG__LAYOUT_SAME, .flags = IG__LINEAR,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(ig__sum_run), .partial = ig__sum_partial, .finish = finish,
  .probe = probe };
