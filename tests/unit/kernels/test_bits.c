/* The same bits on AVX2, AVX-512 and NEON: fixed calls of the kernels, and the hash of all that they write, against
 * hashes that AVX2 printed (gcc 12, x86-64). They stand for one arithmetic: when it is changed on purpose, every
 * instruction set must print the same new number, and that number is stored here. Inputs come from integers, so no libm
 * takes part; no NaN, whose sign and payload differ between processors. */
#include "unit/kernels/conv_case.h"

#include "kernels/pack.h"

static uint64_t hash_of(const void *data, int64_t bytes, uint64_t hash) { /* FNV-1a */
  for (int64_t i = 0; i < bytes; i++) hash = (hash ^ ((const uint8_t *)data)[i]) * 0x100000001b3u;
  return hash;
}

enum { N = 1003, LANES_16 = 62 };

static void *numbers(dice *d, int size, int64_t count, double scale) {
  void *p = malloc((size_t)(count * size));
  for (int64_t i = 0; i < count; i++) put(p, size, i, scale * value(d, false));
  return p;
}

typedef void unary(void *, const void *, int64_t);

static uint64_t elements(const ig__kernels *k) {
  dice d = { 31 };
  const int size = k->real_size;
  void *x = numbers(&d, size, N, 12), *positive = numbers(&d, size, N, 5), *y = numbers(&d, size, N, 1);
  uint64_t h = 1;
  for (int i = 0; i < N; i++) put(positive, size, i, fabs(get(positive, size, i)) + 1e-3);
  unary *const of[] = { k->exp, k->sigmoid, k->tanh, k->relu, k->log };
  for (int f = 0; f < 5; f++) {
    of[f](y, f == 4 ? positive : x, N);
    h = hash_of(y, N * size, h);
  }
  for (int64_t cols = 1; cols < 60; cols += 7) {
    k->softmax(y, x, N / cols, cols);
    h = hash_of(y, N / cols * cols * size, h);
    k->log_softmax(y, x, N / cols, cols);
    h = hash_of(y, N / cols * cols * size, h);
  }
  const double sums[] = { k->sum(x, N), k->sum_abs(x, N), k->sum_squares(x, N), k->dot(x, positive, N) };
  h = hash_of(sums, sizeof sums, h);
  k->axpy(y, x, 0.3, N);
  k->clip_weights_zero(y, 0.1, N);
  h = hash_of(y, N * size, h);
  free(x), free(positive), free(y);
  return h;
}

static uint64_t lane_groups(const ig__kernels *k) {
  dice d = { 32 };
  const int size = k->real_size;
  void *x = numbers(&d, size, N, 1), *z = numbers(&d, size, N, 1), *y = numbers(&d, size, N, 1), *s = numbers(&d, size, 64, 1);
  void *const a = s, *const b = (char *)s + 16 * size, *const c = (char *)s + 32 * size, *const sum = (char *)s + 48 * size;
  uint64_t h = 1;
  k->affine_lanes(y, x, a, b, LANES_16);
  h = hash_of(y, LANES_16 * 16 * size, h);
  k->affine2_lanes(y, x, a, z, b, c, LANES_16);
  h = hash_of(y, LANES_16 * 16 * size, h);
  k->sum_lanes(sum, x, LANES_16);
  k->sum_squares_lanes(sum, x, a, LANES_16);
  k->dot_lanes(sum, x, a, z, LANES_16);
  h = hash_of(sum, 16 * size, h);
  free(x), free(z), free(y), free(s);
  return h;
}

static uint64_t updates(const ig__kernels *k) {
  dice d = { 33 };
  const int size = k->real_size;
  void *w = numbers(&d, size, N, 1), *g = numbers(&d, size, N, 1), *m = numbers(&d, size, N, 1), *v = numbers(&d, size, N, 1);
  for (int i = 0; i < N; i++) put(v, size, i, fabs(get(v, size, i)));
  k->sgd_step(w, g, NULL, 0.1, 0, false, N);
  k->sgd_step(w, g, m, 0.1, 0.9, false, N);
  k->sgd_step(w, g, m, 0.1, 0.9, true, N);
  for (int step = 1; step < 4; step++)
    k->adam_step(w, g, m, v, NULL, &(ig__adam){ 0.01, 0.9, 0.999, 1e-7, 1 - 1 / (1.0 + step), 1 - 1 / (2.0 + step) }, N);
  const uint64_t h = hash_of(m, N * size, hash_of(v, N * size, hash_of(w, N * size, 1)));
  free(w), free(g), free(m), free(v);
  return h;
}

