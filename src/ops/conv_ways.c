/* The ways in which a convolution and its two gradients can be computed: an ordered list, from which lowering takes the cheapest
 * that accepts the layer. What a way costs follows from the shape and the planned batch alone, so the choice is the same on
 * every machine and for any number of threads. Where `imgrad bench --nodes` shows a pass that is faster with `--conv
 * direct`, these numbers are wrong. */
#include "kernels/pack.h"
#include "ops/conv_geometry.h"
#include "ops/ops.h"

#include <limits.h>

/* One pass of one layer. */
typedef struct layer {
  const ig__conv *g;
  ig__pack form;
  const ig__kernels *k;
  double n;           /* pictures */
  int h, w;           /* of what is cut into tiles: the output, for dx the input, for dw dy */
  bool dx;
  double in, out;     /* blocks of 16 channels: read and written; for dw of x and of dy */
} layer;

/* Costs are counted in multiply-adds of one block of 16 channels. */
typedef struct way {
  int m;              /* ig__conv_lowered.m */
  const ig__op *pack, *pass[3];
  bool (*accepts)(const layer *l, int m);
  double (*cost)(const layer *l, int m);
} way;

static bool accepts_all(const layer *l, int m) {
  (void)l, (void)m;
  return true;
}

static double direct_cost(const layer *l, int m) {
  (void)m;
  return l->n * l->g->oh * l->g->ow * l->g->kh * l->g->kw * IG__BLOCK * l->in * l->out / 0.92;
}

/* A first layer's channels are not blocked. Shapes are ints, so is the count. */
static bool winograd_accepts(const layer *l, int m) {
  return l->form != IG__PACK_FORWARD_PLAIN_X && l->k->winograd_takes(l->g, m) &&
         l->k->winograd_count(l->g, m, l->form) <= INT_MAX;
}

/* Products at nine tenths of the peak; an element of a transformed tile costs about four multiply-adds on either side, one of the
 * weights twelve, since those come from memory and go there. At stride 2 a tile has 81 elements, which cost sixteen, and for dx
 * twice the side, since dx has twice the rows. */
static double winograd_cost(const layer *l, int m) {
  const bool strided = l->g->sh == 2;
  const int side = strided && l->dx ? 2 * m : m, places = (m + 2) * (m + 2), elements = strided ? 81 : places;
  double tiles = l->n * ((l->h + side - 1) / side) * ((l->w + side - 1) / side);
  double products = IG__BLOCK * l->in * l->out / 0.9, transforms = (strided ? 16 : 4) * (l->in + l->out);
  return tiles * elements * (products + transforms) + places * 12 * IG__BLOCK * l->in * l->out;
}

#define WINOGRAD(m)                                                                                                    \
  {m, &ig__op_conv2d_winograd_pack, {&ig__op_conv2d_winograd, &ig__op_conv2d_dx_winograd, &ig__op_conv2d_dw_winograd}, \
   winograd_accepts, winograd_cost}

static const way ways[] = {
  {0, &ig__op_conv2d_pack, {&ig__op_conv2d_direct, &ig__op_conv2d_dx_direct, &ig__op_conv2d_dw_direct}, accepts_all,
   direct_cost},
  WINOGRAD(4),
  WINOGRAD(2),
};

static const way *choose(const ig__lower *l, ig__conv_pass pass, const ig__conv *g, ig__pack form) {
  bool dx = pass == IG__CONV_DX;
  layer it = {.g = g, .form = form, .k = l->k, .n = l->graph->n, .h = dx ? g->h : g->oh, .w = dx ? g->w : g->ow, .dx = dx,
              .in = ig__blocks(dx ? g->c_out : g->c_in), .out = ig__blocks(dx ? g->c_in : g->c_out)};
  const way *best = NULL;
  double least = 0;
  for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
    const way *w = &ways[i];
    if ((l->graph->direct && w->m) || !w->accepts(&it, w->m)) continue;
    double cost = w->cost(&it, w->m);
    if (!best || cost < least) best = w, least = cost;
  }
  return best;
}

ig_status ig__conv_lower(ig__lower *l, ig__conv_pass pass, const ig__conv *g) {
  ig__conv_lowered o = {.g = *g};
  o.form = pass == IG__CONV_DX ? ig__pack_backward(g) : ig__conv_forward_form(g, l->graph, l->in[0]);
  const way *w = choose(l, pass, g, o.form);
  o.m = w->m;
  o.count = o.m ? (int64_t)l->k->winograd_count(g, o.m, o.form) : ig__conv_pack_count(g, o.form);
  ig__value second = pass == IG__CONV_DW ? l->in[1] : ig__node1(l->graph, w->pack, &o, l->in[1]);
  l->out[0] = ig__node2(l->graph, w->pass[pass], &o, l->in[0], second);
  return ig__graph_status(l->graph);
}
