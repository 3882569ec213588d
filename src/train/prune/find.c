/* What may go. A channel is needed when an output of the model is made of it by weights that are not zero. Backwards from the
 * outputs, a filter that is needed needs the channels that its weights read; what is reached by nobody goes. A channel with the
 * same number everywhere need not be read either, when that number can stand in the biases behind it: after a convolution
 * without padding, or a dense layer, or when it is 0. Else it stays. */
#include "train/prune/prune.h"

#include "ops/conv_geometry.h"

#include <math.h>
#include <string.h>

int ig__prune_channels(const ig__prune *p, int line) { return p->first[line + 1] - p->first[line]; }

static int class_of(const ig__prune *p, int line, int channel) {
  int at = p->first[line] + channel;
  while (p->parent[at] != at) at = p->parent[at] = p->parent[p->parent[at]];
  return at;
}

bool ig__prune_keeps(const ig__prune *p, int line, int channel) { return p->kept[class_of(p, line, channel)]; }

int ig__prune_left(const ig__prune *p, int line) {
  int left = 0;
  for (int c = 0; c < ig__prune_channels(p, line); c++) left += ig__prune_keeps(p, line, c);
  return left;
}

static void join(ig__prune *p, int a, int ca, int b, int cb) {
  const int x = class_of(p, a, ca), y = class_of(p, b, cb);
  p->parent[x > y ? x : y] = x > y ? y : x;
}

/* ---- lines with weights ---------------------------------------------------------------------------------------------- */

static const ig__param *param_of(const ig__model *m, int line, const char *suffix) {
  for (size_t i = 0; i < m->param_count; i++)
    if (m->param[i].line == line && !strcmp(m->param[i].name + strlen(m->line[line].name) + 1, suffix)) return &m->param[i];
  return NULL;
}

/* Parameters that two lines use, or that are used twice, are left as they are. */
static bool shares(const ig__model *m, int line) {
  if (m->line[line].share >= 0) return true;
  for (size_t i = 0; i < m->line_count; i++)
    if (m->line[i].share == line) return true;
  return false;
}

static int groups_of(const ig__line *line) {
  const int row = ig__option_row(line->op->options, "groups");
  return *(const int *)(const void *)((const char *)line->options + line->op->options[row].offset);
}

static bool is_padded(const ig__prune *p, int line) {
  const ig__line *l = &p->model->line[line];
  ig__conv g;
  if (ig__conv_resolve("conv2d", l->options, &p->shape[l->in[0]], &g) != IG_OK) return true;
  return g.ph || g.pw || (g.oh - 1) * g.sh + (g.kh - 1) * g.dh + 1 > g.h || (g.ow - 1) * g.sw + (g.kw - 1) * g.dw + 1 > g.w;
}

bool ig__prune_cut_of(const ig__prune *p, int line, ig__prune_cut *out) {
  const ig__line *l = &p->model->line[line];
  const bool dense = l->op == &ig__op_dense, conv = l->op == &ig__op_conv2d, transposed = l->op == &ig__op_conv2d_transpose;
  if ((!dense && !conv && !transposed) || shares(p->model, line)) return false;
  *out = (ig__prune_cut){.weight = param_of(p->model, line, "weight"), .bias = param_of(p->model, line, "bias"), .in = l->in[0],
                         .transposed = transposed, .window = 1, .span = 1};
  const ig__shape *w = &out->weight->shape;
  out->outputs = w->dim[transposed];
  out->inputs = w->dim[!transposed];
  for (int k = 2; k < w->rank; k++) out->window *= w->dim[k];
  const int channels = ig__prune_channels(p, out->in), groups = dense ? 1 : groups_of(l);
  if (dense) out->span = out->inputs / channels;
  else out->padded = transposed || is_padded(p, line);
  out->depthwise = conv && groups > 1 && groups == channels && groups == out->outputs;
  out->grouped = groups > 1;
  return true;
}

