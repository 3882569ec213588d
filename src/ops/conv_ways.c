/* The ways in which a convolution and its two gradients can be computed: an ordered list, from which lowering takes the cheapest
 * that accepts the layer. What a way costs follows from the shape and the planned batch alone, so the choice is the same on
 * every machine and for any number of threads. `imgrad bench --calibrate` shows where these numbers are wrong. */
#include "ops/conv_ways.h"
#include "ops/conv_lowered.h"

#include "base/text.h"
#include "kernels/pack.h"
#include "ops/ops.h"

#include <limits.h>

/* One pass of one layer. */
typedef struct layer {
  const ig__conv *g;
  ig__pack form;
  const ig__kernels *k;
  double n;           /* pictures */
  int h, w;           /* of what is cut into tiles: the output, for dx the input, for dw dy */
  bool dx, training;
  double in, out;     /* blocks of 16 channels: read and written; for dw of x and of dy */
} layer;

enum { DIRECT, WINOGRAD, STRIDED, BF16, BF16_WINOGRAD };

/* The last of each is for inference, where weights are packed once and only read: nothing for the direct way, whose reading the
 * tiles ask for ahead; more at stride 2, where one picture through 128 → 256 channels took 540 µs in place of the direct 185. */
const ig__conv_price ig__conv_prices[] = {
  [DIRECT] = {"direct", {1 / 0.92, 0, 120}, 0},
  [WINOGRAD] = {"winograd", {1 / 0.9, 4, 12}, 12},
  [STRIDED] = {"winograd, stride 2", {1 / 0.9, 16, 12}, 60},
  [BF16] = {"bf16", {1 / 1.85, 4, 130}, 0},
  [BF16_WINOGRAD] = {"bf16 winograd", {1 / 1.85, 7, 18}, 18},
};
const int ig__conv_price_count = sizeof ig__conv_prices / sizeof ig__conv_prices[0];

typedef struct way {
  const char *name;
  int m;              /* ig__conv_lowered.m */
  const ig__op *pack, *pass[3];
  bool (*accepts)(const layer *l, int m);
  void (*estimate)(const layer *l, int m, ig__conv_estimate *e); /* price and terms */
} way;

static bool accepts_all(const layer *l, int m) {
  (void)l, (void)m;
  return true;
}

static void estimate_direct(const layer *l, int m, ig__conv_estimate *e) {
  const double taps = l->g->kh * l->g->kw, weights = IG__BLOCK * l->in * l->out;
  (void)m;
  e->price = DIRECT;
  e->term[0] = l->n * l->g->oh * l->g->ow * taps * weights;
  e->term[2] = taps * weights;
}

/* A first layer's channels are not blocked. Shapes are ints, so is the count. */
static bool winograd_accepts(const layer *l, int m) {
  return l->form != IG__PACK_FORWARD_PLAIN_X && l->k->winograd_takes(l->g, m) &&
         l->k->winograd_count(l->g, m, l->form) <= INT_MAX;
}

/* Transformed weights of more than 8 MiB (in float) go to memory and come from there, in every step: six times the price. Measured
 * at batch 8: without it 512 → 512 channels took twice the time of F(2×2), 256 → 512 at stride 2 twice that of the direct way. */
#define LARGE_WEIGHTS (2 << 20)
#define LARGE_PRICE 6

/* At stride 2 a tile has 81 elements with 36 weights, and for dx twice the side. */
static void estimate_winograd(const layer *l, int m, ig__conv_estimate *e) {
  const bool strided = l->g->sh == 2;
  const int side = strided && l->dx ? 2 * m : m, places = (m + 2) * (m + 2);
  const double tiles = l->n * ((l->h + side - 1) / side) * ((l->w + side - 1) / side), elements = strided ? 81 : places;
  e->price = strided ? STRIDED : WINOGRAD;
  e->term[0] = tiles * elements * IG__BLOCK * l->in * l->out;
  e->term[1] = tiles * elements * (l->in + l->out);
  e->term[2] = places * IG__BLOCK * l->in * l->out;
  if (l->training && e->term[2] * IG__BLOCK > LARGE_WEIGHTS) e->term[2] *= LARGE_PRICE;
}

