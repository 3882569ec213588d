/* The same bits on AVX2, AVX-512 and NEON: fixed calls of the kernels, and the hash of all that they write, against
 * hashes that AVX2 printed (gcc 12, x86-64). They stand for one arithmetic: when it is changed on purpose, every
 * instruction set must print the same new number, and that number is stored here. Inputs come from integers, so no libm
 * takes part; no NaN, whose sign and payload differ between processors. */
#include "unit/kernels/conv_case.h"

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
    k->adam_step(w, g, m, v, &(ig__adam){ 0.01, 0.9, 0.999, 1e-7, 1 - 1 / (1.0 + step), 1 - 1 / (2.0 + step) }, N);
  const uint64_t h = hash_of(m, N * size, hash_of(v, N * size, hash_of(w, N * size, 1)));
  free(w), free(g), free(m), free(v);
  return h;
}

/* Forward, both gradients, of shapes as they come. */
static uint64_t convolutions(const ig__kernels *k) {
  uint64_t h = 1;
  dice d = { 34 };
  for (int i = 0; i < 60; i++) {
    const bool plain = i % 3 == 0;
    const ig__conv g = shape(&d, plain, 100000);
    const int size = k->real_size, halo = 12;
    const ig__pack forms[] = { plain ? IG__PACK_FORWARD_PLAIN_X : IG__PACK_FORWARD, IG__PACK_BACKWARD };
    canvas x = canvas_new(&d, size, 2, g.c_in, g.h, g.w, plain ? 1 : 16, halo), dx = canvas_new(&d, size, 2, g.c_in, g.h, g.w, 16, 0);
    canvas y = canvas_new(&d, size, 2, g.c_out, g.oh, g.ow, 16, 0), dy = canvas_new(&d, size, 2, g.c_out, g.oh, g.ow, 16, 20);
    const bool near = g.sh == 1 && g.sw == 1;
    canvas_fill(&x, &d, false, halo), canvas_fill(&dy, &d, false, near ? 20 : 0);
    canvas_fill(&y, &d, false, 0), canvas_fill(&dx, &d, false, 0);
    if (!near) dy.m.halo = 0;
    void *w = numbers(&d, size, (int64_t)g.c_out * g.c_in * g.kh * g.kw, 1), *bias = numbers(&d, size, (g.c_out + 15) / 16 * 16, 1);
    void *packed = malloc(k->conv2d_pack_count(&g, forms[0]) * (size_t)size), *turned = malloc(k->conv2d_pack_count(&g, forms[1]) * (size_t)size);
    void *partial = calloc(k->conv2d_pack_count(&g, forms[0]), (size_t)size);
    for (int l = g.c_out; l < (g.c_out + 15) / 16 * 16; l++) put(bias, size, l, 0);
    k->conv2d_pack(&g, forms[0], w, packed, 0, 1);
    k->conv2d(&g, &x.m, packed, &y.m, &(ig__epilogue){ bias, i % 2 }, 0, 2, 0, 1);
    k->conv2d_dw(&g, &x.m, &dy.m, partial, 0, 2, 0, 1);
    h = hash_of(partial, (int64_t)k->conv2d_pack_count(&g, forms[0]) * size, h);
    k->conv2d_pack(&g, forms[1], w, turned, 0, 1);
    k->conv2d_dx(&g, &dy.m, turned, &dx.m, 0, 2, 0, 1);
    for (int n = 0; n < 2; n++) /* the interiors; around them is what was there, NaN */
      for (int row = 0; row < (plain ? g.oh : g.h); row++) {
        const canvas *c = plain ? &y : &dx;
        for (int p = 0; p < canvas_planes(c); p++)
          h = hash_of((char *)c->m.data + (n * c->m.n_pitch + p * c->m.c_pitch + row * c->m.h_pitch) * size, (int64_t)c->m.w * 16 * size, h);
      }
    for (int row = 0; row < g.oh; row++) h = hash_of((char *)y.m.data + row * y.m.h_pitch * size, (int64_t)g.ow * 16 * size, h);
    free(x.memory), free(y.memory), free(dx.memory), free(dy.memory);
    free(w), free(bias), free(packed), free(turned), free(partial);
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
                         .b_block = 16, .c = c, .c_row = n, .accumulate = i % 3 == 0, .epilogue = { bias, i % 5 == 0 } });
    h = hash_of(c, (int64_t)m * n * size, h);
    free(a), free(b), free(c), free(bias);
  }
  return h;
}

static const struct { const char *name; uint64_t (*run)(const ig__kernels *k); uint64_t want[2]; /* float, double */ } families[] = {
  { "elements", elements, { 0x3f46813ea8c9589fu, 0xd10a49ca1de6bc57u } },
  { "lane groups", lane_groups, { 0xe6e147b43bb8dcefu, 0x27707b4545742acau } },
  { "updates", updates, { 0x9f6b67c03e7cbbeau, 0x3580d4938dd3372au } },
  { "convolutions", convolutions, { 0x3660a79b6e7af306u, 0x4e8a4b7c9a0d7897u } },
  { "products", products, { 0xcdf3a2d43bc34cc8u, 0x301fc881741d0753u } },
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
