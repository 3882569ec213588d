/* The direct convolutions of every instruction set and real type against the reference, on generated shapes. */
#include "unit/kernels/conv_case.h"

#include "kernels/pack.h"

static const int reals[] = { 4, 8 };

/* "isa real c_in h w c_out kernel stride pad dilation", for messages. */
static const char *describe(ig__isa isa, int real_size, const ig__conv *g) {
  static char text[200];
  snprintf(text, sizeof text, "%s f%d: %d x %d x %d -> %d x %d x %d, k %d %d s %d %d p %d %d d %d %d g %d", ig__isa_name(isa),
           real_size * 8, g->c_in, g->h, g->w, g->c_out, g->oh, g->ow, g->kh, g->kw, g->sh, g->sw, g->ph, g->pw, g->dh,
           g->dw, g->groups);
  return text;
}

#define CHECK_CASE(cond, isa, real_size, g) \
  do { if (!(cond)) test_fail(__FILE__, __LINE__, "%s: %s", #cond, describe(isa, real_size, g)); } while (0)

static int64_t weight_count(const ig__conv *g) { return (int64_t)g->c_out * (g->c_in / g->groups) * g->kh * g->kw; }

/* Packed weights of a random plain tensor, `count` elements; *plain is the tensor. */
static void *weights_new(dice *d, const ig__kernels *t, const ig__conv *g, ig__pack form, bool integers, void **plain) {
  const int64_t count = weight_count(g);
  const size_t packed = t->conv2d_pack_count(g, form);
  *plain = malloc((size_t)count * (size_t)t->real_size);
  for (int64_t i = 0; i < count; i++) put(*plain, t->real_size, i, value(d, integers));
  void *w = malloc(packed * (size_t)t->real_size);
  for (size_t i = 0; i < packed; i++) put(w, t->real_size, (int64_t)i, NAN);
  const int parts = roll(d, 1, 3);
  for (int p = 0; p < parts; p++) t->conv2d_pack(g, form, *plain, w, p, parts);
  return w;
}

static void *bias_new(dice *d, int real_size, int c, bool integers) {
  void *bias = malloc((size_t)(c + 15) / 16 * 16 * (size_t)real_size);
  for (int i = 0; i < (c + 15) / 16 * 16; i++) put(bias, real_size, i, i < c ? value(d, integers) : 0);
  return bias;
}

/* How the pictures and the parts are cut. */
typedef struct cuts { int middle, parts; } cuts;

static cuts cuts_new(dice *d, int n) { return (cuts){ roll(d, 0, n), roll(d, 1, 5) }; }

static int halo_of(dice *d, const ig__conv *g) {
  const int pad = g->ph > g->pw ? g->ph : g->pw;
  return pad + (roll(d, 0, 2) == 0 ? roll(d, 1, 2) : 0);
}

static void forward(const ig__kernels *t, const ig__conv *g, const canvas *x, const void *w, const canvas *y,
                    const ig__epilogue *e, cuts c) {
  for (int p = c.parts - 1; p >= 0; p--) {
    t->conv2d(g, &x->m, w, &y->m, e, 0, c.middle, p, c.parts);
    t->conv2d(g, &x->m, w, &y->m, e, c.middle, y->n, p, c.parts);
  }
}

/* Runs `cases` forward convolutions on every table; against the reference when `integers`, else AVX2 against AVX-512 and
 * one cut against another. */
static void forward_cases(uint64_t seed, int cases, bool plain, bool integers) {
  dice d = { seed };
  for (int i = 0; i < cases; i += every()) {
    const int size = reals[i % 2], n = roll(&d, 1, 3);
    const ig__conv g = shape(&d, plain, 100000);
    const ig__kernels *ref = ig__kernels_for(integers ? IG__ISA_REFERENCE : FUSED, size);
    const int halo = halo_of(&d, &g);
    canvas x = canvas_new(&d, size, n, g.c_in, g.h, g.w, plain ? 1 : 16, halo);
    canvas_fill(&x, &d, integers, halo);
    const canvas blank = canvas_new(&d, size, n, g.c_out, g.oh, g.ow, 16, roll(&d, 0, 2));
    void *wp, *w = weights_new(&d, ref, &g, ig__pack_forward(&g, plain ? 1 : 16), integers, &wp);
    void *bias = bias_new(&d, size, g.c_out, integers);
    void *scale = bias_new(&d, size, g.c_out, integers);
    canvas add = canvas_new(&d, size, n, g.c_out, g.oh, g.ow, 16, roll(&d, 0, 2));
    canvas_fill(&add, &d, integers, 0);
    const ig__epilogue e = { .bias = roll(&d, 0, 1) ? bias : NULL, .relu = roll(&d, 0, 1), .scale = roll(&d, 0, 1) ? scale : NULL,
                             .add = roll(&d, 0, 1) ? &add.m : NULL };
    canvas want = canvas_copy(&blank);
    forward(ref, &g, &x, w, &want, &e, (cuts){ 0, 1 });
    canvas_keep_interior(&want, &blank);
    for (ig__isa isa = integers ? IG__ISA_BASELINE : FUSED; isa < IG__ISA_COUNT; isa++) {
      if (!ig__isa_usable(isa)) continue;
      canvas y = canvas_copy(&blank);
      forward(ig__kernels_for(isa, size), &g, &x, w, &y, &e, cuts_new(&d, n));
      CHECK_CASE(same(y.memory, want.memory, y.count, size), isa, size, &g);
      free(y.memory);
    }
    free(x.memory), free(blank.memory), free(want.memory), free(w), free(wp), free(bias), free(scale), free(add.memory);
  }
}

TEST(conv2d_equals_reference) { forward_cases(1, 450, false, true); }
TEST(conv2d_of_plain_x_equals_reference) { forward_cases(2, 250, true, true); }

static void backward(const ig__kernels *t, const ig__conv *g, const canvas *dy, const void *w, const canvas *dx, cuts c) {
  for (int p = c.parts - 1; p >= 0; p--) {
    t->conv2d_dx(g, &dy->m, w, &dx->m, 0, c.middle, p, c.parts);
    t->conv2d_dx(g, &dy->m, w, &dx->m, c.middle, dx->n, p, c.parts);
  }
}

/* dy's halo is zero only where it may be read: at stride 1. */
static void dx_cases(uint64_t seed, int cases, bool integers) {
  dice d = { seed };
  for (int i = 0; i < cases; i += every()) {
    const int size = reals[i % 2], n = roll(&d, 1, 3);
    const ig__conv g = shape(&d, false, 100000);
    const ig__kernels *ref = ig__kernels_for(integers ? IG__ISA_REFERENCE : FUSED, size);
    const int across = (g.kw - 1) * g.dw - g.pw, down = (g.kh - 1) * g.dh - g.ph, need = across > down ? across : down;
    const int halo = (need > 0 ? need : 0) + roll(&d, 0, 1);
    canvas dy = canvas_new(&d, size, n, g.c_out, g.oh, g.ow, 16, halo);
    canvas_fill(&dy, &d, integers, g.sh == 1 && g.sw == 1 ? halo : 0);
    if (g.sh != 1 || g.sw != 1) dy.m.halo = 0;
    const canvas blank = canvas_new(&d, size, n, g.c_in, g.h, g.w, 16, roll(&d, 0, 2));
    void *wp, *w = weights_new(&d, ref, &g, ig__pack_backward(&g), integers, &wp);
    canvas want = canvas_copy(&blank);
    backward(ref, &g, &dy, w, &want, (cuts){ 0, 1 });
    canvas_keep_interior(&want, &blank);
    for (ig__isa isa = integers ? IG__ISA_BASELINE : FUSED; isa < IG__ISA_COUNT; isa++) {
      if (!ig__isa_usable(isa)) continue;
      canvas dx = canvas_copy(&blank);
      backward(ig__kernels_for(isa, size), &g, &dy, w, &dx, cuts_new(&d, n));
      CHECK_CASE(same(dx.memory, want.memory, dx.count, size), isa, size, &g);
      free(dx.memory);
    }
    free(dy.memory), free(blank.memory), free(want.memory), free(w), free(wp);
  }
}

TEST(conv2d_dx_equals_reference) { dx_cases(3, 400, true); }

static void *partial_new(const ig__kernels *t, const ig__conv *g, ig__pack form) {
  return calloc(t->conv2d_pack_count(g, form), (size_t)t->real_size);
}

/* Unpacked, since what lies between merged groups is nobody's. */
static void *gradient(const ig__kernels *t, const ig__conv *g, const canvas *x, const canvas *dy, cuts c) {
  const ig__pack form = ig__pack_forward(g, x->m.block);
  void *partial = partial_new(t, g, form), *dw = malloc((size_t)(weight_count(g) * t->real_size));
  for (int p = c.parts - 1; p >= 0; p--) {
    t->conv2d_dw(g, &x->m, &dy->m, partial, 0, c.middle, p, c.parts);
    t->conv2d_dw(g, &x->m, &dy->m, partial, c.middle, dy->n, p, c.parts);
  }
  const void *const partials[] = { partial };
  t->conv2d_unpack(g, form, partials, 1, dw, 0, 1);
  free(partial);
  return dw;
}

static void dw_cases(uint64_t seed, int cases, bool plain, bool integers) {
  dice d = { seed };
  for (int i = 0; i < cases; i += every()) {
    const int size = reals[i % 2], n = roll(&d, 1, 3);
    const ig__conv g = shape(&d, plain, 100000);
    const ig__pack form = ig__pack_forward(&g, plain ? 1 : 16);
    const ig__kernels *ref = ig__kernels_for(integers ? IG__ISA_REFERENCE : FUSED, size);
    const int halo = halo_of(&d, &g), most = ref->conv2d_dw_parts(&g, form);
    canvas x = canvas_new(&d, size, n, g.c_in, g.h, g.w, plain ? 1 : 16, halo);
    canvas_fill(&x, &d, integers, halo);
    canvas dy = canvas_new(&d, size, n, g.c_out, g.oh, g.ow, 16, 1);
    canvas_fill(&dy, &d, integers, 0);
    void *want = gradient(ref, &g, &x, &dy, (cuts){ 0, 1 });
    for (ig__isa isa = integers ? IG__ISA_BASELINE : FUSED; isa < IG__ISA_COUNT; isa++) {
      if (!ig__isa_usable(isa)) continue;
      void *got = gradient(ig__kernels_for(isa, size), &g, &x, &dy, (cuts){ roll(&d, 0, n), roll(&d, 1, most) });
      CHECK_CASE(same(got, want, weight_count(&g), size), isa, size, &g);
      free(got);
    }
    free(x.memory), free(dy.memory), free(want);
  }
}

TEST(conv2d_dw_equals_reference) { dw_cases(4, 400, false, true); }
TEST(conv2d_dw_of_plain_x_equals_reference) { dw_cases(5, 250, true, true); }

/* Reals round, so equal bits mean an equal order of the sums: whatever the cuts, AVX2 like AVX-512. */
TEST(conv2d_bits_do_not_depend_on_cuts_or_vector_width) {
  if (!ig__isa_usable(FUSED)) test_skip("no FMA here");
  forward_cases(6, 100, false, false);
  forward_cases(7, 60, true, false);
  dx_cases(8, 100, false);
  dw_cases(9, 100, false, false);
  dw_cases(10, 60, true, false);
}

/* Every form of every table is the reference's, and unpacking (of the forms that conv2d_dw makes) adds partials in order. */
TEST(conv2d_pack_and_unpack) {
  dice d = { 11 };
  for (int i = 0; i < 120; i++) {
    const int size = reals[i % 2];
    const ig__conv g = shape(&d, i % 3 == 0, 20000);
    const ig__pack form = i % 3 == 2 ? ig__pack_backward(&g) : ig__pack_forward(&g, i % 3 ? 16 : 1);
    const ig__kernels *ref = ig__kernels_for(IG__ISA_REFERENCE, size);
    const int64_t packed = (int64_t)ref->conv2d_pack_count(&g, form), count = weight_count(&g);
    void *plain, *want = weights_new(&d, ref, &g, form, true, &plain), *back = malloc((size_t)(count * size));
    for (ig__isa isa = IG__ISA_BASELINE; isa < IG__ISA_COUNT; isa++) {
      if (!ig__isa_usable(isa)) continue;
      const ig__kernels *t = ig__kernels_for(isa, size);
      CHECK_INT(t->conv2d_pack_count(&g, form), packed);
      CHECK_INT(t->conv2d_dw_parts(&g, form), ref->conv2d_dw_parts(&g, form));
      void *w = malloc((size_t)(packed * size));
      memset(w, 0xff, (size_t)(packed * size));
      const int parts = roll(&d, 1, 4);
      for (int p = 0; p < parts; p++) t->conv2d_pack(&g, form, plain, w, p, parts);
      CHECK_CASE(same(w, want, packed, size), isa, size, &g);
      const void *three[] = { w, want, w };
      memset(back, 0xff, (size_t)(count * size));
      const bool unpacks = form != IG__PACK_BACKWARD;
      for (int p = 0; unpacks && p < parts; p++) t->conv2d_unpack(&g, form, three, 3, back, p, parts);
      for (int64_t k = 0; unpacks && k < count; k++)
        CHECK_CASE(get(back, size, k) == 3 * get(plain, size, k), isa, size, &g);
      free(w);
    }
    free(plain), free(want), free(back);
  }
}
