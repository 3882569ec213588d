/* Pictures made larger by whole factors, by repeating pixels or between them. Its transpose, upsample2d_dx, gathers what a
 * pixel gave, so the two are closed under differentiation. */
#include "ops/dims.h"
#include "ops/ops.h"

enum { NEAREST, BILINEAR };
typedef struct upsample_options { ig__pair k; int mode; } upsample_options;

static const ig__word mode_words[] = {{"nearest", NEAREST}, {"bilinear", BILINEAR}, {NULL, 0}};

static const ig__option table[] = {
  IG__POSITIONAL(upsample_options, k, "2", 1, IG__MAX_UPSAMPLE, "", "how many times larger, height x width"),
  IG__OPTION_WORDS(upsample_options, mode, "nearest", 1, 0, "",
                   "nearest: pixels are repeated; bilinear: between them, centres of pixels aligned", mode_words),
  IG__OPTIONS_END,
};

/* Small and large picture of the probes: n, c, h, w, factors, mode. */
static const struct { int n, c, h, w; upsample_options options; } probes[] = {
  {1, 1, 1, 1, {{1, 1}, NEAREST}},  {2, 1, 3, 2, {{2, 2}, NEAREST}},   {1, 3, 2, 3, {{3, 2}, NEAREST}},
  {2, 15, 2, 1, {{2, 3}, NEAREST}}, {1, 16, 2, 2, {{2, 2}, NEAREST}},  {1, 17, 1, 3, {{2, 1}, NEAREST}},
  {1, 33, 1, 2, {{2, 2}, NEAREST}}, {3, 2, 2, 2, {{4, 4}, NEAREST}},   {1, 2, 3, 1, {{1, 5}, NEAREST}},
  {2, 5, 2, 2, {{3, 3}, NEAREST}},  {1, 1, 1, 1, {{3, 3}, BILINEAR}},  {1, 1, 1, 1, {{1, 1}, BILINEAR}},
  {2, 1, 3, 2, {{2, 2}, BILINEAR}}, {1, 3, 2, 3, {{3, 2}, BILINEAR}},  {2, 15, 2, 1, {{2, 3}, BILINEAR}},
  {1, 16, 2, 2, {{2, 2}, BILINEAR}}, {1, 17, 1, 3, {{2, 1}, BILINEAR}}, {1, 33, 1, 2, {{2, 2}, BILINEAR}},
  {3, 2, 2, 2, {{4, 4}, BILINEAR}}, {1, 2, 4, 3, {{3, 5}, BILINEAR}},  {2, 1, 5, 4, {{2, 2}, BILINEAR}},
  {1, 2, 3, 3, {{4, 1}, BILINEAR}},
};

static bool probe_of(int index, ig__probe *p, bool large) {
  if (index < 0 || index >= (int)(sizeof probes / sizeof probes[0])) return false;
  const ig__pair k = large ? probes[index].options.k : (ig__pair){1, 1};
  *p = (ig__probe){.options = &probes[index].options, .training = true, .n = probes[index].n, .in_count = 1};
  p->in[0].shape = ig__image_shape(p->n, probes[index].c, probes[index].h * k.a, probes[index].w * k.b);
  return true;
}

static ig_status infer(ig__infer *i) {
  const upsample_options *o = i->options;
  IG__TRY(ig__check_rank("upsample2d", i, 0, 4, true));
  IG__TRY(ig__check_real("upsample2d", i, 0));
  const int *dim = i->in[0]->shape.dim;
  if ((int64_t)dim[2] * o->k.a > INT32_MAX || (int64_t)dim[3] * o->k.b > INT32_MAX)
    return ig__fail(IG_BAD_MODEL, "upsample2d: %d×%d pixels taken %d×%d times are too many", dim[2], dim[3], o->k.a, o->k.b);
  i->out[0].shape = ig__image_shape(dim[0], dim[1], dim[2] * o->k.a, dim[3] * o->k.b);
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  d->gin[0] = ig__node1(d->graph, &ig__op_upsample2d_dx, d->node->options, d->gout[0]);
  return ig__graph_status(d->graph);
}

static void run(const ig__run *r) {
  const upsample_options *o = r->options;
  r->k->upsample2d(o->k.a, o->k.b, o->mode == BILINEAR, &r->in[0].image, &r->out[0].image, r->n0, r->n1);
}

static bool probe(int index, ig__probe *p) { return probe_of(index, p, false); }

const ig__op ig__op_upsample2d = {
  .name = "upsample2d",
  .help = "pictures made larger by whole factors (upsampling)",
  .options = table,
  .options_size = sizeof(upsample_options),
  .min_in = 1,
  .max_in = 1,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_BLOCKED,
  .flags = IG__CHANNELWISE | IG__LAYER | IG__LINEAR,
  .infer = infer,
  .derive = derive,
  .run = IG__RUN_BOTH(run),
  .probe = probe,
};

/* ---- the transpose -------------------------------------------------------------------------------------------------- */

static ig_status dx_infer(ig__infer *i) {
  const upsample_options *o = i->options;
  char text[96];
  IG__TRY(ig__check_rank("upsample2d_dx", i, 0, 4, true));
  IG__TRY(ig__check_real("upsample2d_dx", i, 0));
  const int *dim = i->in[0]->shape.dim;
  if (dim[2] % o->k.a || dim[3] % o->k.b)
    return ig__fail(IG_BAD_MODEL, "upsample2d_dx: %s is no multiple of %d×%d", ig__shape_text(text, &i->in[0]->shape), o->k.a,
                    o->k.b);
  i->out[0].shape = ig__image_shape(dim[0], dim[1], dim[2] / o->k.a, dim[3] / o->k.b);
  return IG_OK;
}

static ig_status dx_derive(ig__derive *d) {
  d->gin[0] = ig__node1(d->graph, &ig__op_upsample2d, d->node->options, d->gout[0]);
  return ig__graph_status(d->graph);
}

static void dx_run(const ig__run *r) {
  const upsample_options *o = r->options;
  r->k->upsample2d_dx(o->k.a, o->k.b, o->mode == BILINEAR, &r->in[0].image, &r->out[0].image, r->n0, r->n1);
}

static bool dx_probe(int index, ig__probe *p) { return probe_of(index, p, true); }

const ig__op ig__op_upsample2d_dx = {
  .name = "upsample2d_dx",
  .help = "gradient of upsample2d to its input",
  .options_size = sizeof(upsample_options),
  .min_in = 1,
  .max_in = 1,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_BLOCKED,
  .flags = IG__LINEAR,
  .infer = dx_infer,
  .derive = dx_derive,
  .run = IG__RUN_BOTH(dx_run),
  .probe = dx_probe,
};
