#ifndef IG__TESTS_KERNEL_DATA_H
#define IG__TESTS_KERNEL_DATA_H
/* What the kernel tests share: numbers, images of any layout inside poison, and the tables to go through. Everything is set
 * and read as double; `size` is 4 or 8 for reals, 1 for bytes. Poison is 0xff in every byte, a NaN for both real types. */

#include "kernels/kernels.h"
#include "test.h"

#include <stdlib.h>

static inline double get(const void *p, int size, int64_t i) {
  return size == 4 ? (double)((const float *)p)[i] : size == 8 ? ((const double *)p)[i] : ((const uint8_t *)p)[i];
}

static inline void put(void *p, int size, int64_t i, double v) {
  if (size == 4) ((float *)p)[i] = (float)v;
  else if (size == 8) ((double *)p)[i] = v;
  else ((uint8_t *)p)[i] = (uint8_t)v;
}

/* The same numbers in every run: splitmix64. */
static uint64_t test_seed;
static inline uint64_t random_bits(void) {
  uint64_t z = (test_seed += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}
static inline int random_int(int low, int high) { return low + (int)(random_bits() % (uint64_t)(high - low + 1)); }
static inline double random_real(double low, double high) {
  return low + (high - low) * (double)(random_bits() >> 11) * 0x1p-53;
}

static inline void *poisoned(size_t bytes) {
  void *p = malloc(bytes + 1);
  CHECK(p != NULL);
  memset(p, 0xff, bytes);
  return p;
}

/* Every usable table but the reference, both real types: EACH_TABLE(k) { … } */
#define EACH_TABLE(k)                                                                   \
  for (int isa_ = IG__ISA_BASELINE; isa_ < IG__ISA_COUNT; isa_++)                       \
    if (ig__isa_usable((ig__isa)isa_))                                                  \
      for (int size_ = 4; size_ <= 8; size_ += 4)                                       \
        for (const ig__kernels *k = ig__kernels_for((ig__isa)isa_, size_); k; k = NULL)

static inline const ig__kernels *oracle(int size) { return ig__kernels_for(IG__ISA_REFERENCE, size); }

/* Names the kernel, its table and the place, and fails. */
#define FAIL_AT(k, name, ...)                                                                                      \
  do {                                                                                                             \
    char where_[256];                                                                                              \
    snprintf(where_, sizeof where_, __VA_ARGS__);                                                                  \
    test_fail(__FILE__, __LINE__, "%s on %s, f%d: %s", name, ig__isa_name((k)->isa), (k)->real_size * 8, where_);   \
  } while (0)

/* ---- Images --------------------------------------------------------------------------------------------------------- */

typedef struct picture {
  ig__image view;
  int size, n;
  int64_t count; /* elements of the buffer */
  void *buffer;
} picture;

/* n pictures c × h × w, poison everywhere, with some slack between rows, planes and pictures. */
static inline picture make_picture(int size, int n, int c, int h, int w, int block, int halo) {
  picture p = {.size = size, .n = n};
  ig__image *v = &p.view;
  int slack = random_int(0, 1) * block;
  *v = (ig__image){.c = c, .h = h, .w = w, .block = block, .halo = halo};
  v->h_pitch = (int64_t)(w + 2 * halo) * block + slack;
  v->c_pitch = v->h_pitch * (h + 2 * halo) + slack;
  v->n_pitch = v->c_pitch * ((c + block - 1) / block) + slack;
  p.count = v->n_pitch * n;
  p.buffer = poisoned((size_t)p.count * (size_t)size);
  v->data = (char *)p.buffer + (v->h_pitch + block) * halo * size;
  return p;
}

static inline void free_picture(picture *p) { free(p->buffer); }

static inline int lanes_of(const picture *p) { return (p->view.c + p->view.block - 1) / p->view.block * p->view.block; }

static inline int64_t place_of(const picture *p, int n, int c, int y, int x) {
  const ig__image *v = &p->view;
  return n * v->n_pitch + c / v->block * v->c_pitch + y * v->h_pitch + (int64_t)x * v->block + c % v->block;
}

static inline double pixel(const picture *p, int n, int c, int y, int x) {
  return get(p->view.data, p->size, place_of(p, n, c, y, x));
}

static inline void set_pixel(const picture *p, int n, int c, int y, int x, double v) {
  put(p->view.data, p->size, place_of(p, n, c, y, x), v);
}

#define EACH_PIXEL(p, n, c, y, x)                                                                        \
  for (int n = 0; n < (p)->n; n++)                                                                       \
    for (int c = 0; c < lanes_of(p); c++)                                                                \
      for (int y = 0; y < (p)->view.h; y++)                                                              \
        for (int x = 0; x < (p)->view.w; x++)

/* Whole numbers, few enough for ties; missing lanes 0; the halo stays poison. */
static inline void fill_whole(const picture *p, int low, int high) {
  EACH_PIXEL(p, n, c, y, x) set_pixel(p, n, c, y, x, c < p->view.c ? random_int(low, high) : 0);
}

static inline void fill_real(const picture *p) {
  EACH_PIXEL(p, n, c, y, x) set_pixel(p, n, c, y, x, c < p->view.c ? random_real(-1, 1) : 0);
}

/* The same picture in another buffer: for in-out arguments of two tables. */
static inline picture copy_picture(const picture *from) {
  picture p = *from;
  p.buffer = poisoned((size_t)p.count * (size_t)p.size);
  memcpy(p.buffer, from->buffer, (size_t)p.count * (size_t)p.size);
  p.view.data = (char *)p.buffer + ((char *)from->view.data - (char *)from->buffer);
  return p;
}

/* First place (an element of the buffer) where two pictures of one layout differ by more than `tolerance`, −1: none. Poison
 * must meet poison, so halos, slack and pictures outside n0 … n1 are compared too. */
static inline int64_t first_difference(const picture *a, const picture *b, double tolerance) {
  for (int64_t i = 0; i < a->count; i++) {
    double u = get(a->buffer, a->size, i), v = get(b->buffer, b->size, i);
    if ((u != u) != (v != v) || fabs(u - v) > tolerance) return i;
  }
  return -1;
}

/* First missing lane of pictures n0 … that is not 0, −1: none. */
static inline int64_t first_dirty_lane(const picture *p, int n0) {
  EACH_PIXEL(p, n, c, y, x)
    if (n >= n0 && c >= p->view.c && pixel(p, n, c, y, x) != 0) return place_of(p, n, c, y, x);
  return -1;
}

#endif
