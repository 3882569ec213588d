#ifndef IG__TESTS_CONV_CASE_H
#define IG__TESTS_CONV_CASE_H
/* Generated convolutions and the images they work on. Everything that a kernel may not read is NaN, everything that it may
 * not write is compared byte for byte. */
#include "kernels/kernels.h"
#include "test.h"

#include <stdlib.h>

typedef struct dice { uint64_t state; } dice;

static inline int roll(dice *d, int from, int to) {
  d->state = d->state * 6364136223846793005u + 1442695040888963407u;
  return from + (int)((d->state >> 33) % (uint64_t)(to - from + 1));
}

/* IMGRAD_TEST_EVERY=7 takes every 7th generated case, where an emulator makes all of them too many. An odd number, since kinds
 * of cases alternate by twos, fours and eights. */
static inline int every(void) {
  const char *set = getenv("IMGRAD_TEST_EVERY");
  return set && atoi(set) > 1 ? atoi(set) | 1 : 1;
}

/* The first instruction set with fused multiply-add; those after it give its bits. */
#if defined(__aarch64__)
#define FUSED IG__ISA_NEON
#else
#define FUSED IG__ISA_AVX2
#endif

/* Small integers make every sum exact, in any order; reals show the order. */
static inline double value(dice *d, bool integers) {
  return integers ? roll(d, -4, 4) : roll(d, -1000000, 1000000) / 999983.0;
}

static inline void put(void *data, int real_size, int64_t i, double v) {
  if (real_size == 4) ((float *)data)[i] = (float)v;
  else ((double *)data)[i] = v;
}

