/* The direct convolution in bf16. The pixels that an output meets at each tap are gathered, as bf16, into planes of tiles (one
 * tile an output), and then it is products of planes as in Winograd's domain: any kernel size and stride, no halo needed.
 * Gathering costs one load, one conversion and one store a tap, beside eight products for each output block. */
#include "kernels/vector/bf16.h"

#if IG__HAS_BF16
#include "kernels/vector/relu.h"

#define MOST_TAPS 25

bool IG__NAME(bf16_takes)(const ig__conv *g, int m) {
  if (m == (IG__BF16 | 2)) return ig__winograd_takes(g, 2);
  return m == (IG__BF16 | 1) && g->groups == 1 && g->dh == 1 && g->dw == 1 && g->kh * g->kw <= MOST_TAPS;
}

/* ---- Weights: the float forms, each output block then rounded in its own place -------------------------------------------- */

void IG__NAME(bf16_pack)(const ig__conv *g, int m, ig__pack form, const void *w, void *u, int part, int parts) {
  const bool direct = m == (IG__BF16 | 1);
  const int blocks = ig__pack_blocks(g, form), inner = ig__blocks(form == IG__PACK_BACKWARD ? g->c_out : g->c_in);
  const int planes = direct ? 1 : 16;
  const int64_t rows = (int64_t)inner * IG__BLOCK * (direct ? g->kh * g->kw : 1);
  const int64_t plane = direct ? 0 : (int64_t)ig__winograd_plane(g);
  for (int b = ig__cut(blocks, part, parts); b < ig__cut(blocks, part + 1, parts); b++) {
    if (direct) IG__NAME(conv2d_pack)(g, form, w, u, b, blocks);
    else IG__NAME(winograd_pack)(g, 2, form, w, u, b, blocks);
    for (int p = 0; p < planes; p++) {
      real *const at = (real *)u + p * plane + b * rows * IG__BLOCK;
      IG__NAME(bf16_pairs)(at, (half *)(void *)at, rows);
    }
  }
}

/* ---- Which pixels an output meets ----------------------------------------------------------------------------------------- */

/* Outputs row0 + step·i, column0 + step·j; at tap t they meet input (i·in_step + di[t], j·in_step + dj[t]) with weights
 * place[t]. Forward there is one phase, of the gradient to the input stride² of them. */
typedef struct phase {
  int row0, column0, step, in_step, rows, columns, taps;
  int di[MOST_TAPS], dj[MOST_TAPS], place[MOST_TAPS];
} phase;

static phase forward_phase(const ig__conv *g) {
  phase p = { .step = 1, .in_step = g->sh, .rows = g->oh, .columns = g->ow };
  for (int t = 0; t < g->kh * g->kw; t++, p.taps++) {
    p.di[t] = t / g->kw - g->ph;
    p.dj[t] = t % g->kw - g->pw;
    p.place[t] = t;
  }
  return p;
}

/* Weights of the form BACKWARD are turned by half a turn. */
static phase backward_phase(const ig__conv *g, int row, int column) {
  const int taps = g->kh * g->kw;
  phase p = { .row0 = row, .column0 = column, .step = g->sh, .in_step = 1,
              .rows = (g->h - row + g->sh - 1) / g->sh, .columns = (g->w - column + g->sh - 1) / g->sh };
  for (int t = 0; t < taps; t++) {
    const int i = row + g->ph - t / g->kw, j = column + g->pw - t % g->kw;
    if (i % g->sh || j % g->sh) continue;
    p.di[p.taps] = i / g->sh;
    p.dj[p.taps] = j / g->sh;
    p.place[p.taps++] = taps - 1 - t;
  }
  return p;
}

/* Where a tile's tap 0 of offset (0, 0) lies. */
typedef struct spot { int64_t at; int i, j; } spot;

static void find_spots(const phase *p, const ig__image *x, int64_t first, int count, spot *s) {
  const int64_t each = (int64_t)p->rows * p->columns;
  for (int k = 0; k < count; k++) {
    const int64_t n = (first + k) / each;
    const int rest = (int)((first + k) % each);
    s[k].i = rest / p->columns * p->in_step;
    s[k].j = rest % p->columns * p->in_step;
    s[k].at = n * x->n_pitch + s[k].i * x->h_pitch + (int64_t)s[k].j * IG__BLOCK;
  }
}

IG__INLINE V pixel(const ig__image *x, const real *from, const spot *s, int di, int dj) {
  const int i = s->i + di, j = s->j + dj;
  return (unsigned)i < (unsigned)x->h && (unsigned)j < (unsigned)x->w ? load(from + s->at) : (V){0};
}

