#ifndef IG__TESTS_LOSS_RIG_H
#define IG__TESTS_LOSS_RIG_H
/* A loss on a rig, and two pictures of three classes to try it with. */

#include "unit/ops/rig.h"

static inline ig__value loss(rig *r, const ig__op *op, const char *text, ig__value prediction, ig__value target) {
  _Alignas(16) unsigned char options[256] = {0};
  CHECK_OK(ig__options_parse_text(op->name, op->options, options, text));
  return op->build(&r->layer, options, 2, (ig__value[]){prediction, target});
}

static inline ig__shape rows(int n, int k) { return ig__shape_make(2, (int[]){n, k}, true); }
static inline ig__shape vector(int n) { return ig__shape_make(1, &n, true); }

static const double logits[6] = {1, 2, 3, -1, 0.5, 0.25}, labels[2] = {2, 0};

/* Builds a graph that must be refused, with these words. */
static inline void refused(const ig__op *op, const char *text, const ig__op *end, ig__shape shape, ig__dtype dtype, ig__shape target,
                    const char *words) {
  rig *r = rig_new(2, true);
  ig__value x = rig_field(r, IG__REAL, shape, NULL), t = rig_field(r, dtype, target, NULL);
  if (end) x = ig__node1(r->graph, end, NULL, x);
  CHECK_INT(loss(r, op, text, x, t), IG__NONE);
  CHECK_STATUS(ig__graph_status(r->graph), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), words);
  rig_free(r);
}

#endif