/* The interior of picture 0 … n-1; around it is what was there, NaN. */
static uint64_t hash_of_canvas(const canvas *k, uint64_t h) {
  const ig__image *m = &k->m;
  for (int n = 0; n < k->n; n++)
    for (int p = 0; p < canvas_planes(k); p++)
      for (int y = 0; y < m->h; y++)
        h = hash_of((const char *)m->data + (n * m->n_pitch + p * m->c_pitch + y * m->h_pitch) * k->real_size,
                    (int64_t)m->w * m->block * k->real_size, h);
  return h;
}

/* A convolution's pictures, weights and bias. dy has zeros around it at stride 1 alone, as its kernels ask for. */
typedef struct layer {
  ig__conv g;
  int size;
  int64_t count; /* weights */
  canvas x, y, dx, dy, add;
  void *w, *bias, *dw, *scale;
} layer;

static layer layer_new(dice *d, int size, ig__conv g, bool plain) {
  const int halo = 12, around = g.sh == 1 && g.sw == 1 ? 20 : 0, padded = (g.c_out + 15) / 16 * 16;
  layer l = { .g = g, .size = size, .count = (int64_t)g.c_out * (g.c_in / g.groups) * g.kh * g.kw };
  l.x = canvas_new(d, size, 2, g.c_in, g.h, g.w, plain ? 1 : 16, halo), l.dx = canvas_new(d, size, 2, g.c_in, g.h, g.w, 16, 0);
  l.y = canvas_new(d, size, 2, g.c_out, g.oh, g.ow, 16, 0), l.dy = canvas_new(d, size, 2, g.c_out, g.oh, g.ow, 16, around);
  canvas_fill(&l.x, d, false, halo), canvas_fill(&l.dy, d, false, around);
  l.w = numbers(d, size, l.count, 1), l.dw = numbers(d, size, l.count, 1), l.bias = numbers(d, size, padded, 1);
  for (int i = g.c_out; i < padded; i++) put(l.bias, size, i, 0);
  return l;
}

/* What else an epilogue may have. */
static void layer_epilogue(layer *l, dice *d) {
  l->scale = numbers(d, l->size, (l->g.c_out + 15) / 16 * 16, 1);
  l->add = canvas_new(d, l->size, 2, l->g.c_out, l->g.oh, l->g.ow, 16, 0);
  canvas_fill(&l->add, d, false, 0);
}

static ig__epilogue epilogue_of(const layer *l, bool relu) {
  return (ig__epilogue){ .bias = l->bias, .relu = relu, .scale = l->scale, .add = l->scale ? &l->add.m : NULL };
}

static uint64_t layer_hash(layer *l, uint64_t h) {
  h = hash_of(l->dw, l->count * l->size, hash_of_canvas(&l->dx, hash_of_canvas(&l->y, h)));
  free(l->x.memory), free(l->y.memory), free(l->dx.memory), free(l->dy.memory), free(l->w), free(l->bias), free(l->dw);
  if (l->scale) free(l->scale), free(l->add.memory);
  return h;
}

/* Forward and both gradients. */
static uint64_t convolution(const ig__kernels *k, layer l, bool relu, uint64_t h) {
  const ig__conv *g = &l.g;
  const ig__pack form = ig__pack_forward(g, l.x.m.block), back = ig__pack_backward(g);
  const size_t size = (size_t)l.size;
  void *packed = malloc(k->conv2d_pack_count(g, form) * size), *turned = malloc(k->conv2d_pack_count(g, back) * size);
  void *partial = calloc(k->conv2d_pack_count(g, form), size);
  k->conv2d_pack(g, form, l.w, packed, 0, 1);
  const ig__epilogue e = epilogue_of(&l, relu);
  k->conv2d(g, &l.x.m, packed, &l.y.m, &e, 0, 2, 0, 1);
  k->conv2d_pack(g, back, l.w, turned, 0, 1);
  k->conv2d_dx(g, &l.dy.m, turned, &l.dx.m, 0, 2, 0, 1);
  k->conv2d_dw(g, &l.x.m, &l.dy.m, partial, 0, 2, 0, 1);
  k->conv2d_unpack(g, form, (const void *const[]){ partial }, 1, l.dw, 0, 1);
  free(packed), free(turned), free(partial);
  return layer_hash(&l, h);
}

/* Shapes as they come, of one group or of several: depthwise, whole blocks, merged. `fused`: all that an epilogue may have. */
static uint64_t shapes(const ig__kernels *k, uint64_t seed, int count, bool groups, bool fused) {
  uint64_t h = 1;
  dice d = { seed };
  for (int i = 0; i < count;) {
    const bool plain = i % 3 == 0;
    const ig__conv g = shape(&d, plain, 60000);
    if ((g.groups > 1) != groups) continue;
    layer l = layer_new(&d, k->real_size, g, plain);
    if (fused) layer_epilogue(&l, &d);
    h = convolution(k, l, i % 2, h);
    i++;
  }
  return h;
}

