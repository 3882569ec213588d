/* Inside the network: the first layer's filters as pictures, and the size and the exact zeros of every tensor. */
#include "base/text.h"
#include "train/regularise.h"
#include "train/report/report.h"

#include <math.h>

#define FILTERS 64
#define FIRST_LAYER_BYTES (3 * 64 * 64)  /* floats of one filter: more is no picture for a page */
#define ROWS 500

static double weight(const ig__model *m, const ig__param *p, int64_t i) {
  return ig__real_at(m->real_size, m->params, p->offset + i);
}

/* The size of one filter as a picture: a convolution's own; a dense row has the size of the model's input. False: neither. */
static bool filter_shape(const ig__model *m, const ig__param *p, int *channels, int *height, int *width) {
  if (p->shape.rank == 4) {
    *channels = p->shape.dim[1];
    *height = p->shape.dim[2];
    *width = p->shape.dim[3];
  } else {
    *channels = m->input.channels;
    *height = m->input.height;
    *width = m->input.width;
    if (p->shape.rank != 2 || p->shape.dim[1] != (int64_t)*channels * *height * *width) return false;
  }
  return (int64_t)*channels * *height * *width <= FIRST_LAYER_BYTES;
}

/* Grey, or colour when it has three channels, is 0; black and white are ± the filter's largest weight. */
static ig_status filter(const ig__model *m, const ig__param *p, int f, int c, int h, int w, float *v, ig__buffer *out) {
  int64_t count = (int64_t)c * h * w;
  float most = 0;
  char alt[32];
  ig__raster raster;
  for (int64_t i = 0; i < count; i++) {
    v[i] = (float)weight(m, p, f * count + i);
    if (fabsf(v[i]) > most) most = fabsf(v[i]);
  }
  ig__snprintf(alt, sizeof alt, "filter %d", f + 1);
  IG__TRY(ig__raster_from_floats(&raster, v, c, h, w, 64, -most, most));
  ig_status status = ig__html_picture(out, &raster, 64, alt);
  ig__raster_free(&raster);
  return status;
}

static ig_status filters(const ig__model *m, const ig__param *p, ig__buffer *out) {
  int c, h, w, all = p->shape.dim[0], shown = all < FILTERS ? all : FILTERS;
  if (!filter_shape(m, p, &c, &h, &w)) return IG_OK;
  if ((int64_t)c * h * w > 32 * 32 * 3 && shown > FILTERS / 2) shown = FILTERS / 2;
  float *v = ig__alloc((size_t)c * (size_t)h * (size_t)w, sizeof *v);
  ig_status status = v ? IG_OK : IG_NO_MEMORY;
  ig__html_section(out, "filters", "Filters of the first layer");
  ig__buffer_text(out, "<p class=\"soft\">");
  ig__html_name(out, p->name, 60);
  ig__buffer_text(out, ": %d of %d filters, %d×%d×%d. Middle grey is 0; the brightest and the darkest are ± the filter's largest weight.%s</p>\n"
                       "<div class=\"strip\">\n", shown, all, c, h, w, c == 2 || c > 3 ? " Only the first channels are shown." : "");
  for (int f = 0; f < shown && status == IG_OK; f++) status = filter(m, p, f, c, h, w, v, out);
  ig__buffer_text(out, "</div>\n");
  ig__html_section_end(out);
  ig__free(v);
  return status;
}

static void layer_row(const ig__model *m, const ig__param *p, ig__buffer *out) {
  char shape[96];
  double squares = 0, most = 0;
  const ig__zeros z = ig__zeros_of(m, p);
  for (int64_t i = 0; i < p->count; i++) {
    double v = weight(m, p, i);
    squares += v * v;
    if (fabs(v) > most) most = fabs(v);
  }
  ig__buffer_text(out, "<tr><td class=\"l\">");
  ig__html_name(out, p->name, 60);
  ig__buffer_text(out, "%s</td><td>%s</td>", p->frozen ? " <small>frozen</small>" : "", ig__shape_text(shape, &p->shape));
  ig__html_cell(out, IG__UNIT_COUNT, (double)p->count, "param.%s.count", p->name);
  ig__html_cell(out, IG__UNIT_PLAIN, sqrt(squares), "param.%s.norm", p->name);
  ig__html_cell(out, IG__UNIT_PLAIN, p->count ? sqrt(squares / (double)p->count) : 0, "param.%s.rms", p->name);
  ig__html_cell(out, IG__UNIT_PLAIN, most, "param.%s.largest", p->name);
  ig__html_cell(out, IG__UNIT_COUNT, (double)z.zeros, "param.%s.zeros", p->name);
  double share = p->count ? (double)z.zeros / (double)p->count : 0;
  ig__html_cell(out, IG__UNIT_SHARE, share, "param.%s.zeros.share", p->name);
  ig__html_bar(out, share);
  ig__html_cell(out, IG__UNIT_COUNT, z.filters ? (double)z.dead : (double)NAN, "param.%s.dead", p->name);
  ig__buffer_text(out, "</tr>\n");
}

ig_status ig__report_weights(const ig__run_view *view, ig__buffer *out) {
  const ig__model *m = view->model;
  if (!m) return IG_OK;
  size_t first = 0;
  while (first < m->param_count && m->param[first].kind != IG__PARAM_WEIGHT) first++;
  if (first < m->param_count) IG__TRY(filters(m, &m->param[first], out));
  ig__html_section(out, "layers", "Layers: size of the weights, exact zeros, dead filters");
  if (m->param_count > ROWS) ig__buffer_text(out, "<p class=\"soft\">The first %d of %zu tensors.</p>\n", ROWS, m->param_count);
  ig__html_table(out, "<tensor|shape|numbers|‖w‖₂|root mean square|largest|exact zeros|share||dead filters");
  for (size_t i = 0; i < m->param_count && i < ROWS; i++) layer_row(m, &m->param[i], out);
  ig__html_table_end(out);
  ig__html_section_end(out);
  return IG_OK;
}
