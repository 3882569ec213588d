/* The loops around the register tile: pictures, output blocks, input blocks, rows, pieces of rows. None of them changes the
 * order of the additions into an element, which is always (input block, kernel row, kernel column, lane). */
#include "kernels/vector/conv_tile.h"

/* The taps of one output coordinate: `count` of them from `first` on, `step` apart, meeting the inputs from `at` on,
 * `advance` apart. */
typedef struct taps { int first, step, count, at, advance; } taps;

/* `inside`: leave out the taps that meet no input; otherwise they meet the halo. */
static taps taps_of(const conv_axis *a, int o, bool inside) {
  taps r = { 0, 1, 0, 0, 0 };
  for (int tap = 0; tap < a->taps; tap++) {
    int at = a->transposed ? o - a->pad + tap * a->dilation : o * a->stride - a->pad + tap * a->dilation;
    if (a->transposed) {
      if (at % a->stride) continue;
      at /= a->stride;
    }
    if (inside && (at < 0 || at >= a->in)) continue;
    if (r.count == 0) {
      r.first = tap;
      r.at = at;
    } else if (r.count == 1) {
      r.step = tap - r.first;
      r.advance = at - r.at;
    }
    r.count++;
  }
  return r;
}

/* Whether no tap of any output leaves the input by more than `halo`. */
static bool within(const conv_axis *a, int halo) {
  if (a->transposed && a->stride > 1) return false;
  const int last = (a->out - 1) * (a->transposed ? 1 : a->stride) - a->pad + (a->taps - 1) * a->dilation;
  return a->pad <= halo && last <= a->in - 1 + halo;
}

/* A run of output columns with the same taps: `count` of them from `first` on, `step` apart; their inputs lie
 * `advance` apart. */
typedef struct columns { int first, step, count, advance; taps taps; } columns;

static columns columns_from(const conv_axis *a, int o, bool halo) {
  columns c = { o, a->transposed ? a->stride : 1, 1, a->transposed ? 1 : a->stride, taps_of(a, o, !halo) };
  if (halo) {
    c.count = (a->out - o + c.step - 1) / c.step;
    return c;
  }
  for (int next = o + c.step; next < a->out; next += c.step, c.count++) {
    const taps t = taps_of(a, next, true);
    if (t.count != c.taps.count || (t.count && t.first != c.taps.first)) break;
  }
  return c;
}

/* Three nested loops of three turns each take as long as a third of a first layer's multiplications: the inputs of a plain
 * x have their places written down and are taken in one loop. */
#define PLACES 160

/* What stays the same over a run of columns. */
typedef struct loop {
  const conv_run *r;
  columns c;
  bool plain;
  int group;        /* pictures that share the weights while these are in the first-level cache */
  int chunk;        /* input blocks in one go */
  ig__epilogue e;
  int64_t place[PLACES]; /* of a plain x: see conv_tile; 0 of them are filled where the columns leave some taps out */
  int places;
  conv_fetch fetch;
} loop;

/* The places of the inputs of a pixel whose taps are all there, in the order of their weights. */
static void find_places(loop *l) {
  const conv_run *r = l->r;
  const int64_t count = (int64_t)r->blocks * r->v.taps * r->h.taps;
  l->places = 0;
  if (!l->plain || count > PLACES || l->c.taps.count != r->h.taps || l->chunk < r->blocks) return;
  for (int b = 0; b < r->blocks; b++)
    for (int y = 0; y < r->v.taps; y++)
      for (int x = 0; x < r->h.taps; x++)
        l->place[l->places++] = b * r->x->c_pitch + y * r->v.dilation * r->x->h_pitch + x * r->h.dilation;
}

/* Vector v of a picture's output channels, at the beginning of a column. */
static real *output_at(const ig__image *y, int n, int v, int column) {
  return (real *)y->data + n * y->n_pitch + v / VECTORS * y->c_pitch + v % VECTORS * LANES + (int64_t)column * IG__BLOCK;
}

