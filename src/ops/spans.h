#ifndef IG__OPS_SPANS_H
#define IG__OPS_SPANS_H
/* Walking through tensors for ops that only call kernels on contiguous spans. One to three tensors of equal shape (and equal
 * block, when images; halos may differ) are walked together; rows are merged into planes, planes into pictures, pictures into
 * the whole as far as all pitches allow, so that two images without halo are one span.
 *
 * A tensor without pictures counts as one picture, number 0: an EACH op on weights does it all in the chunk that holds
 * picture 0, whatever the chunks are. */

#include "graph/op.h"

#define IG__SPAN_VIEWS 3
enum { IG__BY_PICTURE, IG__BY_PLANE, IG__BY_ROW, IG__LEVELS };

typedef struct ig__spans {
  int views;
  int64_t length;                             /* elements of one span */
  int64_t at[IG__SPAN_VIEWS];                 /* where the present span begins, in elements */
  int64_t start[IG__SPAN_VIEWS], pitch[IG__SPAN_VIEWS][IG__LEVELS];
  int64_t count[IG__LEVELS], index[IG__LEVELS];
  bool begun;
} ig__spans;

static inline int64_t ig__picture_from(const ig__view *v, int n0) { return v->shape.batched ? n0 : n0 > 0; }
static inline int64_t ig__picture_to(const ig__view *v, int n1) { return v->shape.batched ? n1 : 1; }

static inline void ig__spans_merge(ig__spans *s) {
  for (int level = IG__BY_ROW; level >= IG__BY_PICTURE; level--) {
    if (s->count[level] > 1)
      for (int v = 0; v < s->views; v++)
        if (s->pitch[v][level] != s->length) return;
    s->length *= s->count[level];
    s->count[level] = 1;
  }
}

/* Spans of pictures n0 … n1-1. */
static inline ig__spans ig__spans_of(int views, const ig__view *const *view, int n0, int n1) {
  const ig__view *first = view[0];
  const int64_t from = ig__picture_from(first, n0), to = ig__picture_to(first, n1);
  ig__spans s = {.views = views, .count = {to - from, 1, 1}};
  if (ig__shape_is_image(&first->shape)) {
    s.length = (int64_t)first->image.w * first->image.block;
    s.count[IG__BY_ROW] = first->image.h;
    s.count[IG__BY_PLANE] = (first->image.c + first->image.block - 1) / first->image.block;
  } else {
    s.length = ig__shape_per_picture(&first->shape);
  }
  for (int v = 0; v < views; v++) {
    const ig__image *m = &view[v]->image;
    s.pitch[v][IG__BY_PICTURE] = view[v]->n_pitch;
    if (ig__shape_is_image(&first->shape)) {
      s.pitch[v][IG__BY_PICTURE] = m->n_pitch;
      s.pitch[v][IG__BY_PLANE] = m->c_pitch;
      s.pitch[v][IG__BY_ROW] = m->h_pitch;
    }
    s.start[v] = from * s.pitch[v][IG__BY_PICTURE];
  }
  if (to > from) ig__spans_merge(&s);
  return s;
}

/* Sets `at` to the next span; false when there is none. */
static inline bool ig__spans_next(ig__spans *s) {
  if (s->begun) {
    int level = IG__BY_ROW;
    while (level >= 0 && ++s->index[level] == s->count[level]) s->index[level--] = 0;
    if (level < 0) return false;
  } else if (s->count[IG__BY_PICTURE] <= 0) {
    return false;
  }
  s->begun = true;
  for (int v = 0; v < s->views; v++) {
    s->at[v] = s->start[v];
    for (int level = 0; level < IG__LEVELS; level++) s->at[v] += s->index[level] * s->pitch[v][level];
  }
  return true;
}

/* Memory of element `at` of a tensor of the plan's real type. */
static inline void *ig__at(const ig__run *r, const ig__view *v, int64_t at) {
  return (char *)v->data + at * r->k->real_size;
}
static inline void *ig__scratch_at(const ig__run *r, int64_t at) { return (char *)r->scratch + at * r->k->real_size; }

/* One element, for what no kernel does and no profile asks for. */
static inline double ig__get(const ig__run *r, const void *p, int64_t at) {
  return r->k->real_size == 4 ? (double)((const float *)p)[at] : ((const double *)p)[at];
}
static inline void ig__put(const ig__run *r, void *p, int64_t at, double value) {
  if (r->k->real_size == 4) ((float *)p)[at] = (float)value;
  else ((double *)p)[at] = value;
}

/* Place of an element of an image. */
static inline int64_t ig__image_at(const ig__image *m, int n, int c, int y, int x) {
  return n * m->n_pitch + c / m->block * m->c_pitch + y * m->h_pitch + (int64_t)x * m->block + c % m->block;
}
/* Distance between the channels c and c + 1 of one pixel, when it is the same for all channels of a block. */
static inline int64_t ig__lane_pitch(const ig__image *m) { return m->block == 1 ? m->c_pitch : 1; }

#endif
