/* The same values in another layout. The planner appends it where an op wants a picture blocked, plain or with a halo, and
 * where a caller reads an output. A field of 32-bit floats becomes numbers of the plan's real type on the way. */
#include "ops/dims.h"
#include "ops/ops.h"
#include "ops/spans.h"

#include <string.h>

static ig_status infer(ig__infer *i) {
  i->out[0].shape = i->in[0]->shape;
  i->out[0].dtype = i->in[0]->dtype == IG__F32 ? IG__REAL : i->in[0]->dtype;
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  if (d->wanted[0]) d->gin[0] = d->gout[0];
  return IG_OK;
}

static int size_of(const ig__run *r, ig__dtype dtype) {
  return dtype == IG__REAL ? r->k->real_size : dtype == IG__U8 ? 1 : 4;
}

/* One element to the next, whatever the types; an absent channel's lane becomes zero. */
static void copy_element(const ig__run *r, int64_t from, int64_t to, bool present) {
  const ig__view *x = &r->in[0], *y = &r->out[0];
  size_t a = (size_t)size_of(r, x->dtype), b = (size_t)size_of(r, y->dtype);
  char *out = (char *)y->data + to * (int64_t)b;
  const char *in = (const char *)x->data + from * (int64_t)a;
  if (!present) memset(out, 0, b);
  else if (a == b) memcpy(out, in, b);
  else ig__put(r, y->data, to, (double)((const float *)x->data)[from]);
}

/* Bytes, labels and fields: rare, small, or only there to be looked at. */
static void copy_other_image(const ig__run *r) {
  const ig__image *from = &r->in[0].image, *to = &r->out[0].image;
  int lanes = (to->c + to->block - 1) / to->block * to->block;
  for (int n = r->n0; n < r->n1; n++)
    for (int c = 0; c < lanes; c++)
      for (int y = 0; y < to->h; y++)
        for (int x = 0; x < to->w; x++) {
          bool present = c < to->c;
          copy_element(r, present ? ig__image_at(from, n, c, y, x) : 0, ig__image_at(to, n, c, y, x), present);
        }
}

static void copy_span(const ig__run *r) {
  const ig__view *x = &r->in[0], *y = &r->out[0];
  int64_t each = ig__shape_per_picture(&x->shape), from = ig__picture_from(x, r->n0) * each;
  int64_t count = ig__picture_to(x, r->n1) * each - from;
  int a = size_of(r, x->dtype), b = size_of(r, y->dtype);
  if (a == b && count > 0) memcpy((char *)y->data + from * b, (const char *)x->data + from * a, (size_t)(count * a));
  else
    for (int64_t i = from; i < from + count; i++) copy_element(r, i, i, true);
}

static void run(const ig__run *r) {
  const ig__view *x = &r->in[0];
  bool real = x->dtype == IG__REAL || (x->dtype == IG__F32 && r->k->real_size == 4);
  if (!ig__shape_is_image(&x->shape)) copy_span(r);
  else if (real) r->k->copy_image(&x->image, &r->out[0].image, r->n0, r->n1);
  else copy_other_image(r);
}

static bool probe(int index, ig__probe *p) {
  if (index < 0 || index >= IG__ANY_SHAPES) return false;
  *p = (ig__probe){.in_count = 1};
  p->in[0].shape = ig__any_shape(index, &p->n);
  return true;
}

const ig__op ig__op_convert = {
  .name = "convert",
  .help = "the same values in another layout",
  .min_in = 1,
  .max_in = 1,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_ANY,
  .flags = IG__LINEAR,
  .infer = infer,
  .derive = derive,
  .run = IG__RUN_BOTH(run),
  .probe = probe,
};
