/* Windows over pictures: options to geometry and back, shapes, halos. */
#include "ops/conv_geometry.h"

#include "kernels/pack.h"
#include "ops/ops.h"

#include <limits.h>

static const ig__word pad_words[] = {{"same", IG__PAD_SAME}, {"valid", 0}, {NULL, 0}};

const ig__option ig__conv_option_table[] = {
  IG__POSITIONAL(ig__conv_options, filters, NULL, 1, 65536, "channels", "channels that come out (filters)"),
  IG__OPTION(ig__conv_options, k, "3", 1, 255, "pixels", "size of the kernel, height x width"),
  IG__OPTION(ig__conv_options, stride, "1", 1, 255, "pixels", "step from window to window"),
  IG__OPTION_WORDS(ig__conv_options, pad, "valid", 0, 255, "pixels", "zeros around the picture, on each side", pad_words),
  IG__OPTION(ig__conv_options, dilation, "1", 1, 255, "pixels", "distance of neighbouring kernel elements"),
  IG__OPTION(ig__conv_options, groups, "1", 1, 65536, "", "channels in and out are cut into so many separate convolutions"),
  IG__OPTION(ig__conv_options, bias, "yes", 0, 1, "", "add a bias to each channel"),
  IG__OPTION(ig__conv_options, init, "glorot_uniform", 0, 0, "", "initialiser of the weights"),
  IG__OPTIONS_END,
};

const ig__option ig__pool_option_table[] = {
  IG__POSITIONAL(ig__pool_options, k, "2", 1, 255, "pixels", "size of the window, height x width"),
  IG__OPTION(ig__pool_options, stride, "0", 0, 255, "pixels", "step from window to window; 0: as k"),
  IG__OPTION_WORDS(ig__pool_options, pad, "valid", 0, 254, "pixels", "rows and columns around the picture, never read",
                   pad_words),
  IG__OPTIONS_END,
};

/* ---- options → geometry ------------------------------------------------------------------------------------------- */

/* One dimension: `size` pixels, a window that spans `span` pixels. False: nothing fits. */
static bool resolve_axis(int size, int span, int stride, int pad, int *out, int *before) {
  if (pad == IG__PAD_SAME) {
    *out = (size - 1) / stride + 1;
    int total = (*out - 1) * stride + span - size;
    *before = total > 0 ? total / 2 : 0;
    return true;
  }
  int64_t room = (int64_t)size + 2 * (int64_t)pad - span;
  if (room < 0) return false;
  *out = (int)(room / stride) + 1;
  *before = pad;
  return true;
}

static ig_status resolve_window(const char *what, ig__pair pad, const ig__shape *x, ig__conv *g) {
  char text[96];
  if (!ig__shape_is_image(x))
    return ig__fail(IG_BAD_MODEL, "%s takes pictures, n×c×h×w, and its input is %s", what, ig__shape_text(text, x));
  g->c_in = x->dim[1];
  g->h = x->dim[2];
  g->w = x->dim[3];
  int span_h = (g->kh - 1) * g->dh + 1, span_w = (g->kw - 1) * g->dw + 1;
  if (!resolve_axis(g->h, span_h, g->sh, pad.a, &g->oh, &g->ph) || !resolve_axis(g->w, span_w, g->sw, pad.b, &g->ow, &g->pw))
    return ig__fail(IG_BAD_MODEL,
                    "%s: the window of %d×%d pixels is larger than the picture of %d×%d with its padding of %d×%d (pad=same "
                    "would fit)",
                    what, span_h, span_w, g->h, g->w, pad.a < 0 ? 0 : pad.a, pad.b < 0 ? 0 : pad.b);
  return IG_OK;
}

ig_status ig__conv_resolve(const char *what, const ig__conv_options *o, const ig__shape *x, ig__conv *g) {
  *g = (ig__conv){.c_out = o->filters, .kh = o->k.a, .kw = o->k.b, .sh = o->stride.a, .sw = o->stride.b,
                  .dh = o->dilation.a, .dw = o->dilation.b, .groups = o->groups};
  IG__TRY(resolve_window(what, o->pad, x, g));
  if (g->c_in % g->groups || g->c_out % g->groups)
    return ig__fail(IG_BAD_MODEL, "%s: groups=%d must divide the %d channels that come in and the %d that go out", what,
                    g->groups, g->c_in, g->c_out);
  double weights = ((double)g->c_in + IG__BLOCK) * ((double)g->c_out + IG__BLOCK) * g->kh * g->kw;
  if (weights > INT_MAX)
    return ig__fail(IG_BAD_MODEL, "%s: %d×%d×%d×%d weights are more than 2^31", what, g->c_out, g->c_in, g->kh, g->kw);
  return IG_OK;
}

