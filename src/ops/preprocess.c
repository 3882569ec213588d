/* What an input line does to its pictures: y = (x·scale − mean)/std, mean and std for all channels or one each. From bytes or
 * floats to a plain picture of the plan's real type. */
#include "ops/dims.h"
#include "ops/ops.h"
#include "ops/spans.h"

typedef struct preprocess_options { double scale; ig__list mean, std; } preprocess_options;

static const ig__option table[] = {
  IG__OPTION(preprocess_options, scale, "1", -1e6, 1e6, "", "factor of every value, first (1/255 for bytes)"),
  IG__OPTION(preprocess_options, mean, "", -1e6, 1e6, "", "is subtracted then: one number, or one for each channel"),
  IG__OPTION(preprocess_options, std, "", 1e-6, 1e6, "", "is divided by last: one number, or one for each channel"),
  IG__OPTIONS_END,
};

static ig_status check_list(const char *name, const ig__list *list, int channels) {
  if (list->count <= 1 || list->count == channels) return IG_OK;
  return ig__fail(IG_BAD_MODEL, "preprocess: %s has %d numbers, the picture has %d channels", name, list->count, channels);
}

static ig_status infer(ig__infer *i) {
  const preprocess_options *o = i->options;
  IG__TRY(ig__check_rank("preprocess", i, 0, 4, true));
  if (i->in[0]->dtype == IG__I32) return ig__fail(IG_BAD_MODEL, "preprocess takes bytes or floats, got 32-bit integers");
  IG__TRY(check_list("mean", &o->mean, i->in[0]->shape.dim[1]));
  IG__TRY(check_list("std", &o->std, i->in[0]->shape.dim[1]));
  i->out[0].shape = i->in[0]->shape;
  return IG_OK;
}

/* The same factors without the shift. */
static ig_status derive(ig__derive *d) {
  preprocess_options o = *(const preprocess_options *)d->node->options;
  o.mean.count = 0;
  if (d->wanted[0]) d->gin[0] = ig__node1(d->graph, &ig__op_preprocess, &o, d->gout[0]);
  return ig__graph_status(d->graph);
}

static double number(const ig__list *list, int channel, double otherwise) {
  return list->count == 0 ? otherwise : list->v[list->count == 1 ? 0 : channel];
}

/* y = x·a[c] + b[c], row by row: pictures may have a halo. */
#define AFFINE_ROWS(from, to)                                                                                    \
  static void rows_##from##_##to(const ig__run *r, const double *a, const double *b) {                           \
    const ig__image *x = &r->in[0].image, *y = &r->out[0].image;                                                 \
    for (int n = r->n0; n < r->n1; n++)                                                                          \
      for (int c = 0; c < y->c; c++)                                                                             \
        for (int row = 0; row < y->h; row++) {                                                                   \
          const from *p = (const from *)x->data + ig__image_at(x, n, c, row, 0);                                 \
          to *q = (to *)y->data + ig__image_at(y, n, c, row, 0);                                                 \
          for (int i = 0; i < y->w; i++) q[i] = (to)p[i] * (to)a[c] + (to)b[c];                                  \
        }                                                                                                        \
  }
AFFINE_ROWS(float, float)
AFFINE_ROWS(float, double)
AFFINE_ROWS(double, double)

static void run(const ig__run *r) {
  const preprocess_options *o = r->options;
  int channels = r->in[0].shape.dim[1];
  double *a = r->scratch, *b = a + channels;
  for (int c = 0; c < channels; c++) {
    double std = number(&o->std, c, 1);
    a[c] = o->scale / std;
    b[c] = -number(&o->mean, c, 0) / std;
  }
  if (r->in[0].dtype == IG__U8) r->k->image_from_u8(r->in[0].data, a, b, &r->out[0].image, r->n0, r->n1);
  else if (r->k->real_size == 4) rows_float_float(r, a, b);
  else if (r->in[0].dtype == IG__F32) rows_float_double(r, a, b);
  else rows_double_double(r, a, b);
}

static size_t scratch(const ig__run *r) { return 2 * sizeof(double) * (size_t)r->in[0].shape.dim[1]; }

static bool probe(int index, ig__probe *p) {
  static const int shape[][4] = {
    {1, 1, 1, 1}, {2, 1, 3, 5}, {1, 3, 5, 7}, {2, 3, 4, 3}, {1, 15, 3, 3}, {1, 16, 2, 5}, {2, 16, 3, 1}, {1, 17, 1, 7},
    {1, 33, 3, 2}, {3, 2, 2, 2}, {2, 17, 2, 3}, {1, 32, 3, 3}, {5, 1, 2, 7}, {4, 3, 1, 1}, {1, 4, 5, 5}, {2, 4, 3, 4},
    {1, 3, 9, 9}, {1, 1, 17, 16}, {1, 2, 1, 33}, {1, 2, 33, 1}, {3, 3, 4, 7}, {7, 1, 6, 5}};
  static const preprocess_options one = {2, {1, {0.5}}, {1, {0.25}}}, none = {-0.5, {0, {0}}, {0, {0}}},
                                  three = {1, {3, {0.5, -1, 0}}, {3, {1, 2, 0.5}}};
  if (index < 0 || index >= (int)(sizeof shape / sizeof shape[0])) return false;
  const int *dim = shape[index];
  *p = (ig__probe){.options = dim[1] == 3 ? &three : index % 2 ? &one : &none, .n = dim[0], .in_count = 1};
  p->in[0].shape = ig__shape_make(4, dim, true);
  return true;
}

const ig__op ig__op_preprocess = {
  .name = "preprocess",
  .help = "from bytes or floats to normalised pictures: (x*scale - mean)/std",
  .options = table,
  .options_size = sizeof(preprocess_options),
  .min_in = 1,
  .max_in = 1,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_PLAIN,
  .flags = IG__LINEAR,
  .infer = infer,
  .derive = derive,
  .run = IG__RUN_BOTH(run),
  .scratch = scratch,
  .probe = probe,
};