/* In bf16 a register tile has two blocks of outputs, or does the work of one for nothing. */
static void estimate_bf16(const layer *l, int m, ig__conv_estimate *e) {
  const double taps = l->g->kh * l->g->kw, outputs = l->n * l->g->oh * l->g->ow, pairs = l->out > 1 ? l->out : 2;
  (void)m;
  e->price = BF16;
  e->term[0] = outputs * taps * IG__BLOCK * l->in * pairs;
  e->term[1] = outputs * taps * l->in + (l->dx ? l->n * l->g->h * l->g->w * l->out : 0);
  e->term[2] = taps * IG__BLOCK * l->in * l->out;
}

static void estimate_bf16_winograd(const layer *l, int m, ig__conv_estimate *e) {
  estimate_winograd(l, m & ~IG__BF16, e);
  e->price = BF16_WINOGRAD;
}

#define BY_WINOGRAD(name, m)                                                                                                 \
  {name, m, &ig__op_conv2d_winograd_pack, {&ig__op_conv2d_winograd, &ig__op_conv2d_dx_winograd, &ig__op_conv2d_dw_winograd}, \
   winograd_accepts, estimate_winograd}

#define BY_BF16(name, m, estimate)                                                                                           \
  {name, m, &ig__op_conv2d_winograd_pack, {&ig__op_conv2d_winograd, &ig__op_conv2d_dx_winograd, &ig__op_conv2d_dw_winograd}, \
   winograd_accepts, estimate}

/* --conv direct takes none but m = 0 and 1. */
static bool is_direct(int m) { return (m & ~IG__BF16) <= 1; }

static const way ways[IG__CONV_WAYS] = {
  {"direct", 0, &ig__op_conv2d_pack, {&ig__op_conv2d_direct, &ig__op_conv2d_dx_direct, &ig__op_conv2d_dw_direct}, accepts_all,
   estimate_direct},
  BY_WINOGRAD("winograd 4", 4),
  BY_WINOGRAD("winograd 2", 2),
  BY_BF16("bf16", IG__BF16 | 1, estimate_bf16),
  BY_BF16("bf16 winograd 2", IG__BF16 | 2, estimate_bf16_winograd),
};

int ig__conv_estimates(const ig__kernels *k, ig__conv_pass pass, const ig__conv *g, ig__pack form, int n, bool training,
                       bool direct, bool bf16, ig__conv_estimate out[IG__CONV_WAYS]) {
  const bool dx = pass == IG__CONV_DX;
  const layer it = {.g = g, .form = form, .k = k, .n = n, .h = dx ? g->h : g->oh, .w = dx ? g->w : g->ow, .dx = dx, .training = training,
                    .in = ig__blocks(dx ? g->c_out : g->c_in), .out = ig__blocks(dx ? g->c_in : g->c_out)};
  int best = 0;
  for (int i = 0; i < IG__CONV_WAYS; i++) {
    const bool wanted = (!direct || is_direct(ways[i].m)) && (bf16 || !(ways[i].m & IG__BF16));
    out[i] = (ig__conv_estimate){.name = ways[i].name, .accepts = wanted && ways[i].accepts(&it, ways[i].m)};
    if (!out[i].accepts) continue;
    ways[i].estimate(&it, ways[i].m, &out[i]);
    const ig__conv_price *price = &ig__conv_prices[out[i].price];
    for (int t = 0; t < IG__CONV_TERMS; t++)
      out[i].cost += (t == 2 && !training ? price->kept : price->constant[t]) * out[i].term[t];
    if (out[i].cost < out[best].cost) best = i;
  }
  return best;
}

/* What the kernels of a first layer, whose channels are not blocked, and of groups reach: 45 … 70 % on AVX-512. */
#define ATTAINED 0.55