ig_status ig__pool_resolve(const char *what, const ig__pool_options *o, const ig__shape *x, ig__conv *g) {
  *g = (ig__conv){.kh = o->k.a, .kw = o->k.b, .sh = o->stride.a ? o->stride.a : o->k.a,
                  .sw = o->stride.b ? o->stride.b : o->k.b, .dh = 1, .dw = 1, .groups = 1};
  /* A window that lies in the padding alone would have no maximum and no mean. */
  if (o->pad.a >= g->kh || o->pad.b >= g->kw)
    return ig__fail(IG_BAD_MODEL, "%s: pad=%dx%d must be smaller than the window of %d×%d pixels", what, o->pad.a, o->pad.b,
                    g->kh, g->kw);
  IG__TRY(resolve_window(what, o->pad, x, g));
  g->c_out = g->c_in;
  return IG_OK;
}

/* ---- geometry → options ------------------------------------------------------------------------------------------- */

static int pad_of(int size, int k, int dilation, int stride, int before, int out) {
  int symmetric, same;
  bool fits = resolve_axis(size, (k - 1) * dilation + 1, stride, before, &symmetric, &same);
  return fits && symmetric == out ? before : IG__PAD_SAME;
}

static ig__pair pads_of(const ig__conv *g) {
  return (ig__pair){pad_of(g->h, g->kh, g->dh, g->sh, g->ph, g->oh), pad_of(g->w, g->kw, g->dw, g->sw, g->pw, g->ow)};
}

ig__conv_options ig__conv_options_of(const ig__conv *g) {
  return (ig__conv_options){.filters = g->c_out, .k = {g->kh, g->kw}, .stride = {g->sh, g->sw}, .pad = pads_of(g),
                            .dilation = {g->dh, g->dw}, .groups = g->groups, .bias = false, .init = "glorot_uniform"};
}

ig__pool_options ig__pool_options_of(const ig__conv *g) {
  return (ig__pool_options){.k = {g->kh, g->kw}, .stride = {g->sh, g->sw}, .pad = pads_of(g)};
}

/* ---- shapes ------------------------------------------------------------------------------------------------------- */

ig__shape ig__conv_input_shape(const ig__conv *g, int n) {
  return ig__shape_make(4, (int[]){n, g->c_in, g->h, g->w}, true);
}

ig__shape ig__conv_output_shape(const ig__conv *g, int n) {
  return ig__shape_make(4, (int[]){n, g->c_out, g->oh, g->ow}, true);
}

ig__shape ig__conv_weight_shape(const ig__conv *g) {
  return ig__shape_make(4, (int[]){g->c_out, g->c_in / g->groups, g->kh, g->kw}, false);
}

ig_status ig__expect_shape(const char *what, const ig__infer *i, int index, const ig__shape *want) {
  char a[96], b[96];
  if (ig__shape_equal(&i->in[index]->shape, want)) return IG_OK;
  return ig__fail(IG_BAD_MODEL, "%s: input %d should be %s and is %s", what, index, ig__shape_text(a, want),
                  ig__shape_text(b, &i->in[index]->shape));
}

/* ---- halos, packs ------------------------------------------------------------------------------------------------- */

static int larger(int a, int b) { return a > b ? a : b; }

static int axis_reach(int out, int k, int stride, int pad, int dilation) { return (out - 1) * stride - pad + (k - 1) * dilation + 1; }

ig__pair ig__conv_reach(const ig__conv *g) {
  return (ig__pair){axis_reach(g->oh, g->kh, g->sh, g->ph, g->dh), axis_reach(g->ow, g->kw, g->sw, g->pw, g->dw)};
}

/* Before the first pixel the windows reach `pad` pixels out; past the last one, as far as the last window ends. */
static int axis_halo(int size, int out, int k, int stride, int pad, int dilation) {
  return larger(pad, axis_reach(out, k, stride, pad, dilation) - size);
}

int ig__conv_halo(const ig__conv *g) {
  int rows = axis_halo(g->h, g->oh, g->kh, g->sh, g->ph, g->dh), columns = axis_halo(g->w, g->ow, g->kw, g->sw, g->pw, g->dw);
  return larger(0, larger(rows, columns));
}

int ig__conv_dx_halo(const ig__conv *g) {
  int halo = 0;
  if (g->sh == 1) halo = larger(halo, axis_halo(g->oh, g->h, g->kh, 1, (g->kh - 1) * g->dh - g->ph, g->dh));
  if (g->sw == 1) halo = larger(halo, axis_halo(g->ow, g->w, g->kw, 1, (g->kw - 1) * g->dw - g->pw, g->dw));
  return halo;
}

double ig__conv_work(const ig__conv *g, int n) {
  return (double)n * g->c_out * g->oh * g->ow * (g->c_in / g->groups) * g->kh * g->kw;
}

int64_t ig__conv_pack_count(const ig__conv *g, ig__pack form) { return (int64_t)ig__pack_count(g, form); }

/* A first layer's 1 to 4 channels would fill a quarter of a block at most: it reads the plain picture. An image that the plan
 * has made is blocked already and stays so. */
ig__pack ig__conv_forward_form(const ig__conv *g, const ig__graph *graph, ig__value x) {
  const ig__node *producer = ig__tensor_of(graph, x)->node;
  bool plain = !producer || producer->op->layout == IG__LAYOUT_PLAIN;
  return ig__pack_forward(g, plain && g->c_in <= 4 ? 1 : IG__BLOCK);
}