double ig__prune_weight(const ig__prune *p, const ig__prune_cut *c, int o, int i, int k) {
  const int64_t at = c->transposed ? ((int64_t)i * c->outputs + o) * c->window + k : ((int64_t)o * c->inputs + i) * c->window + k;
  return ig__real_at(p->model->real_size, p->model->params, c->weight->offset + at);
}

/* Does output o read the channel by a weight that is not zero? */
static bool reads(const ig__prune *p, const ig__prune_cut *c, int o, int channel) {
  const int first = c->depthwise ? 0 : channel * c->span;
  for (int i = first; i < first + c->span; i++)
    for (int k = 0; k < c->window; k++)
      if (ig__prune_weight(p, c, o, i, k) != 0) return true;
  return false;
}

bool ig__prune_folds(const ig__prune *p, const ig__prune_cut *c, int channel) {
  const int at = p->first[c->in] + channel;
  return p->constant[at] && (p->value[at] == 0 || !c->padded);
}

double ig__prune_folded(const ig__prune *p, const ig__prune_cut *c, int o) {
  double sum = 0;
  for (int channel = 0; channel < ig__prune_channels(p, c->in) && !c->grouped; channel++) {
    if (ig__prune_keeps(p, c->in, channel)) continue;
    double weights = 0;
    for (int i = channel * c->span; i < (channel + 1) * c->span; i++)
      for (int k = 0; k < c->window; k++) weights += ig__prune_weight(p, c, o, i, k);
    const double value = p->value[p->first[c->in] + channel];
    if (p->constant[p->first[c->in] + channel]) sum += weights * value;
  }
  return sum;
}

/* ---- the same number everywhere ----------------------------------------------------------------------------------------- */

static bool is_constant(const ig__prune *p, int line, int channel) { return p->constant[p->first[line] + channel]; }

static bool cut_is_constant(const ig__prune *p, const ig__prune_cut *c, int o) {
  if (c->grouped && !c->depthwise) return false;
  if (c->depthwise) return !reads(p, c, o, o) || ig__prune_folds(p, c, o);
  for (int channel = 0; channel < ig__prune_channels(p, c->in); channel++)
    if (!ig__prune_folds(p, c, channel) && reads(p, c, o, channel)) return false;
  return true;
}

static bool norm_is_constant(const ig__prune *p, int line, int channel) {
  const ig__param *gamma = param_of(p->model, line, "gamma");
  if (is_constant(p, p->model->line[line].in[0], channel)) return true;
  return gamma && ig__real_at(p->model->real_size, p->model->params, gamma->offset + channel) == 0;
}

/* Of a concat: the line that channel c of its value comes from, and which one there. */
static int joined(const ig__prune *p, const ig__line *l, int *c) {
  int k = 0;
  while (*c >= ig__prune_channels(p, l->in[k])) *c -= ig__prune_channels(p, l->in[k++]);
  return l->in[k];
}

static int flattened(const ig__prune *p, int line) { /* numbers for each channel of the picture */
  return ig__prune_channels(p, line) / ig__prune_channels(p, p->model->line[line].in[0]);
}

/* Zeros around the picture of a pad leave a constant one only if that is zero; the other sides repeat what is there. */
static bool pad_keeps(const ig__prune *p, const ig__line *l, int channel) {
  const int mode = ig__option_row(l->op->options, "mode");
  const bool zeros = *(const int *)(const void *)((const char *)l->options + l->op->options[mode].offset) == 0;
  return is_constant(p, l->in[0], channel) && (!zeros || p->value[p->first[l->in[0]] + channel] == 0);
}

static bool find_constant(const ig__prune *p, int line, int c) {
  const ig__line *l = &p->model->line[line];
  ig__prune_cut cut;
  if (!l->op) return false;
  if (ig__prune_cut_of(p, line, &cut)) return cut_is_constant(p, &cut, c);
  if (l->op == &ig__op_batchnorm) return norm_is_constant(p, line, c);
  if (l->op == &ig__op_pad) return pad_keeps(p, l, c);
  if (l->op == &ig__op_flatten) return is_constant(p, l->in[0], c / flattened(p, line));
  if (l->op == &ig__op_concat) {
    const int from = joined(p, l, &c);
    return is_constant(p, from, c);
  }
  if (!(l->op->flags & IG__CHANNELWISE)) return false;
  for (int k = 0; k < l->in_count; k++)
    if (!is_constant(p, l->in[k], c)) return false;
  return true;
}

