#ifndef IG__OPS_LANES_H
#define IG__OPS_LANES_H
/* Ops with one number a channel. Blocked images go through the lane kernels, a plane of 16 channels at a time; [n, c] values
 * and plain images go element by element. */

#include "ops/spans.h"

#include <string.h>

/* Room for 16 lanes of either real type, aligned for any vector. */
typedef struct ig__lane_values { _Alignas(64) unsigned char byte[IG__BLOCK * sizeof(double)]; } ig__lane_values;

static inline int ig__channels(const ig__view *v) { return v->shape.dim[1]; }
static inline int ig__channel_blocks(const ig__view *v) { return (ig__channels(v) + IG__BLOCK - 1) / IG__BLOCK; }
static inline bool ig__is_blocked(const ig__view *v) { return ig__shape_is_image(&v->shape) && v->image.block == IG__BLOCK; }

/* Values of one channel: `n` pictures of h·w pixels. */
static inline double ig__pixels(const ig__view *v, int n) {
  const ig__shape *s = &v->shape;
  return (double)n * (s->rank == 4 ? (double)s->dim[2] * s->dim[3] : 1);
}

/* Lane values of block `b` from a vector of c values; zero past the last channel. */
static inline void ig__lanes_load(const ig__run *r, ig__lane_values *to, const ig__view *v, int c, int b) {
  int first = b * IG__BLOCK, count = c - first < IG__BLOCK ? c - first : IG__BLOCK;
  memset(to, 0, sizeof *to);
  memcpy(to, ig__at(r, v, first), (size_t)count * (size_t)r->k->real_size);
}

/* Rows of one plane that lie behind one another in all the images: `rows` spans of `pixels` pixels. */
typedef struct ig__plane { int rows; int64_t pixels; } ig__plane;

static inline ig__plane ig__plane_of(int images, const ig__image *const *image) {
  bool merged = true;
  const ig__image *m = image[0];
  for (int i = 0; i < images; i++) merged &= image[i]->h_pitch == (int64_t)m->w * IG__BLOCK;
  return merged ? (ig__plane){1, (int64_t)m->h * m->w} : (ig__plane){m->h, m->w};
}

/* Row `row` of block `b` of picture n. */
static inline void *ig__plane_row(const ig__run *r, const ig__image *m, int n, int b, int row) {
  return (char *)m->data + (n * m->n_pitch + b * m->c_pitch + row * m->h_pitch) * r->k->real_size;
}

/* Place of value (n, c, y, x) of an image, or (n, c) of values. */
static inline int64_t ig__value_at(const ig__view *v, int n, int c, int y, int x) {
  return v->image.block ? ig__image_at(&v->image, n, c, y, x) : n * v->n_pitch + c;
}

/* The statement for every value of pictures n0 … n1-1 and channel c, in row order. */
#define IG__EACH_VALUE(v, n, y, x)                                                     \
  for (int n = r->n0; n < r->n1; n++)                                                  \
    for (int y = 0; y < ((v)->image.block ? (v)->image.h : 1); y++)                    \
      for (int x = 0; x < ((v)->image.block ? (v)->image.w : 1); x++)

#endif