static uint64_t convolutions(const ig__kernels *k) { return shapes(k, 34, 50, false, false); }
static uint64_t grouped(const ig__kernels *k) { return shapes(k, 36, 30, true, false); }
static uint64_t fused(const ig__kernels *k) { return shapes(k, 39, 12, false, true) ^ shapes(k, 40, 12, true, true); }

/* All three passes. */
static uint64_t winograd_of(const ig__kernels *k, uint64_t seed, int count, int stride, bool fused) {
  uint64_t h = 1;
  dice d = { seed };
  for (int i = 0; i < count; i++) {
    const int m = i % 2 || stride == 2 ? 4 : 2, pad = roll(&d, 0, 2), height = roll(&d, 3, 16), width = roll(&d, 3, 20);
    const int in = roll(&d, 1, 40), out = roll(&d, 1, 40), oh = (height + 2 * pad - 3) / stride + 1, ow = (width + 2 * pad - 3) / stride + 1;
    const ig__conv g = { in, height, width, out, oh, ow, 3, 3, stride, stride, pad, pad, 1, 1, 1 };
    layer l = layer_new(&d, k->real_size, g, false);
    if (fused) layer_epilogue(&l, &d);
    const ig__epilogue e = epilogue_of(&l, i % 3 == 0);
    const size_t size = (size_t)k->real_size, wide = (size_t)(ig__blocks(g.c_in) * ig__blocks(g.c_out)) * 256;
    const size_t rooms[] = { k->winograd_scratch(&g, m, IG__PACK_FORWARD), k->winograd_scratch(&g, m, IG__PACK_BACKWARD),
                             k->winograd_dw_scratch(&g, m) };
    size_t room = 64;
    for (int r = 0; r < 3; r++) room = rooms[r] > room ? rooms[r] : room;
    void *scratch = aligned_alloc(64, (room + 63) / 64 * 64), *partial = calloc(wide * (size_t)((m + 2) * (m + 2)), size);
    void *u = malloc(k->winograd_count(&g, m, IG__PACK_FORWARD) * size);
    void *turned = malloc(k->winograd_count(&g, m, IG__PACK_BACKWARD) * size);
    k->winograd_pack(&g, m, IG__PACK_FORWARD, l.w, u, 0, 1);
    k->winograd(&g, m, &l.x.m, u, &l.y.m, &e, 0, 2, 0, 1, scratch);
    k->winograd_pack(&g, m, IG__PACK_BACKWARD, l.w, turned, 0, 1);
    k->winograd_dx(&g, m, &l.dy.m, turned, &l.dx.m, 0, 2, 0, 1, scratch);
    k->winograd_dw(&g, m, &l.x.m, &l.dy.m, partial, 0, 2, 0, 1, scratch);
    k->winograd_unpack(&g, m, (const void *const[]){ partial }, 1, l.dw, 0, 1);
    free(scratch), free(partial), free(u), free(turned);
    h = layer_hash(&l, h);
  }
  return h;
}

/* Both algorithms; with a factor and an image to add; stride 2, without them and with them. */
static uint64_t winograd(const ig__kernels *k) { return winograd_of(k, 37, 16, 1, false); }
static uint64_t winograd_fused(const ig__kernels *k) { return winograd_of(k, 41, 8, 1, true); }
static uint64_t winograd_strided(const ig__kernels *k) { return winograd_of(k, 42, 8, 2, false) ^ winograd_of(k, 43, 8, 2, true); }

/* Mean pooling, upsampling by shares that round, pictures from bytes. */
static uint64_t sizes(const ig__kernels *k) {
  uint64_t h = 1;
  dice d = { 38 };
  for (int i = 0; i < 24; i++) {
    const int block = i % 3 ? 16 : 1, c = roll(&d, 1, 20), height = roll(&d, 2, 9), width = roll(&d, 2, 9), by = roll(&d, 2, 5);
    canvas small = canvas_new(&d, k->real_size, 1, c, height, width, block, 0);
    canvas large = canvas_new(&d, k->real_size, 1, c, height * by, width * by, block, 0);
    const ig__conv g = { c, height * by, width * by, c, height, width, by + 1, by + 1, by, by, 1, 1, 1, 1, 1 };
    double a[20], b[20];
    uint8_t bytes[20 * 81];
    canvas_fill(&small, &d, false, 0);
    k->upsample2d(by, by, i % 2, &small.m, &large.m, 0, 1);
    h = hash_of_canvas(&large, h);
    canvas_fill(&large, &d, false, 0);
    k->upsample2d_dx(by, by, i % 2, &large.m, &small.m, 0, 1);
    h = hash_of_canvas(&small, h);
    k->avgpool2d(&g, &large.m, &small.m, 0, 1);
    h = hash_of_canvas(&small, h);
    k->avgpool2d_dx(&g, &small.m, &large.m, 0, 1);
    h = hash_of_canvas(&large, h);
    for (int j = 0; j < 20; j++) a[j] = value(&d, false), b[j] = value(&d, false);
    for (size_t j = 0; j < sizeof bytes; j++) bytes[j] = (uint8_t)roll(&d, 0, 255);
    k->image_from_u8(bytes, a, b, &small.m, 0, 1);
    h = hash_of_canvas(&small, h);
    free(small.memory), free(large.memory);
  }
  return h;
}