/* One tap of one block, all tiles: as floats, for the conversions. */
static void gather(const ig__image *x, int b, int di, int dj, const spot *s, int count, real *to) {
  const real *const from = (const real *)x->data + b * x->c_pitch + di * x->h_pitch + (int64_t)dj * IG__BLOCK;
  for (int k = 0; k < count; k++) store(to + k * IG__BLOCK, pixel(x, from, &s[k], di, dj));
}

/* ---- Forward, and the gradient to the input ------------------------------------------------------------------------------- */

#define TILES (2 * IG__BF16_TILES)

/* Halves of one plane; 32 more, or the planes would fall into one set of the cache. */
static int64_t plane_of(int blocks) { return (int64_t)blocks * TILES * IG__BLOCK + 2 * IG__BLOCK; }

size_t IG__NAME(bf16_scratch)(const ig__conv *g, ig__pack form) {
  const int blocks = ig__blocks(form == IG__PACK_BACKWARD ? g->c_out : g->c_in);
  return (size_t)(g->kh * g->kw) * (size_t)plane_of(blocks) * sizeof(half) + 2 * TILES * IG__BLOCK * sizeof(real);
}

typedef struct call {
  const ig__image *x, *y;
  const half *u;
  ig__epilogue e;
  int taps, out0, out1; /* of the weights; output blocks */
  half *v;
  real *products;
} call;

/* Two output blocks, or the last one, of the products into y. */
static void put(const call *c, const phase *p, int64_t first, int tiles, int out, int blocks) {
  const ig__image *y = c->y, *add = c->e.add;
  const int64_t each = (int64_t)p->rows * p->columns;
  for (int k = 0; k < tiles; k++) {
    const int64_t n = (first + k) / each;
    const int rest = (int)((first + k) % each), i = p->row0 + rest / p->columns * p->step, j = p->column0 + rest % p->columns * p->step;
    for (int b = out; b < out + blocks; b++) {
      const real *const scale = c->e.scale, *const bias = c->e.bias;
      V v = load(c->products + ((b - out) * TILES + k) * IG__BLOCK);
      v = v * (scale ? load(scale + b * IG__BLOCK) : splat(1)) + (bias ? load(bias + b * IG__BLOCK) : (V){0});
      if (add) v += load((const real *)add->data + n * add->n_pitch + b * add->c_pitch + i * add->h_pitch + (int64_t)j * IG__BLOCK);
      store((real *)y->data + n * y->n_pitch + b * y->c_pitch + i * y->h_pitch + (int64_t)j * IG__BLOCK, c->e.relu ? relu(v) : v);
    }
  }
}

static void run_tiles(const call *c, const phase *p, int64_t first, int tiles) {
  const int in = ig__blocks(c->x->c);
  const int64_t plane = plane_of(in), w_block = (int64_t)c->taps * IG__BLOCK * IG__BLOCK, w_out = 2 * in * w_block;
  int64_t tap_x[MOST_TAPS], tap_w[MOST_TAPS];
  spot spots[TILES + 1];
  real floats[(TILES + 1) * IG__BLOCK];
  find_spots(p, c->x, first, tiles, spots);
  for (int l = 0; l < IG__BLOCK; l++) floats[tiles * IG__BLOCK + l] = 0; /* they are rounded two by two */
  for (int t = 0; t < p->taps; t++) {
    tap_x[t] = t * plane;
    tap_w[t] = (int64_t)p->place[t] * IG__BLOCK * IG__BLOCK;
    for (int b = 0; b < in; b++) {
      gather(c->x, b, p->di[t], p->dj[t], spots, tiles, floats);
      IG__NAME(bf16_round)(floats, c->v + t * plane + (int64_t)b * TILES * IG__BLOCK, (tiles + 1) / 2 * 2 * IG__BLOCK);
    }
  }
  bf16_product m = { .x = c->v, .y = c->products, .tap_x = tap_x, .tap_w = tap_w, .x_block = TILES * IG__BLOCK, .w_block = w_block,
                     .y_next = TILES * IG__BLOCK, .blocks = in, .taps = p->taps };
  for (int o = c->out0, blocks; o < c->out1; o += blocks) {
    blocks = o + 1 < c->out1 ? 2 : 1;
    m.w = c->u + o * w_out;
    m.w_next = blocks == 2 ? w_out : 0;
    IG__NAME(bf16_multiply)(&m, tiles);
    put(c, p, first, tiles, o, blocks);
  }
}

static void run_phase(const call *c, const phase *p, int n0, int n1) {
  const int64_t each = (int64_t)p->rows * p->columns, start = n0 * each, total = (n1 - n0) * each;
  const int64_t groups = (total + TILES - 1) / TILES;
  for (int64_t i = 0; i < groups; i++) {
    const int64_t t0 = total * i / groups, t1 = total * (i + 1) / groups;
    run_tiles(c, p, start + t0, (int)(t1 - t0));
  }
}