/* The rows of one picture, for the output vectors v and v + 1 and the input blocks from b0 to b1 - 1. */
static void run_rows(loop *l, int n, int v, int vectors, int b0, int b1) {
  const conv_run *r = l->r;
  const ig__image *x = r->x, *y = r->y;
  const int64_t pixel = x->block, lane = v % VECTORS * LANES;
  const taps *h = &l->c.taps;
  conv_tile t = {
    .x_block = x->c_pitch, .w_block = r->w_block, .blocks = b1 - b0,
    .x_pixel = pixel * l->c.advance, .y_pixel = (int64_t)IG__BLOCK * l->c.step,
    .w_next = VECTORS == 1 ? r->w_out : LANES, .y_next = VECTORS == 1 ? y->c_pitch : LANES, .bias_next = LANES,
    .resume = b0 > 0, .finish = b1 == r->blocks, .relu = l->e.relu,
    .scale = l->e.scale ? (const real *)l->e.scale + (int64_t)v * LANES : IG__NAME(conv_ones),
    .scale_next = l->e.scale ? LANES : 0,
    .bias = l->e.bias ? (const real *)l->e.bias + (int64_t)v * LANES : NULL,
    .x_col = pixel * h->advance, .w_col = r->w_col * h->step, .cols = h->count,
    .x_lane = 1, .lanes = IG__BLOCK, .last_lanes = b1 == r->blocks ? r->last_lanes : IG__BLOCK,
  };
  if (l->plain) {
    t.x_lane = t.x_col;
    t.cols = 1;
    t.lanes = t.last_lanes = h->count;
  }
  const real *x0 = (const real *)x->data + n * x->n_pitch + b0 * x->c_pitch + pixel * h->at + (r->depthwise ? lane : 0);
  const real *w0 = r->w + v / VECTORS * r->w_out + lane + b0 * r->w_block + h->first * r->w_col;
  real *y0 = output_at(y, n, v, l->c.first);
  const real *add0 = l->e.add ? output_at(l->e.add, n, v, l->c.first) : NULL;
  if (add0) t.add_next = VECTORS == 1 ? l->e.add->c_pitch : LANES;
  const int most = r->depthwise ? IG__NAME(depthwise_tile_pixels)(t.x_pixel) : IG__NAME(conv_tile_pixels)(t.x_pixel, vectors);
  const int pieces = (l->c.count + most - 1) / most;
  const bool edges = !l->plain && l->c.advance == 1 && h->advance == 1;
  for (int o = 0; o < r->v.out; o++) {
    const taps rows = taps_of(&r->v, o, true);
    t.rows = rows.count;
    t.x_row = rows.advance * x->h_pitch;
    t.w_row = rows.step * r->w_row;
    t.w = w0 + rows.first * r->w_row;
    t.place = l->places && rows.count == r->v.taps ? l->place : NULL;
    for (int i = 0; i < pieces; i++) {
      const int p0 = ig__cut(l->c.count, i, pieces), p1 = ig__cut(l->c.count, i + 1, pieces);
      t.x = x0 + rows.at * x->h_pitch + p0 * t.x_pixel;
      t.y = y0 + o * y->h_pitch + p0 * t.y_pixel;
      if (add0) t.add = add0 + o * l->e.add->h_pitch + p0 * t.y_pixel;
      if (edges) {
        t.left = -(h->at + p0);
        t.right = h->at + p1 - r->h.in;
      } else t.right = -t.cols;
      conv_fetch_for(&l->fetch, &t, (int64_t)t.blocks * t.rows * t.cols * t.lanes, vectors);
      if (r->depthwise) IG__NAME(depthwise_tile)(&t, p1 - p0);
      else IG__NAME(conv_tile)(&t, p1 - p0, vectors);
    }
  }
}

/* The weights that will be read after those of vectors v, v + 1 and the blocks before b, of this part. */
static conv_fetch weights_after(const loop *l, int v, int vectors, int b) {
  const conv_run *r = l->r;
  const int64_t real_size = sizeof(real);
  if (l->plain || r->depthwise || ig__blocks(r->y->c) * r->w_out * real_size < FETCH_BYTES) return (conv_fetch){ 0 };
  if (b >= r->blocks) b = 0, v += vectors;
  if (v >= r->out1 * VECTORS) return (conv_fetch){ 0 };
  const int count = b + l->chunk < r->blocks ? l->chunk : r->blocks - b;
  const int64_t lines = count * r->w_block * real_size / 64;
  const char *at = (const char *)(r->w + v / VECTORS * r->w_out + b * r->w_block);
  return (conv_fetch){ at, at + r->w_out * real_size, lines, VECTORS == 1 && vectors == 2 ? lines : 0 };
}

