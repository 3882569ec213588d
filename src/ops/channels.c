/* Copies of channel ranges. */
#include "ops/channels.h"

/* A view of an image that begins with channel `from`, a multiple of its block. */
static ig__image from_channel(const ig__run *r, const ig__view *v, int from, int count) {
  ig__image m = v->image;
  m.data = (char *)v->data + from / m.block * m.c_pitch * r->k->real_size;
  m.c = count;
  return m;
}

#define COPY_ROW(real)                                                                                \
  static void copy_row_##real(const real *a, int64_t a_step, real *b, int64_t b_step, int64_t count) { \
    for (int64_t x = 0; x < count; x++) b[x * b_step] = a[x * a_step];                                \
  }
COPY_ROW(float)
COPY_ROW(double)

/* Channels that do not begin with a block: lane by lane. */
static void copy_lanes(const ig__run *r, const ig__view *a, int from, const ig__view *b, int to, int count) {
  const ig__image *ma = &a->image, *mb = &b->image;
  for (int n = r->n0; n < r->n1; n++)
    for (int c = 0; c < count; c++)
      for (int y = 0; y < ma->h; y++) {
        void *pa = ig__at(r, a, ig__image_at(ma, n, from + c, y, 0)), *pb = ig__at(r, b, ig__image_at(mb, n, to + c, y, 0));
        if (r->k->real_size == 4) copy_row_float(pa, ma->block, pb, mb->block, ma->w);
        else copy_row_double(pa, ma->block, pb, mb->block, ma->w);
      }
}

void ig__copy_channels(const ig__run *r, const ig__view *a, int from, const ig__view *b, int to, int count) {
  if (!ig__shape_is_image(&a->shape)) {
    for (int n = r->n0; n < r->n1; n++)
      memcpy(ig__at(r, b, n * b->n_pitch + to), ig__at(r, a, n * a->n_pitch + from), (size_t)count * (size_t)r->k->real_size);
  } else if (from % a->image.block == 0 && to % b->image.block == 0) {
    const ig__image ma = from_channel(r, a, from, count), mb = from_channel(r, b, to, count);
    r->k->copy_image(&ma, &mb, r->n0, r->n1);
  } else {
    copy_lanes(r, a, from, b, to, count);
  }
}
