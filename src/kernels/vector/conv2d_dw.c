/* Gradient to the weights. A register tile holds the gradients of Q rows × K kernel columns × two vectors of output
 * channels and runs over the pixels; a "row" is an input channel of a blocked x, or a kernel row of a plain x and of a
 * depthwise convolution, which multiplies x and dy lane by lane, one vector of channels at a time. The sum into
 * a weight always runs over pictures, rows and columns in this order, with the running sum kept in `partial` between tiles,
 * so neither tiles nor parts change a bit.
 *
 * Tiles of 8 × 1 × 3 vectors, and of 4 × 3 × 2 that load each input once for its three columns, were measured too: 175 and
 * 176 GF/s on data in the first-level cache against 172 here (peak 178), which the caches' share in a whole layer hides. */
#include "kernels/pack.h"
#include "kernels/real.h"

typedef struct dw_tile {
  const real *x, *dy;
  real *dw;
  int64_t x_pixel, x_line, x_q, x_k;    /* to the next output column's, output row's, tile row's, kernel column's input */
  int64_t dy_line, dy_next;             /* dy_next, dw_next: to the second vector */
  int64_t dw_q, dw_k, dw_next;
  int lines, columns;
} dw_tile;

#define PAIRS(X)                                                                                    \
  X(0, 0) X(0, 1) X(0, 2) X(1, 0) X(1, 1) X(1, 2) X(2, 0) X(2, 1) X(2, 2) X(3, 0) X(3, 1) X(3, 2)   \
  X(4, 0) X(4, 1) X(4, 2) X(5, 0) X(5, 1) X(5, 2) X(6, 0) X(6, 1) X(6, 2) X(7, 0) X(7, 1) X(7, 2)

/* The inputs are addressed by three pointers, one a kernel column when blocked and one a kernel row when plain, and the
 * empty asm keeps gcc from making a register for each of the tile's addresses: with those, rows of 8 pixels ran at 84 % of
 * the peak instead of 93 %. */
#define HIDE(p) __asm__("" : "+r"(p))

typedef enum kind { BLOCKED, PLAIN, DEPTHWISE } kind;

