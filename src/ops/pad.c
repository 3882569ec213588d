/* pad: rows and columns on the sides of pictures, of zeros or of what the picture has there. The gradient of a pad with zeros is
 * crop; that of the others, pad_dx, adds each pixel to the one it was copied from. */
#include "ops/dims.h"
#include "ops/ops.h"
#include "ops/sides.h"

static const ig__word mode_words[] = {
  {"zero", IG__PAD_ZERO}, {"reflect", IG__PAD_REFLECT}, {"replicate", IG__PAD_REPLICATE}, {NULL, 0}};

static const ig__option table[] = {
  IG__SIDE_OPTIONS("added"),
  IG__OPTION_WORDS(ig__sides, mode, "zero", 1, 0, "",
                   "zero; reflect: mirrored at the first pixel; replicate: the first pixel again", mode_words),
  IG__OPTIONS_END };

/* A mirror image reaches up to the far side and not beyond. */
static ig_status check_reflect(const char *what, const ig__sides *s, int h, int w) {
  const bool fits = s->top < h && s->bottom < h && s->left < w && s->right < w;
  if (s->mode != IG__PAD_REFLECT || fits) return IG_OK;
  return ig__fail(IG_BAD_MODEL, "%s mode=reflect: top=%d bottom=%d left=%d right=%d must be smaller than the picture of %d×%d "
                  "pixels", what, s->top, s->bottom, s->left, s->right, h, w);
}

/* The row or column that is copied to place `at`, with `before` pixels in front of the picture's `size`. */
static int source(const ig__sides *s, int at, int before, int size) {
  const int i = at - before;
  if (s->mode == IG__PAD_REFLECT) return i < 0 ? -i : i < size ? i : 2 * (size - 1) - i;
  return i < 0 ? 0 : i < size ? i : size - 1;
}

/* The statement for every place outside of before … before+size-1. */
#define EACH_OUTSIDE(at, before, size, total)                            \
  for (int at = (before) > 0 ? 0 : (before) + (size); at < (total);      \
       at = at + 1 == (before) ? (before) + (size) : at + 1)

/* ---- pad ------------------------------------------------------------------------------------------------------------ */

static ig_status infer(ig__infer *i) {
  const ig__sides s = ig__sides_resolve(i->options);
  IG__TRY(ig__sides_infer("pad", i, &s, 1));
  return check_reflect("pad", &s, i->in[0]->shape.dim[2], i->in[0]->shape.dim[3]);
}

static ig_status derive(ig__derive *d) {
  ig__sides s = ig__sides_resolve(d->node->options);
  d->gin[0] = ig__node1(d->graph, s.mode == IG__PAD_ZERO ? &ig__op_crop : &ig__op_pad_dx, &s, d->gout[0]);
  return ig__graph_status(d->graph);
}

static void clear(const ig__run *r, ig__image y) {
  for (int n = r->n0; n < r->n1; n++)
    for (int c = 0; c < y.c; c += y.block)
      for (int row = 0; row < y.h; row++) {
        const int64_t at = n * y.n_pitch + c / y.block * y.c_pitch + row * y.h_pitch;
        r->k->fill((char *)y.data + at * r->k->real_size, 0, (int64_t)y.w * y.block);
      }
}

/* First the columns beside the picture, then whole rows above and below. */
static void copy_borders(const ig__run *r, const ig__sides *s, int h, int w) {
  const ig__view *y = &r->out[0];
  EACH_OUTSIDE(x, s->left, w, y->image.w) {
    const ig__image from = ig__image_part(r, y, s->top, s->left + source(s, x, s->left, w), h, 1);
    const ig__image to = ig__image_part(r, y, s->top, x, h, 1);
    r->k->copy_image(&from, &to, r->n0, r->n1);
  }
  EACH_OUTSIDE(row, s->top, h, y->image.h) {
    const ig__image from = ig__image_part(r, y, s->top + source(s, row, s->top, h), 0, 1, y->image.w);
    const ig__image to = ig__image_part(r, y, row, 0, 1, y->image.w);
    r->k->copy_image(&from, &to, r->n0, r->n1);
  }
}

