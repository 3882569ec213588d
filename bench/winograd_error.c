/* Errors of the float convolutions, direct and Winograd, against the direct one in double: max|error| / max|result| over a
 * batch of random pictures and weights, forward and gradient to the input.
 *   bench_winograd_error [--isa avx512|avx2|baseline|reference] */
#include "kernels/kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PICTURES 4

static const ig__kernels *f32, *f64;

static void *array(size_t count, size_t size) {
  const size_t bytes = (count * size + 127) / 64 * 64;
  void *p = aligned_alloc(64, bytes);
  if (!p) exit(6);
  memset(p, 0, bytes);
  return p;
}

static double draw(void) {
  static uint64_t state = 1;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (double)(state >> 40) / 8388608 - 1;
}

/* The same pictures in both real types, with a halo of 2. */
typedef struct pictures { ig__image single, twice; size_t count, origin; } pictures;

static pictures pictures_new(int c, int size, bool random) {
  ig__image m = { .c = c, .h = size, .w = size, .block = IG__BLOCK, .halo = 2 };
  m.h_pitch = (int64_t)(size + 4) * IG__BLOCK;
  m.c_pitch = m.h_pitch * (size + 4);
  m.n_pitch = m.c_pitch * ((c + IG__BLOCK - 1) / IG__BLOCK);
  pictures p = { m, m, (size_t)m.n_pitch * PICTURES, (size_t)(2 * m.h_pitch + 2 * IG__BLOCK) };
  float *a = array(p.count, sizeof *a);
  double *b = array(p.count, sizeof *b);
  for (int64_t plane = 0; random && plane < m.n_pitch / m.c_pitch * PICTURES; plane++)
    for (int y = 0; y < size; y++)
      for (int x = 0; x < size * IG__BLOCK; x++) {
        const size_t at = p.origin + (size_t)(plane * m.c_pitch + y * m.h_pitch + x);
        if (plane * IG__BLOCK % (m.n_pitch / m.c_pitch * IG__BLOCK) + x % IG__BLOCK < c) b[at] = a[at] = (float)draw();
      }
  p.single.data = a + p.origin;
  p.twice.data = b + p.origin;
  return p;
}

static void pictures_free(pictures *p) {
  free((float *)p->single.data - p->origin);
  free((double *)p->twice.data - p->origin);
}

static double difference(const pictures *p) {
  const float *a = (const float *)p->single.data - p->origin;
  const double *b = (const double *)p->twice.data - p->origin;
  double error = 0, largest = 0;
  for (size_t i = 0; i < p->count; i++) {
    error = fmax(error, fabs(a[i] - b[i]));
    largest = fmax(largest, fabs(b[i]));
  }
  return error / largest;
}

static void direct(const ig__kernels *k, const ig__conv *g, bool backward, const ig__image *from, const void *w,
                   const ig__image *to) {
  const ig__pack form = backward ? IG__PACK_BACKWARD : IG__PACK_FORWARD;
  void *packed = array(k->conv2d_pack_count(g, form), (size_t)k->real_size);
  k->conv2d_pack(g, form, w, packed, 0, 1);
  if (backward) k->conv2d_dx(g, from, packed, to, 0, PICTURES, 0, 1);
  else k->conv2d(g, from, packed, to, NULL, 0, PICTURES, 0, 1);
  free(packed);
}

static void winograd(const ig__conv *g, int m, bool backward, const ig__image *from, const void *w, const ig__image *to) {
  const ig__pack form = backward ? IG__PACK_BACKWARD : IG__PACK_FORWARD;
  void *u = array(f32->winograd_count(g, m, form), sizeof(float)), *scratch = array(f32->winograd_scratch(g, m, form), 1);
  f32->winograd_pack(g, m, form, w, u, 0, 1);
  if (backward) f32->winograd_dx(g, m, from, u, to, 0, PICTURES, 0, 1, scratch);
  else f32->winograd(g, m, from, u, to, NULL, 0, PICTURES, 0, 1, scratch);
  free(u), free(scratch);
}

static void layer(int c_in, int size, int c_out, int stride, int pad) {
  const int out = (size + 2 * pad - 3) / stride + 1;
  const ig__conv g = { c_in, size, size, c_out, out, out, 3, 3, stride, stride, pad, pad, 1, 1, 1 };
  const size_t weights = (size_t)c_in * (size_t)c_out * 9;
  float *w = array(weights, sizeof *w);
  double *w2 = array(weights, sizeof *w2);
  for (size_t i = 0; i < weights; i++) w2[i] = w[i] = (float)draw();
  printf("%3d -> %3d, %2d x %2d, stride %d, pad %d", c_in, c_out, size, size, stride, pad);
  for (int backward = 0; backward < 2; backward++) {
    pictures from = backward ? pictures_new(c_out, out, true) : pictures_new(c_in, size, true);
    pictures to = backward ? pictures_new(c_in, size, false) : pictures_new(c_out, out, false);
    direct(f64, &g, backward, &from.twice, w2, &to.twice);
    direct(f32, &g, backward, &from.single, w, &to.single);
    printf("   %s %.1e", backward ? "dx" : "forward", difference(&to));
    for (int m = 2; m <= 4; m += 2) {
      if (!f32->winograd_takes(&g, m)) {
        printf("      -   ");
        continue;
      }
      winograd(&g, m, backward, &from.single, w, &to.single);
      printf("  %.1e", difference(&to));
    }
    pictures_free(&from), pictures_free(&to);
  }
  printf("\n");
  free(w), free(w2);
}

int main(int argc, char **argv) {
  ig__isa isa;
  if (ig__isa_choose(argc > 2 && !strcmp(argv[1], "--isa") ? argv[2] : NULL, &isa) != IG_OK) {
    fprintf(stderr, "bench_winograd_error: this instruction set is unknown or cannot be used here\n");
    return 2;
  }
  f32 = ig__kernels_for(isa, 4);
  f64 = ig__kernels_for(isa, 8);
  printf("%s: max|error| / max|result|, three figures each: direct, F(2 x 2, 3 x 3), F(4 x 4, 3 x 3)\n"
         "or, at stride 2, F(4 x 4) of it\n", ig__isa_name(isa));
  layer(64, 32, 64, 1, 1);
  layer(128, 16, 128, 1, 1);
  layer(256, 8, 256, 1, 1);
  layer(512, 4, 512, 1, 1);
  layer(32, 13, 64, 1, 0);
  for (int c = 64; c <= 512; c *= 2) layer(c, 14, c, 1, 1);
  layer(64, 32, 128, 2, 1);
  layer(128, 16, 256, 2, 1);
  layer(256, 8, 512, 2, 1);
  return 0;
}