/* ---- classes --------------------------------------------------------------------------------------------------------------- */

static void keep_all(ig__prune *p, int line) {
  for (int c = 0; c < ig__prune_channels(p, line); c++) p->kept[class_of(p, line, c)] = true;
}

static void join_line(ig__prune *p, int line) {
  const ig__line *l = &p->model->line[line];
  ig__prune_cut cut;
  const bool cuts = l->op && ig__prune_cut_of(p, line, &cut);
  const bool same = l->op && (l->op == &ig__op_batchnorm || l->op == &ig__op_pad || l->op->flags & IG__CHANNELWISE || (cuts && cut.depthwise));
  for (int c = 0; same && c < ig__prune_channels(p, line); c++)
    for (int k = 0; k < l->in_count; k++) join(p, line, c, l->in[k], c);
  for (int c = 0; l->op == &ig__op_flatten && c < ig__prune_channels(p, line); c++) join(p, line, c, l->in[0], c / flattened(p, line));
  for (int c = 0; l->op == &ig__op_concat && c < ig__prune_channels(p, line); c++) {
    int at = c;
    const int from = joined(p, l, &at);
    join(p, line, c, from, at);
  }
}

/* The lines about which nothing is known, the input, the outputs, and what is shared: all their channels stay, in and out. */
static void keep_line(ig__prune *p, int line) {
  const ig__line *l = &p->model->line[line];
  ig__prune_cut cut;
  const bool cuts = l->op && ig__prune_cut_of(p, line, &cut);
  bool known = l->op && (cuts || l->op == &ig__op_batchnorm || l->op == &ig__op_pad || l->op == &ig__op_flatten || l->op == &ig__op_concat ||
                         l->op->flags & IG__CHANNELWISE);
  if (cuts && cut.grouped && !cut.depthwise) known = false;
  if (known && shares(p->model, line)) known = false;
  if (l->is_output || !known) keep_all(p, line);
  for (int k = 0; !known && k < l->in_count; k++) keep_all(p, l->in[k]);
}

/* What the filters that stay read; true when that was news. */
static bool follow(ig__prune *p, int line) {
  ig__prune_cut cut;
  bool news = false;
  if (!p->model->line[line].op || !ig__prune_cut_of(p, line, &cut) || cut.grouped) return false;
  for (int channel = 0; channel < ig__prune_channels(p, cut.in); channel++) {
    if (ig__prune_keeps(p, cut.in, channel) || ig__prune_folds(p, &cut, channel)) continue;
    for (int o = 0; o < cut.outputs; o++) {
      if (!ig__prune_keeps(p, line, o) || !reads(p, &cut, o, channel)) continue;
      p->kept[class_of(p, cut.in, channel)] = news = true;
      break;
    }
  }
  return news;
}

/* No line may be left without a channel. */
static bool keep_one(ig__prune *p) {
  for (int i = 0; i < (int)p->model->line_count; i++) {
    if (!ig__prune_channels(p, i) || ig__prune_left(p, i)) continue;
    return p->kept[class_of(p, i, 0)] = true;
  }
  return false;
}

static void find_kept(ig__prune *p) {
  const int lines = (int)p->model->line_count;
  for (int i = 0; i < lines; i++) join_line(p, i);
  for (int i = 0; i < lines; i++) keep_line(p, i);
  for (bool news = true; news;) {
    news = false;
    for (int i = lines - 1; i >= 0; i--) news |= follow(p, i);
    if (!news) news = keep_one(p);
  }
}

/* ---- values ---------------------------------------------------------------------------------------------------------------- */