/* The estimate of the way that was taken, without the packing of weights, which is a node of its own. */
double ig__conv_lowered_effort(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  const ig__conv *g = &o->g;
  for (int i = 0; i < IG__CONV_WAYS; i++)
    for (int p = 0; p < 3; p++) {
      const way *w = &ways[i];
      if (w->m != o->m || w->pass[p] != r->node->op || o->form == IG__PACK_FORWARD_PLAIN_X || g->groups > 1) continue;
      const bool dx = p == IG__CONV_DX;
      const layer it = {.g = g, .form = o->form, .k = r->k, .n = r->n, .h = dx ? g->h : g->oh, .w = dx ? g->w : g->ow, .dx = dx,
                        .in = ig__blocks(dx ? g->c_out : g->c_in), .out = ig__blocks(dx ? g->c_in : g->c_out)};
      ig__conv_estimate e = {.name = w->name};
      w->estimate(&it, w->m, &e);
      const ig__conv_price *price = &ig__conv_prices[e.price];
      return IG__BLOCK * (price->constant[0] * e.term[0] + price->constant[1] * e.term[1]);
    }
  return ig__conv_lowered_work(r) / ATTAINED;
}

void ig__conv_question(char out[IG__QUESTION_SIZE], ig__conv_pass pass, const ig__conv *g, ig__pack form, int n, bool training) {
  static const char *const names[] = {"conv2d", "conv2d_dx", "conv2d_dw"};
  ig__snprintf(out, IG__QUESTION_SIZE, "%s %d -> %d, %d x %d, kernel %d x %d, stride %d x %d, padding %d x %d, dilation %d x %d, groups %d, form %d, n %d, "
               "%s", names[pass], g->c_in, g->c_out, g->h, g->w, g->kh, g->kw, g->sh, g->sw, g->ph, g->pw, g->dh, g->dw, g->groups, (int)form,
               n, training ? "training" : "inference");
}

/* What a max pooling sends back is zero behind its last window, and so is the gradient to the input where no other window of the
 * layer arrives: `textbook` has 10 × 10 of 11 × 11 outputs, which makes 9 tiles of 4 × 4 out of 16. */
static ig__conv reached(const ig__lower *l, const ig__conv *g) {
  const ig__node *maker = ig__tensor_of(l->graph, l->in[0])->node;
  ig__conv r = *g;
  if (!maker || maker->op != &ig__op_maxpool2d_scatter) return r;
  const ig__pair pooled = ig__conv_reach(maker->options);
  if (pooled.a < r.oh) r.oh = pooled.a;
  if (pooled.b < r.ow) r.ow = pooled.b;
  const ig__pair read = ig__conv_reach(&r);
  if (read.a < r.h) r.h = read.a;
  if (read.b < r.w) r.w = read.b;
  return r;
}

ig_status ig__conv_lower(ig__lower *l, ig__conv_pass pass, const ig__conv *whole) {
  ig__conv_lowered o = {.g = pass == IG__CONV_DX ? reached(l, whole) : *whole, .whole = *whole, .kept = !l->graph->training};
  const ig__conv *g = &o.g;
  ig__conv_estimate estimate[IG__CONV_WAYS];
  o.form = pass == IG__CONV_DX ? ig__pack_backward(g) : ig__conv_forward_form(g, l->graph, l->in[0]);
  char question[IG__QUESTION_SIZE];
  ig__conv_question(question, pass, g, o.form, l->graph->n, l->graph->training);
  int choice = ig__conv_estimates(l->k, pass, g, o.form, l->graph->n, l->graph->training, l->graph->direct, l->graph->bf16, estimate);
  for (int i = 0; i < IG__CONV_WAYS; i++)
    if (estimate[i].accepts && ig__choices_give(l->from->choices, question, ways[i].name)) choice = i;
  const way *w = &ways[choice];
  ig__choices_note(l->from->choices, question, w->name);
  o.m = w->m;
  o.count = o.m ? (int64_t)l->k->winograd_count(g, o.m, o.form) : ig__conv_pack_count(g, o.form);
  ig__value second = pass == IG__CONV_DW ? l->in[1] : ig__node1(l->graph, w->pack, &o, l->in[1]);
  l->out[0] = ig__node2(l->graph, w->pass[pass], &o, l->in[0], second);
  return ig__graph_status(l->graph);
}