static uint64_t products(const ig__kernels *k) {
  uint64_t h = 1;
  dice d = { 35 };
  for (int i = 0; i < 40; i++) {
    const int size = k->real_size, m = roll(&d, 1, 40), n = roll(&d, 1, 70), depth = roll(&d, 1, 900);
    void *a = numbers(&d, size, (int64_t)m * depth, 1), *b = numbers(&d, size, (int64_t)n * depth, 1);
    void *c = numbers(&d, size, (int64_t)m * n, 1), *bias = numbers(&d, size, (n + 15) / 16 * 16, 1);
    const bool across = i % 2;
    k->gemm(&(ig__gemm){ .m = m, .n = n, .k = depth, .a = a, .a_row = across ? 1 : depth, .a_col = across ? m : 1, .b = b, .b_row = n,
                         .b_block = 16, .c = c, .c_row = n, .accumulate = i % 3 == 0, .epilogue = { .bias = bias, .relu = i % 5 == 0 } });
    h = hash_of(c, (int64_t)m * n * size, h);
    free(a), free(b), free(c), free(bias);
  }
  return h;
}

static uint64_t rows_by_rows(const ig__kernels *k) {
  uint64_t h = 1;
  dice d = { 36 };
  for (int i = 0; i < 20; i++) {
    const int size = k->real_size, m = roll(&d, 1, 9), n = roll(&d, 1, 30), depth = roll(&d, 1, 900);
    void *a = numbers(&d, size, (int64_t)m * depth, 1), *b = numbers(&d, size, (int64_t)n * depth, 1);
    void *c = numbers(&d, size, (int64_t)m * n, 1);
    k->gemm_rows(m, n, depth, a, depth, b, depth, c, n);
    h = hash_of(c, (int64_t)m * n * size, h);
    free(a), free(b), free(c);
  }
  return h;
}

static const struct { const char *name; uint64_t (*run)(const ig__kernels *k); uint64_t want[2]; /* float, double */ } families[] = {
  { "elements", elements, { 0x3f46813ea8c9589fu, 0xd10a49ca1de6bc57u } },
  { "lane groups", lane_groups, { 0xe6e147b43bb8dcefu, 0x27707b4545742acau } },
  { "updates", updates, { 0x9f6b67c03e7cbbeau, 0x3580d4938dd3372au } },
  { "convolutions", convolutions, { 0xf7e01b74b361dd72u, 0x3265cd78a5d05c2bu } },
  { "grouped", grouped, { 0x98a8f626293b827bu, 0x74ac2491d21652d8u } },
  { "fused", fused, { 0xba70f8e3d0e432f5u, 0xd96002b557d04a38u } },
  { "winograd", winograd, { 0x2d00eff834f208dfu, 0x1500972bc7258e8eu } },
  { "winograd fused", winograd_fused, { 0xce417e2cb5b32cb0u, 0x25bc78bb12fc9314u } },
  { "winograd strided", winograd_strided, { 0x498eb4935f1b064cu, 0xd3563d27398e40a7u } },
  { "sizes", sizes, { 0xd8f34a0e94cdea8fu, 0x5fad6e69011ab1e9u } },
  { "products", products, { 0xcdf3a2d43bc34cc8u, 0x301fc881741d0753u } },
  { "rows by rows", rows_by_rows, { 0xe2765c2d0ddfc3abu, 0x38133e0f3c182533u } },
};

TEST(avx2_avx512_and_neon_give_the_stored_bits) {
  int wrong = 0, tables = 0;
  for (ig__isa isa = FUSED; isa < IG__ISA_COUNT; isa++) {
    if (!ig__isa_usable(isa)) continue;
    for (size_t f = 0; f < sizeof families / sizeof families[0]; f++)
      for (int size = 4; size <= 8; size += 4, tables++) {
        const uint64_t got = families[f].run(ig__kernels_for(isa, size)), want = families[f].want[size / 8];
        if (got == want) continue;
        printf("  %s, %s, f%d: 0x%016llx, stored 0x%016llx\n", families[f].name, ig__isa_name(isa), size * 8, (unsigned long long)got,
               (unsigned long long)want);
        wrong++;
      }
  }
  if (!tables) test_skip("no FMA here");
  CHECK_INT(wrong, 0);
}
