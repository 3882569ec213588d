#ifndef IG__OPS_DROPOUT_H
#define IG__OPS_DROPOUT_H
/* What dropout and dropout2d share: options, how a layer becomes a node, and where their random numbers come from. */

#include "ops/dims.h"
#include "ops/ops.h"

#include "base/rng.h"

typedef struct ig__dropout_options {
  double p;
  int stream; /* from the graph's count of random nodes; not in text */
} ig__dropout_options;

/* Their `build`: nothing outside training or at p = 0, else a node with a stream of its own. */
static inline ig__value ig__dropout_build(ig__layer *l, const ig__op *op, const void *options, int in_count, const ig__value *in) {
  ig__dropout_options o = *(const ig__dropout_options *)options;
  if (in_count != 1) return ig__graph_fail(l->graph, ig__fail(IG_BAD_MODEL, "%s takes one input, got %d", op->name, in_count));
  if (!l->graph->training || o.p == 0) return in[0];
  o.stream = l->graph->random_count++;
  return ig__node1(l->graph, op, &o, in[0]);
}

/* Their `derive`: the same op with the same options, so the same mask. */
static inline ig_status ig__dropout_derive(ig__derive *d) {
  if (d->wanted[0]) d->gin[0] = ig__node1(d->graph, d->node->op, d->node->options, d->gout[0]);
  return ig__graph_status(d->graph);
}

/* The key of picture n: of the seed, the step, the node's stream and the sample, so neither threads nor order enter. */
static inline uint64_t ig__dropout_key(const ig__run *r, int n) {
  const ig__dropout_options *o = r->options;
  const uint64_t stream = ig__rng_key(r->step->seed, IG__FOR_DROPOUT, r->step->step, (uint64_t)o->stream);
  return ig__rng_key(stream, IG__FOR_DROPOUT, r->step->key ? r->step->key[n] : (uint64_t)n, 0);
}

/* A decision by 16 bits that are below this drops. */
static inline uint32_t ig__dropout_threshold(const ig__dropout_options *o) { return (uint32_t)(o->p * 65536 + 0.5); }

#endif
