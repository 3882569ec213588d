/* The rules that all lowered forms of a convolution share. */
#include "ops/conv_lowered.h"

#include "kernels/pack.h"

#include <string.h>

/* What comes after x and the weights of a forward pass. */
static ig_status expect_epilogue(const ig__infer *i, const char *what, const ig__shape *y) {
  const ig__conv_lowered *o = i->options;
  ig__shape factors = ig__shape_make(1, (int[]){ig__blocks(o->g.c_out) * IG__BLOCK}, false);
  int next = 2;
  if (o->scale) IG__TRY(ig__expect_shape(what, i, next++, &factors));
  if (o->bias) next++; /* a parameter, or padded as the factors are */
  if (o->add) IG__TRY(ig__expect_shape(what, i, next++, y));
  return i->in_count == next ? IG_OK : ig__fail(IG_BAD_MODEL, "%s: %d inputs instead of %d", what, i->in_count, next);
}

ig__epilogue ig__conv_epilogue(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  ig__epilogue e = {.relu = o->relu};
  int next = 2;
  if (o->scale) e.scale = r->in[next++].data;
  if (o->bias) e.bias = r->in[next++].data;
  if (o->add) e.add = &r->in[next++].image;
  return e;
}

static ig__image cut(const ig__image *whole, int h, int w) {
  ig__image image = *whole;
  image.h = h;
  image.w = w;
  return image;
}

/* Part 0 fills: what the others write is elsewhere. */
ig__conv_pictures ig__conv_dx_pictures(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  const ig__conv *g = &o->g;
  const ig__image *dx = &r->out[0].image;
  const int64_t real = (int64_t)r->k->real_size, blocks = ig__blocks(dx->c);
  const bool fills = r->part == 0 && (g->h < dx->h || g->w < dx->w);
  for (int64_t i = r->n0 * blocks; fills && i < r->n1 * blocks; i++)
    for (int row = 0; row < dx->h; row++) {
      const int from = row < g->h ? g->w : 0;
      const int64_t at = i / blocks * dx->n_pitch + i % blocks * dx->c_pitch + row * dx->h_pitch + (int64_t)from * IG__BLOCK;
      memset((char *)dx->data + at * real, 0, (size_t)((dx->w - from) * IG__BLOCK * real));
    }
  return (ig__conv_pictures){cut(&r->in[0].image, g->oh, g->ow), cut(dx, g->h, g->w)};
}

ig_status ig__conv_lowered_infer(ig__infer *i, const char *what, ig__conv_pass pass) {
  const ig__conv_lowered *o = i->options;
  int n = i->graph->n;
  ig__shape x = ig__conv_input_shape(&o->whole, n), y = ig__conv_output_shape(&o->whole, n);
  ig__shape packed = ig__shape_make(1, (int[]){(int)o->count}, false);
  IG__TRY(ig__expect_shape(what, i, 0, pass == IG__CONV_DX ? &y : &x));
  IG__TRY(ig__expect_shape(what, i, 1, pass == IG__CONV_DW ? &y : &packed));
  if (pass == IG__CONV_FORWARD) IG__TRY(expect_epilogue(i, what, &y));
  i->out[0].shape = pass == IG__CONV_FORWARD ? y : pass == IG__CONV_DX ? x : ig__conv_weight_shape(&o->g);
  return IG_OK;
}

ig_status ig__conv_pack_infer(ig__infer *i, const char *what) {
  const ig__conv_lowered *o = i->options;
  ig__shape w = ig__conv_weight_shape(&o->g);
  IG__TRY(ig__expect_shape(what, i, 0, &w));
  i->out[0].shape = ig__shape_make(1, (int[]){(int)o->count}, false);
  return IG_OK;
}

int ig__conv_lowered_halo(const ig__run *r, int input) {
  const ig__conv_lowered *o = r->options;
  return input == 0 ? ig__conv_halo(&o->g) : 0;
}

int ig__conv_lowered_dx_halo(const ig__run *r, int input) {
  const ig__conv_lowered *o = r->options;
  return input == 0 ? ig__conv_dx_halo(&o->g) : 0;
}

/* A first layer reads the plain picture. */
ig__layout ig__conv_lowered_layout(const ig__run *r, int input) {
  const ig__conv_lowered *o = r->options;
  return input == 0 && o->form == IG__PACK_FORWARD_PLAIN_X ? IG__LAYOUT_PLAIN : IG__LAYOUT_BLOCKED;
}

/* Pieces of a pass that writes `channels` channels of n pictures: one, since chunks of pictures cut it already. But a single
 * large picture has nothing else to be cut by; kernels work on pairs of blocks, and waking threads costs about what a million
 * multiply-adds do. And four million weights leave no room for pictures in a core's cache, so that every chunk would fetch all of
 * them again: there a part takes all pictures through 64 channels' weights instead. Measured on the layers of a ResNet-18, batch
 * 64: parts take 322 → 149 µs a picture off 512 → 512 channels and add 93 → 126 to 256 → 256. Inference, where a chunk reads and
 * writes less besides, gains from one million weights on: batch 32 on two threads, 62 → 32 ms. */
#define LARGE 22      /* powers of two */
#define LARGE_KEPT 20

static int parts_of(const ig__conv_lowered *o, int channels, int n) {
  if (n == 1) return ig__conv_work(&o->g, 1) > 2e6 ? (channels + 2 * IG__BLOCK - 1) / (2 * IG__BLOCK) : 1;
  const int blocks = o->m & IG__BF16 ? 8 : 4; /* half the bytes, and products that outweigh the transforms less */
  return o->count > (int64_t)1 << (o->kept ? LARGE_KEPT : LARGE) ? (channels + blocks * IG__BLOCK - 1) / (blocks * IG__BLOCK) : 1;
}

int ig__conv_lowered_parts(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  return parts_of(o, o->g.c_out, r->n);
}

int ig__conv_lowered_dx_parts(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  return parts_of(o, o->g.c_in, r->n);
}

/* Blocks of the form's outer channels; pieces of less than 64 KiB or so are not worth handing out. */
int ig__conv_pack_parts(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  int64_t blocks = ig__pack_blocks(&o->g, o->form), worth = 1 + o->count / 16384;
  return (int)(blocks < worth ? blocks : worth);
}

size_t ig__conv_lowered_partial(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  return (size_t)o->count;
}

double ig__conv_lowered_work(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  return ig__conv_work(&o->whole, r->in[0].shape.dim[0]);
}
