/* Poisoned builds (IMGRAD_POISON): memory is NaN of one pattern before it is written, and after every node its outputs are
 * looked at. What is found ends the run with the node's name. Arithmetic keeps a NaN's payload, so a value that was made
 * from unwritten memory still shows the pattern, while a NaN of the training itself does not. */
#include "graph/plan_impl.h"

#ifdef IG__POISON

static bool is_poison(const void *data, int64_t i, int size) {
  if (size == 4) return (((const uint32_t *)data)[i] & 0x7fffffffu) == 0x7fffffffu;
  if (size == 8) return (((const uint64_t *)data)[i] & 0x7fffffffffffffffu) == 0x7fffffffffffffffu;
  return false;
}

static bool is_zero(const void *data, int64_t i, int size) {
  const uint8_t *p = (const uint8_t *)data + i * size;
  uint8_t any = 0;
  for (int k = 0; k < size; k++) any |= k == size - 1 ? p[k] & 0x7f : p[k]; /* −0 is zero */
  return !any;
}

/* One plane of an image with its halo. */
static const char *check_plane(const ig__view *v, int64_t at, int lanes, int size) {
  const ig__image *im = &v->image;
  for (int h = -im->halo; h < im->h + im->halo; h++)
    for (int w = -im->halo; w < im->w + im->halo; w++)
      for (int l = 0; l < im->block; l++) {
        int64_t i = at + h * im->h_pitch + (int64_t)w * im->block + l;
        bool inside = h >= 0 && h < im->h && w >= 0 && w < im->w;
        if (inside && is_poison(v->data, i, size)) return "left or used unwritten memory";
        if (!inside && !is_zero(v->data, i, size)) return "wrote into the halo";
        if (inside && l >= lanes && !is_zero(v->data, i, size)) return "left something in the lanes past the last channel";
      }
  return NULL;
}

const char *ig__poison_check(const ig__view *v, int size, int n0, int n1) {
  const ig__image *im = &v->image;
  const char *found = NULL;
  if (!im->block) {
    int64_t from = v->shape.batched ? n0 * v->n_pitch : 0, to = v->shape.batched ? n1 * v->n_pitch : ig__shape_count(&v->shape);
    for (int64_t i = from; i < to && !found; i++)
      if (v->dtype == IG__REAL && is_poison(v->data, i, size)) found = "left or used unwritten memory";
    return found;
  }
  for (int64_t n = n0; n < n1; n++)
    for (int b = 0; b * im->block < im->c && !found; b++) {
      int lanes = im->c - b * im->block < im->block ? im->c - b * im->block : im->block;
      found = check_plane(v, n * im->n_pitch + b * im->c_pitch, lanes, size);
    }
  return found;
}

#else
typedef int ig__poison_off; /* ISO C wants something in every file */
#endif