static void run_columns(loop *l) {
  const conv_run *r = l->r;
  for (int n0 = r->n0; n0 < r->n1; n0 += l->group) {
    const int n1 = n0 + l->group < r->n1 ? n0 + l->group : r->n1;
    for (int v = r->out0 * VECTORS, vectors; v < r->out1 * VECTORS; v += vectors) {
      vectors = !r->depthwise && v + 2 <= r->out1 * VECTORS ? 2 : 1;
      for (int b0 = 0; b0 < r->blocks; b0 += l->chunk) {
        const int b1 = b0 + l->chunk < r->blocks ? b0 + l->chunk : r->blocks;
        l->fetch = n0 == r->n0 ? weights_after(l, v, vectors, b1) : (conv_fetch){ 0 };
        for (int n = n0; n < n1; n++) run_rows(l, n, v, vectors, b0, b1);
      }
    }
  }
}

/* The weights of two vectors of outputs and a chunk of input blocks stay in the first-level cache while they pass over the
 * rows of a group of pictures, and those pictures in the second-level cache. */
#define CHUNK_BYTES 24576
#define GROUP_BYTES 524288

static void run_bundle(const conv_run *r) {
  const bool halo = within(&r->h, r->x->halo), plain = r->x->block == 1;
  const int64_t weights = (int64_t)r->v.taps * r->h.taps * (plain ? 1 : IG__BLOCK) * 2 * IG__VECTOR_BYTES;
  const int64_t picture = ((int64_t)r->blocks * r->v.in * r->h.in * (plain ? 1 : IG__BLOCK)
                           + (int64_t)(r->out1 - r->out0) * r->v.out * r->h.out * IG__BLOCK) * (int64_t)sizeof(real);
  const int64_t chunk = CHUNK_BYTES / weights, group = GROUP_BYTES / (picture + 1);
  loop l = { .r = r, .plain = plain };
  l.chunk = chunk < 1 ? 1 : chunk > r->blocks ? r->blocks : (int)chunk;
  l.group = group < 1 ? 1 : group > 64 ? 64 : (int)group;
  if (r->epilogue) l.e = *r->epilogue;
  const int phases = r->h.transposed ? r->h.stride : 1;
  for (int phase = 0; phase < phases; phase++) {
    for (int o = phase; o < r->h.out; o += l.c.count * l.c.step) {
      l.c = columns_from(&r->h, o, halo);
      find_places(&l);
      run_columns(&l);
    }
  }
}

static int clamp(int v, int most) { return v < 0 ? 0 : v < most ? v : most; }

void IG__NAME(conv_run_bundles)(const conv_run *r, int in_blocks, int out_blocks) {
  const int in = r->x->block == 1 ? r->x->c : ig__blocks(r->x->c), out = ig__blocks(r->y->c);
  for (int b = r->out0 / out_blocks; b * out_blocks < r->out1; b++) {
    const int in0 = b * in_blocks, first = b * out_blocks;
    ig__image x = *r->x, y = *r->y, add;
    ig__epilogue e = r->epilogue ? *r->epilogue : (ig__epilogue){ 0 };
    x.data = (real *)x.data + in0 * x.c_pitch;
    y.data = (real *)y.data + first * y.c_pitch;
    if (e.scale) e.scale = (const real *)e.scale + (int64_t)first * IG__BLOCK;
    if (e.bias) e.bias = (const real *)e.bias + (int64_t)first * IG__BLOCK;
    if (e.add) {
      add = *e.add;
      add.data = (real *)add.data + first * add.c_pitch;
      e.add = &add;
    }
    conv_run one = *r;
    one.x = &x;
    one.y = &y;
    one.w = r->w + first * r->w_out;
    one.epilogue = &e;
    one.blocks = clamp(in - in0, in_blocks);
    if (in0 + one.blocks < in) one.last_lanes = IG__BLOCK;
    one.out0 = clamp(r->out0 - first, out_blocks);
    one.out1 = clamp(clamp(r->out1, out) - first, out_blocks);
    run_bundle(&one);
  }
}