static inline double get(const void *data, int real_size, int64_t i) {
  return real_size == 4 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

/* An image with its memory. */
typedef struct canvas {
  ig__image m;
  int n, real_size;
  int64_t count, origin;
  void *memory;
} canvas;

static inline int canvas_planes(const canvas *k) { return (k->m.c + k->m.block - 1) / k->m.block; }

static inline canvas canvas_new(dice *d, int real_size, int n, int c, int h, int w, int block, int halo) {
  canvas k = { .m = { .c = c, .h = h, .w = w, .block = block, .halo = halo }, .n = n, .real_size = real_size };
  k.m.h_pitch = (int64_t)(w + 2 * halo + roll(d, 0, 2)) * block;
  k.m.c_pitch = k.m.h_pitch * (h + 2 * halo + roll(d, 0, 1)) + roll(d, 0, 1) * block;
  k.m.n_pitch = k.m.c_pitch * canvas_planes(&k) + roll(d, 0, 1) * block;
  k.origin = halo * k.m.h_pitch + halo * block + 32;
  k.count = k.m.n_pitch * n + 64;
  k.memory = malloc((size_t)k.count * (size_t)real_size);
  k.m.data = (char *)k.memory + k.origin * real_size;
  for (int64_t i = 0; i < k.count; i++) put(k.memory, real_size, i, NAN);
  return k;
}

/* Values inside, zeros in the missing lanes; `halo` around that many pixels of zeros. */
static inline void canvas_fill(canvas *k, dice *d, bool integers, int halo) {
  const ig__image *m = &k->m;
  for (int n = 0; n < k->n; n++)
    for (int p = 0; p < canvas_planes(k); p++)
      for (int y = -halo; y < m->h + halo; y++)
        for (int x = -halo; x < m->w + halo; x++)
          for (int l = 0; l < m->block; l++) {
            const bool inside = y >= 0 && y < m->h && x >= 0 && x < m->w && p * m->block + l < m->c;
            put(m->data, k->real_size, n * m->n_pitch + p * m->c_pitch + y * m->h_pitch + x * m->block + l,
                inside ? value(d, integers) : 0);
          }
}

/* A copy of the memory; the image of it. */
static inline canvas canvas_copy(const canvas *from) {
  canvas k = *from;
  k.memory = malloc((size_t)k.count * (size_t)k.real_size);
  memcpy(k.memory, from->memory, (size_t)k.count * (size_t)k.real_size);
  k.m.data = (char *)k.memory + k.origin * k.real_size;
  return k;
}

/* Puts the bytes outside the interior back to what they were, leaving what the kernel had to write. */
static inline void canvas_keep_interior(canvas *k, const canvas *blank) {
  canvas clean = canvas_copy(blank);
  const ig__image *m = &k->m;
  for (int n = 0; n < k->n; n++)
    for (int p = 0; p < canvas_planes(k); p++)
      for (int y = 0; y < m->h; y++) {
        const int64_t at = n * m->n_pitch + p * m->c_pitch + y * m->h_pitch;
        memcpy((char *)clean.m.data + at * k->real_size, (char *)m->data + at * k->real_size,
               (size_t)m->w * (size_t)m->block * (size_t)k->real_size);
      }
  free(k->memory);
  *k = clean;
}

static inline bool same(const void *a, const void *b, int64_t count, int real_size) {
  return memcmp(a, b, (size_t)count * (size_t)real_size) == 0;
}

/* One dimension: taps, stride, padding, dilation, and an input no longer than `longest` where that is possible. */
static inline void shape_axis(dice *d, int longest, int *in, int *out, int *k, int *s, int *p, int *dil) {
  *k = roll(d, 1, 3) == 1 ? roll(d, 1, 7) : roll(d, 1, 3);
  *s = roll(d, 1, 2) == 1 ? 1 : roll(d, 1, 3);
  *dil = roll(d, 1, 4) == 1 ? roll(d, 2, 3) : 1;
  const int reach = (*k - 1) * *dil;
  *p = roll(d, 0, 2) == 0 ? 0 : roll(d, 0, reach < 4 ? reach : 4);
  const int shortest = reach + 1 - 2 * *p > 1 ? reach + 1 - 2 * *p : 1;
  *in = roll(d, shortest, shortest > longest ? shortest : longest);
  const int extra = roll(d, 0, 3) == 0; /* pad=same puts one more row at the end */
  *out = (*in + 2 * *p + extra - reach - 1) / *s + 1;
}

/* Depthwise, groups of whole blocks, or groups of any size that are merged; one bundle of them or several. */
static inline void shape_groups(dice *d, bool plain, ig__conv *g) {
  const int kind = roll(d, 0, 2);
  g->groups = plain ? roll(d, 2, 4) : kind == 1 ? roll(d, 2, 3) : roll(d, 2, 40);
  if (plain || kind == 0) {
    g->c_in = g->groups;
    g->c_out = plain ? g->groups * roll(d, 1, 10) : g->groups;
  } else if (kind == 1) {
    g->c_in = g->groups * 16 * roll(d, 1, 2);
    g->c_out = g->groups * 16 * roll(d, 1, 3);
  } else {
    g->c_in = g->groups * roll(d, 1, 5);
    g->c_out = g->groups * roll(d, 1, 5);
  }
}

/* A convolution of at most `work` multiply-adds a picture, as far as channels can be taken away. */
static inline ig__conv shape(dice *d, bool plain, int64_t work) {
  ig__conv g = { .groups = 1 };
  shape_axis(d, 34, &g.h, &g.oh, &g.kh, &g.sh, &g.ph, &g.dh);
  shape_axis(d, 34, &g.w, &g.ow, &g.kw, &g.sw, &g.pw, &g.dw);
  if (roll(d, 0, 2) == 0) {
    shape_groups(d, plain, &g);
    return g;
  }
  g.c_in = plain ? roll(d, 1, 4) : roll(d, 1, 70);
  g.c_out = roll(d, 1, 70);
  while ((int64_t)g.c_in * g.c_out * g.kh * g.kw * g.oh * g.ow > work && g.c_in * g.c_out > 1) {
    if (g.c_in > g.c_out) g.c_in = g.c_in * 3 / 4;
    else g.c_out = g.c_out * 3 / 4;
    if (g.c_in < 1) g.c_in = 1;
    if (g.c_out < 1) g.c_out = 1;
  }
  return g;
}

#endif