static void run(const ig__run *r) {
  const ig__sides s = ig__sides_resolve(r->options);
  const ig__image *x = &r->in[0].image;
  const ig__view *y = &r->out[0];
  const ig__image inside = ig__image_part(r, y, s.top, s.left, x->h, x->w);
  r->k->copy_image(x, &inside, r->n0, r->n1);
  if (s.mode != IG__PAD_ZERO) {
    copy_borders(r, &s, x->h, x->w);
    return;
  }
  clear(r, ig__image_part(r, y, 0, 0, s.top, y->image.w));
  clear(r, ig__image_part(r, y, s.top, 0, x->h, s.left));
  clear(r, ig__image_part(r, y, s.top, s.left + x->w, x->h, s.right));
  clear(r, ig__image_part(r, y, s.top + x->h, 0, s.bottom, y->image.w));
}

static bool probe(int index, ig__probe *p) { return ig__sides_probe(index, p, false); }

const ig__op ig__op_pad = {
  .name = "pad", .help = "adds rows and columns on the sides of pictures (padding)", .options = table,
  .options_size = sizeof(ig__sides), .min_in = 1, .max_in = 1, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_ANY,
  .flags = IG__LAYER | IG__LINEAR, .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .probe = probe };

/* ---- the transpose of reflect and replicate -------------------------------------------------------------------------- */

static ig_status dx_infer(ig__infer *i) {
  const ig__sides s = ig__sides_resolve(i->options);
  IG__TRY(ig__sides_infer("pad_dx", i, &s, -1));
  return check_reflect("pad_dx", &s, i->out[0].shape.dim[2], i->out[0].shape.dim[3]);
}

static ig_status dx_derive(ig__derive *d) {
  d->gin[0] = ig__node1(d->graph, &ig__op_pad, d->node->options, d->gout[0]);
  return ig__graph_status(d->graph);
}

/* Adds a piece of a row of dy, at (row, x), to dx at (i, j). */
static void add_piece(const ig__run *r, int row, int x, int i, int j, int w) {
  const ig__image from = ig__image_part(r, &r->in[0], row, x, 1, w), to = ig__image_part(r, &r->out[0], i, j, 1, w);
  for (int n = r->n0; n < r->n1; n++)
    for (int c = 0; c < to.c; c += to.block) {
      const int64_t b = c / to.block, a = n * from.n_pitch + b * from.c_pitch, y = n * to.n_pitch + b * to.c_pitch;
      void *sum = (char *)to.data + y * r->k->real_size;
      r->k->add(sum, sum, (const char *)from.data + a * r->k->real_size, (int64_t)w * to.block);
    }
}

static void dx_run(const ig__run *r) {
  const ig__sides s = ig__sides_resolve(r->options);
  const ig__image *dx = &r->out[0].image, *dy = &r->in[0].image;
  const int h = dx->h, w = dx->w;
  const ig__image inside = ig__image_part(r, &r->in[0], s.top, s.left, h, w);
  r->k->copy_image(&inside, dx, r->n0, r->n1);
  if (s.mode == IG__PAD_ZERO) return;
  for (int row = 0; row < dy->h; row++) {
    const int i = source(&s, row, s.top, h);
    if (row < s.top || row >= s.top + h) add_piece(r, row, s.left, i, 0, w);
    EACH_OUTSIDE(x, s.left, w, dy->w) add_piece(r, row, x, i, source(&s, x, s.left, w), 1);
  }
}

static bool dx_probe(int index, ig__probe *p) { return ig__sides_probe(index, p, true); }

const ig__op ig__op_pad_dx = {
  .name = "pad_dx", .help = "gradient of pad to its input", .options_size = sizeof(ig__sides), .min_in = 1, .max_in = 1,
  .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_BLOCKED, .flags = IG__LINEAR, .infer = dx_infer, .derive = dx_derive,
  .run = IG__RUN_BOTH(dx_run), .probe = dx_probe };