IG__INLINE void tile(const int Q, const int K, const int J, const kind of, const dw_tile *t) {
  const bool blocked = of == BLOCKED; /* tile rows are channels, one element apart */
  const int64_t xk = t->x_k, next = t->dy_next, pixel = t->x_pixel, apart = blocked ? xk : t->x_q;
  const int pointers = blocked ? K : Q;
  real *const w0 = t->dw, *const w1 = t->dw + t->dw_next;
#define DECLARE(q, k) V a##q##k = {0}, b##q##k = {0};
  PAIRS(DECLARE)
#define LOAD(q, k)                                                         \
  if (q < Q && k < K) {                                                    \
    a##q##k = load(w0 + q * t->dw_q + k * t->dw_k);                        \
    if (J > 1) b##q##k = load(w1 + q * t->dw_q + k * t->dw_k);             \
  }
  PAIRS(LOAD)
  for (int line = 0; line < t->lines; line++) {
    const real *x0 = t->x + line * t->x_line, *x1 = x0 + apart, *x2 = x1 + apart, *dy = t->dy + line * t->dy_line;
#pragma GCC unroll 1
    for (int i = t->columns; i > 0; i--) {
      const V d0 = load(dy), d1 = J > 1 ? load(dy + next) : d0;
#define POINTER(i) ((i) == 0 ? x0 : (i) == 1 ? x1 : x2)
#define CHANNELS(q, k) load(POINTER(k) + q / LANES * LANES)
#define FACTOR(q, k) (!blocked ? POINTER(q)[k * xk] : IG__LANE_FACTORS ? CHANNELS(q, k)[q % LANES] : POINTER(k)[q])
#define MULTIPLY(q, k)                                                     \
  if (q < Q && k < K) {                                                    \
    const V s = of == DEPTHWISE ? load(POINTER(q) + k * xk) : splat(FACTOR(q, k)); \
    a##q##k += s * d0;                                                     \
    if (J > 1) b##q##k += s * d1;                                          \
  }
      PAIRS(MULTIPLY)
      dy += IG__BLOCK;
      x0 += pixel;
      HIDE(x0);
      if (pointers > 1) { x1 += pixel; HIDE(x1); }
      if (pointers > 2) { x2 += pixel; HIDE(x2); }
    }
  }
#define STORE(q, k)                                                        \
  if (q < Q && k < K) {                                                    \
    store(w0 + q * t->dw_q + k * t->dw_k, a##q##k);                        \
    if (J > 1) store(w1 + q * t->dw_q + k * t->dw_k, b##q##k);             \
  }
  PAIRS(STORE)
}

/* Rows of a tile by its kernel columns: 24 accumulators at most of 32 registers, 12 of 16. */
#define COLUMNS 3
#if IG__REGISTERS == 32
#define ROWS_1 8
#define ROWS_2 4
#define ROWS_3 4
#define TAP_ROWS 3
#else
#define ROWS_1 4
#define ROWS_2 2
#define ROWS_3 2
#define TAP_ROWS 2
#endif
static const int rows_of[COLUMNS + 1] = { 0, ROWS_1, ROWS_2, ROWS_3 };

typedef void tile_function(const dw_tile *t);
#define BLOCKED_TILE(k, j) \
  static void blocked_##k##_##j(const dw_tile *t) { tile(ROWS_##k, k, j, BLOCKED, t); }
#define TAPS_TILE(form, of, q, k, j) \
  static void form##_##q##_##k##_##j(const dw_tile *t) { tile(q, k, j, of, t); }
#if TAP_ROWS == 3
#define TAPS_ALL(form, of, k, j) TAPS_TILE(form, of, 1, k, j) TAPS_TILE(form, of, 2, k, j) TAPS_TILE(form, of, 3, k, j)
#define TAPS_ENTRY(form, k, j) { NULL, form##_1_##k##_##j, form##_2_##k##_##j, form##_3_##k##_##j }
#else
#define TAPS_ALL(form, of, k, j) TAPS_TILE(form, of, 1, k, j) TAPS_TILE(form, of, 2, k, j)
#define TAPS_ENTRY(form, k, j) { NULL, form##_1_##k##_##j, form##_2_##k##_##j }
#endif
#define BLOCKED_TABLE(j)                                                                                        \
  BLOCKED_TILE(1, j) BLOCKED_TILE(2, j) BLOCKED_TILE(3, j)                                                      \
  static tile_function *const blocked_##j[] = { NULL, blocked_1_##j, blocked_2_##j, blocked_3_##j };
#define TAPS_TABLE(form, of, j)                                                                                 \
  TAPS_ALL(form, of, 1, j) TAPS_ALL(form, of, 2, j) TAPS_ALL(form, of, 3, j)                                    \
  static tile_function *const form##_##j[][TAP_ROWS + 1] = { { NULL }, TAPS_ENTRY(form, 1, j),                  \
                                                             TAPS_ENTRY(form, 2, j), TAPS_ENTRY(form, 3, j) };
BLOCKED_TABLE(2)
TAPS_TABLE(plain, PLAIN, 2)
TAPS_TABLE(depthwise, DEPTHWISE, 1)
#if VECTORS == 1
BLOCKED_TABLE(1)
TAPS_TABLE(plain, PLAIN, 1)
#define PICK(form, vectors) (vectors == 2 ? form##_2 : form##_1)
#else
#define PICK(form, vectors) form##_2
#endif

/* What the loops pass down. */
typedef struct dw_loop {
  const ig__conv *g;
  const ig__image *x, *dy;
  real *partial;
  kind of;
  bool halo;                             /* x has the halo that the kernel columns reach into */
  /* Elements of partial: one tap, one kernel row, one input block or channel, one output block. */
  int64_t w_tap, w_row, w_input, w_out;
  int n0, n1;
} dw_loop;

/* One picture's planes of one input block or channel and of one or two vectors of output channels. */
typedef struct dw_planes {
  const real *x, *dy;
  real *dw;
  int vectors, lanes;
} dw_planes;

/* Cuts [*o0, *o1) down to the outputs o that meet an input: 0 ≤ o·stride + at < in. */
static void clip(int at, int stride, int in, int *o0, int *o1) {
  const int first = at < 0 ? (stride - 1 - at) / stride : 0, end = in - at > 0 ? (in - at + stride - 1) / stride : 0;
  if (*o0 < first) *o0 = first;
  if (*o1 > end) *o1 = end;
}

/* `rows` kernel rows from y on, output rows [o0, o1). */
static void kernel_rows(const dw_loop *l, const dw_planes *p, int y, int rows, int o0, int o1) {
  const ig__conv *g = l->g;
  const int64_t pixel = l->x->block;
  dw_tile t = {
    .x_pixel = pixel * g->sw, .x_line = l->x->h_pitch * g->sh, .x_k = pixel * g->dw, .x_q = l->x->h_pitch * g->dh,
    .dy_line = l->dy->h_pitch, .dy_next = VECTORS == 1 ? l->dy->c_pitch : LANES,
    .dw_q = l->of == BLOCKED ? IG__BLOCK : l->w_row, .dw_k = l->w_tap, .dw_next = VECTORS == 1 ? l->w_out : LANES,
    .lines = o1 - o0,
  };
  const real *x = p->x + ((int64_t)o0 * g->sh - g->ph + (int64_t)y * g->dh) * l->x->h_pitch;
  for (int k = 0, columns; k < g->kw; k += columns) {
    const int left = g->kw - k;
    columns = left == 4 ? 2 : left < COLUMNS ? left : COLUMNS; /* 2 + 2 load less than 3 + 1 */
    int c0 = 0, c1 = g->ow;
    const int at = k * g->dw - g->pw;
    if (!l->halo) {
      columns = 1;
      clip(at, g->sw, g->w, &c0, &c1);
      if (c0 >= c1) continue;
    }
    t.columns = c1 - c0;
    t.x = x + ((int64_t)c0 * g->sw + at) * pixel;
    t.dy = p->dy + o0 * l->dy->h_pitch + c0 * IG__BLOCK;
    t.dw = p->dw + y * l->w_row + k * l->w_tap;
    if (l->of != BLOCKED) {
      (l->of == PLAIN ? PICK(plain, p->vectors) : depthwise_1)[columns][rows](&t);
      continue;
    }
    const int step = rows_of[columns];
    for (int q = 0; q < p->lanes; q += step, t.x += step, t.dw += step * IG__BLOCK) PICK(blocked, p->vectors)[columns](&t);
  }
}

/* Kernel rows [y0, y1) and output rows [o0, o1), without those that meet no input row. But for a blocked x, several kernel
 * rows are taken at once over the output rows that all of them have. */
static void tiles(const dw_loop *l, const dw_planes *p, int y0, int y1, int o0, int o1) {
  const ig__conv *g = l->g;
  for (int y = y0, rows; y < y1; y += rows) {
    rows = l->of == BLOCKED ? 1 : y1 - y < TAP_ROWS ? y1 - y : TAP_ROWS;
    int c0 = o0, c1 = o1;
    for (int i = 0; i < rows; i++) clip((y + i) * g->dh - g->ph, g->sh, g->h, &c0, &c1);
    if (rows == 1) {
      if (c0 < c1) kernel_rows(l, p, y, 1, c0, c1);
      continue;
    }
    if (c0 >= c1) c0 = c1 = o1;
    for (int i = 0; i < rows; i++) {
      int r0 = o0, r1 = c0;
      clip((y + i) * g->dh - g->ph, g->sh, g->h, &r0, &r1);
      if (r0 < r1) kernel_rows(l, p, y + i, 1, r0, r1);
    }
    if (c0 < c1) kernel_rows(l, p, y, rows, c0, c1);
    for (int i = 0; i < rows; i++) {
      int r0 = c1, r1 = o1;
      clip((y + i) * g->dh - g->ph, g->sh, g->h, &r0, &r1);
      if (r0 < r1) kernel_rows(l, p, y + i, 1, r0, r1);
    }
  }
}

/* Output rows that pass through the first-level cache together, for all kernel rows and all lanes. */
#define CACHE_BYTES 28672

/* Output blocks out0 … out1-1, the input block or channel x_input, which is number `input` of theirs, kernel rows [y0, y1). */
static void unit(const dw_loop *l, int out0, int out1, int x_input, int input, int y0, int y1) {
  const ig__conv *g = l->g;
  const ig__image *xi = l->x, *di = l->dy;
  const int left = g->c_in - x_input * IG__BLOCK;
  const int64_t line = ((int64_t)g->sh * g->w * xi->block + 2 * (int64_t)g->ow * IG__BLOCK) * (int64_t)sizeof(real);
  /* One tile that holds all taps passes over its rows once anyway. */
  const int64_t fit = l->of == DEPTHWISE && g->kh <= TAP_ROWS && g->kw <= COLUMNS ? g->oh : CACHE_BYTES / (line + 1);
  const int step = fit < 1 ? 1 : fit < g->oh ? (int)fit : g->oh, pieces = (g->oh + step - 1) / step;
  for (int n = l->n0; n < l->n1; n++) {
    dw_planes p = { .lanes = left < IG__BLOCK ? left : IG__BLOCK };
    for (int v = out0 * VECTORS; v < out1 * VECTORS; v += p.vectors) {
      const int64_t lane = v % VECTORS * LANES;
      p.vectors = l->of != DEPTHWISE && v + 2 <= out1 * VECTORS ? 2 : 1;
      p.x = (const real *)xi->data + n * xi->n_pitch + x_input * xi->c_pitch + (l->of == DEPTHWISE ? lane : 0);
      p.dy = (const real *)di->data + n * di->n_pitch + v / VECTORS * di->c_pitch + lane;
      p.dw = l->partial + v / VECTORS * l->w_out + input * l->w_input + lane;
      for (int i = 0; i < pieces; i++) tiles(l, &p, y0, y1, ig__cut(g->oh, i, pieces), ig__cut(g->oh, i + 1, pieces));
    }
  }
}

/* Pieces u0 … u1-1 of ig__dw_parts: of each (bundle, pair, input), its kernel rows. */
static void units(const dw_loop *l, const ig__bundles *b, int inputs, int u0, int u1) {
  const ig__conv *g = l->g;
  const int pairs = (b->out_blocks + 1) / 2, blocks = ig__blocks(g->c_out);
  const int x_inputs = l->of == PLAIN ? g->c_in : ig__blocks(g->c_in);
  for (int u = u0, rows; u < u1; u += rows) {
    const int y = u % g->kh, input = u / g->kh % inputs, pair = u / g->kh / inputs % pairs, bundle = u / g->kh / inputs / pairs;
    const int first = bundle * b->out_blocks, last = first + b->out_blocks < blocks ? first + b->out_blocks : blocks;
    const int out0 = first + 2 * pair, out1 = out0 + 2 < last ? out0 + 2 : last, x_input = bundle * b->in_blocks + input;
    rows = g->kh - y < u1 - u ? g->kh - y : u1 - u;
    if (x_input < x_inputs) unit(l, out0, out1, x_input, input, y, y + rows); /* the last bundle may be short of blocks */
  }
}

/* Pictures whose planes stay in the second-level cache while all pieces of the part pass over them. */
#define GROUP_BYTES 524288

void IG__NAME(conv2d_dw)(const ig__conv *g, const ig__image *x, const ig__image *dy, void *partial, int n0, int n1, int part,
                         int parts) {
  const ig__pack form = ig__pack_forward(g, x->block);
  const ig__bundles b = ig__bundles_of(g, form);
  const int inputs = ig__pack_inputs(g, form), total = ig__dw_parts(g, form);
  dw_loop l = { .g = g, .x = x, .dy = dy, .partial = partial,
                .of = form == IG__PACK_FORWARD ? BLOCKED : form == IG__PACK_DEPTHWISE ? DEPTHWISE : PLAIN };
  l.halo = g->pw <= x->halo && (g->ow - 1) * g->sw - g->pw + (g->kw - 1) * g->dw <= g->w - 1 + x->halo;
  l.w_tap = IG__BLOCK * ig__pack_lanes(form);
  l.w_row = l.w_tap * g->kw;
  l.w_input = l.w_row * g->kh;
  l.w_out = l.w_input * inputs;
  const int64_t in_planes = l.of == PLAIN ? g->c_in : ig__blocks(g->c_in) * IG__BLOCK, out_planes = ig__blocks(g->c_out) * IG__BLOCK;
  const int64_t picture = (in_planes * g->h * g->w + out_planes * g->oh * g->ow) * (int64_t)sizeof(real);
  const int64_t group = GROUP_BYTES / (picture + 1) + 1;
  for (int n = n0; n < n1; n += (int)group) {
    l.n0 = n;
    l.n1 = n1 - n < group ? n1 : n + (int)group;
    units(&l, &b, inputs, ig__cut(total, part, parts), ig__cut(total, part + 1, parts));
  }
}