static void take_values(ig__prune *p, const ig__plan *plan) {
  for (int i = 0; i < (int)p->model->line_count; i++) {
    const int channels = ig__prune_channels(p, i);
    const int64_t plane = channels ? ig__shape_count(&p->shape[i]) / channels : 0;
    for (int c = 0; c < channels; c++)
      p->value[p->first[i] + c] = ig__real_at(p->model->real_size, ig__plan_result(plan, i), c * plane);
  }
}

/* The first number of every channel of every line, on a black picture: where all numbers of a channel are the same, it is
 * that one. So it is made by the very ops whose place it takes. */
static ig_status run_black(ig__prune *p, ig__graph *graph, const ig__built *built) {
  const ig__model *m = p->model;
  const ig__input_options *in = &m->input;
  ig__plan_output *output = ig__alloc(m->line_count, sizeof *output);
  float *black = ig__alloc((size_t)in->channels * (size_t)in->height * (size_t)in->width, sizeof *black);
  ig__plan *plan = NULL;
  const uint64_t key = 0;
  ig_status status = output && black ? IG_OK : IG_NO_MEMORY;
  for (size_t i = 0; status == IG_OK && i < m->line_count; i++) output[i] = (ig__plan_output){built->line[i], -1};
  if (status == IG_OK)
    status = ig__plan_new(&plan, &(ig__plan_request){.graph = graph, .output = output, .output_count = (int)m->line_count,
                          .k = ig__kernels_for(p->context->isa, m->real_size), .param_offset = m->param_offset, .state_offset = m->state_offset});
  if (status == IG_OK) status = ig__plan_prepare(plan, ig__pool_threads(p->context->pool));
  if (status == IG_OK)
    status = ig__plan_run(plan, p->context->pool, &(ig__feed){.n = 1, .params = m->params, .state = m->states, .field = {black},
                          .loss_scale = 1, .step = {0, 0, &key}});
  if (status == IG_OK) take_values(p, plan);
  ig__plan_free(plan);
  ig__free(output);
  ig__free(black);
  return status;
}

static ig_status allocate(ig__prune *p, const ig__graph *graph, const ig__built *built) {
  const size_t lines = p->model->line_count;
  p->shape = ig__alloc(lines, sizeof *p->shape);
  p->first = ig__alloc(lines + 1, sizeof *p->first);
  if (!p->shape || !p->first) return IG_NO_MEMORY;
  for (size_t i = 0; i < lines; i++) {
    p->shape[i] = *ig__shape_of(graph, built->line[i]);
    p->first[i + 1] = p->first[i] + (p->shape[i].rank > 1 ? p->shape[i].dim[1] : 0);
  }
  const size_t all = (size_t)p->first[lines];
  p->parent = ig__alloc(all, sizeof *p->parent);
  p->kept = ig__alloc(all, sizeof *p->kept);
  p->constant = ig__alloc(all, sizeof *p->constant);
  p->value = ig__alloc(all, sizeof *p->value);
  if (!p->parent || !p->kept || !p->constant || !p->value) return IG_NO_MEMORY;
  for (size_t i = 0; i < all; i++) p->parent[i] = (int)i;
  return IG_OK;
}

ig_status ig__prune_find(ig_context *context, ig__model *model, ig__prune *out) {
  ig__graph *graph = NULL;
  ig__built built;
  *out = (ig__prune){.context = context, .model = model};
  ig_status status = ig__graph_new(&graph, ig__core_ops_get(), 1, false);
  if (status == IG_OK) status = ig__model_build(model, graph, IG__F32, &built);
  if (status == IG_OK) status = allocate(out, graph, &built);
  if (status == IG_OK) status = run_black(out, graph, &built);
  ig__graph_free(graph);
  IG__TRY(status);
  for (int i = 0; i < (int)model->line_count; i++)
    for (int c = 0; c < ig__prune_channels(out, i); c++) out->constant[out->first[i] + c] = find_constant(out, i, c);
  find_kept(out);
  return IG_OK;
}

void ig__prune_free(ig__prune *p) {
  ig__free(p->shape);
  ig__free(p->first);
  ig__free(p->parent);
  ig__free(p->kept);
  ig__free(p->constant);
  ig__free(p->value);
  *p = (ig__prune){0};
}