static call call_of(const ig__conv *g, const ig__image *x, const void *u, const ig__image *y, int part, int parts, void *scratch) {
  const int blocks = ig__blocks(y->c);
  return (call){ .x = x, .y = y, .u = u, .taps = g->kh * g->kw, .out0 = ig__cut(blocks, part, parts), .out1 = ig__cut(blocks, part + 1, parts),
                 .products = scratch, .v = (half *)(void *)((real *)scratch + 2 * TILES * IG__BLOCK) };
}

void IG__NAME(bf16_forward)(const ig__conv *g, const ig__image *x, const void *u, const ig__image *y, const ig__epilogue *e,
                            int n0, int n1, int part, int parts, void *scratch) {
  const phase p = forward_phase(g);
  call c = call_of(g, x, u, y, part, parts, scratch);
  if (e) c.e = *e;
  run_phase(&c, &p, n0, n1);
}

void IG__NAME(bf16_dx)(const ig__conv *g, const ig__image *dy, const void *u, const ig__image *dx, int n0, int n1, int part,
                       int parts, void *scratch) {
  const call c = call_of(g, dy, u, dx, part, parts, scratch);
  for (int i = 0; i < g->sh && i < g->h; i++)
    for (int j = 0; j < g->sh && j < g->w; j++) {
      const phase p = backward_phase(g, i, j);
      run_phase(&c, &p, n0, n1);
    }
}

/* ---- The gradient to the weights: partial in the form FORWARD ------------------------------------------------------------- */

#define GROUP_BYTES 524288
#define LEAST 32
#define MOST 256

static int dw_tiles(const ig__conv *g) {
  const int64_t bytes = ((int64_t)g->kh * g->kw * ig__blocks(g->c_in) + ig__blocks(g->c_out)) * IG__BLOCK * (int64_t)sizeof(half);
  const int64_t tiles = GROUP_BYTES / bytes / 2 * 2;
  return tiles < LEAST ? LEAST : tiles > MOST ? MOST : (int)tiles;
}

size_t IG__NAME(bf16_dw_scratch)(const ig__conv *g) {
  const int blocks = g->kh * g->kw * ig__blocks(g->c_in) + ig__blocks(g->c_out);
  return (size_t)blocks * (size_t)dw_tiles(g) * IG__BLOCK * sizeof(half);
}

void IG__NAME(bf16_dw)(const ig__conv *g, const ig__image *x, const ig__image *dy, void *partial, int n0, int n1, int part,
                       int parts, void *scratch) {
  const phase p = forward_phase(g), same = { .step = 1, .in_step = 1, .rows = g->oh, .columns = g->ow };
  const int in = ig__blocks(g->c_in), out = ig__blocks(g->c_out), pairs = (out + 1) / 2, most = dw_tiles(g), taps = p.taps;
  const int out0 = 2 * ig__cut(pairs, part, parts), end = 2 * ig__cut(pairs, part + 1, parts), out1 = end < out ? end : out;
  const int64_t block = (int64_t)most * IG__BLOCK, u_out = (int64_t)in * taps * IG__BLOCK * IG__BLOCK;
  half *const v = scratch, *const d = v + taps * in * block;
  const int64_t each = (int64_t)g->oh * g->ow, total = (n1 - n0) * each, groups = (total + most - 1) / most;
  spot spots[MOST];
  real floats[MOST * IG__BLOCK];
  for (int64_t i = 0; i < groups; i++) {
    const int64_t t0 = n0 * each + total * i / groups, t1 = n0 * each + total * (i + 1) / groups;
    const int tiles = (int)(t1 - t0);
    find_spots(&p, x, t0, tiles, spots);
    for (int t = 0; t < taps; t++)
      for (int b = 0; b < in; b++) {
        gather(x, b, p.di[t], p.dj[t], spots, tiles, floats);
        IG__NAME(bf16_pairs)(floats, v + (t * in + b) * block, tiles);
      }
    find_spots(&same, dy, t0, tiles, spots);
    for (int o = out0; o < out1; o++) {
      gather(dy, o, 0, 0, spots, tiles, floats);
      IG__NAME(bf16_pairs)(floats, d + (o - out0) * block, tiles);
    }
    for (int o = out0; o < out1; o += 2)
      for (int b = 0; b < in; b++)
        for (int t = 0; t < taps; t++)
          IG__NAME(bf16_multiply_dw)(v + (t * in + b) * block, d + (o - out0) * block, o + 1 < out1 ? block : 0, (tiles + 1) / 2,
                                     (real *)partial + o * u_out + ((int64_t)b * taps + t) * IG__BLOCK * IG__BLOCK, u_out);
  }
}
#else
extern const int IG__NAME(bf16_direct_nothing);
const int IG__NAME(bf16_direct_nothing) = 0;
#endif
