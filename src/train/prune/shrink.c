/* The smaller model: its text parsed, its parameters and running states cut out of the larger one's. */
#include "train/prune/prune.h"

#include "base/text.h"

#include <string.h>

/* What is kept of a dimension: of the channels of line `line`, `span` numbers each; −1: all. */
typedef struct side { int line, span; } side;

static bool side_keeps(const ig__prune *p, side s, int i) { return s.line < 0 || ig__prune_keeps(p, s.line, i / s.span); }

/* The elements of `from` (rows × columns × window) that are kept, one after the other; answers how many. */
static int64_t copy(const ig__prune *p, const void *source, int64_t offset, const ig__shape *shape, side rows, side columns, const ig__model *to,
                    void *array, int64_t at) {
  const int64_t first = at;
  const int r_count = shape->dim[0], c_count = shape->rank > 1 ? shape->dim[1] : 1;
  int64_t window = 1;
  for (int k = 2; k < shape->rank; k++) window *= shape->dim[k];
  for (int r = 0; r < r_count; r++)
    for (int c = 0; c < c_count && side_keeps(p, rows, r); c++)
      for (int64_t k = 0; k < window && side_keeps(p, columns, c); k++)
        ig__real_put(to->real_size, array, at++, ig__real_at(p->model->real_size, source, offset + ((int64_t)r * c_count + c) * window + k));
  return at - first;
}

/* The parts of a parameter that are kept: of the weights of convolutions and dense layers by what goes in and out; of all others
 * with one number a channel by what comes out; of what is left as it is, everything. */
static void sides_of(const ig__prune *p, int line, const ig__param *param, side *rows, side *columns) {
  const side all = {-1, 1}, out = {line, 1};
  ig__prune_cut cut;
  *rows = *columns = all;
  if (!ig__prune_cut_of(p, line, &cut)) {
    if (p->model->line[line].op == &ig__op_batchnorm && p->model->line[line].share < 0) *rows = out;
    return;
  }
  if (cut.grouped && !cut.depthwise) return;
  *rows = out;
  if (param != cut.weight || cut.depthwise) return;
  const side in = {cut.in, cut.span};
  *rows = cut.transposed ? in : out;
  *columns = cut.transposed ? out : in;
}

/* The parameter of the larger model that became this one, or NULL: a new bias. */
static const ig__param *origin(const ig__prune *p, const ig__model *to, const ig__param *param) {
  const char *suffix = param->name + strlen(to->line[param->line].name);
  for (size_t i = 0; i < p->model->param_count; i++) {
    const ig__param *old = &p->model->param[i];
    if (old->line == param->line && !strcmp(old->name + strlen(p->model->line[old->line].name), suffix)) return old;
  }
  return NULL;
}

static ig_status check_count(const ig__param *param, int64_t count) {
  if (count == param->count) return IG_OK;
  return ig__fail(IG_FAILED, "%s: %lld numbers are left, and the smaller model wants %lld", param->name, (long long)count, (long long)param->count);
}

static void fold(const ig__prune *p, const ig__model *to, const ig__param *bias) {
  ig__prune_cut cut;
  if (!ig__prune_cut_of(p, bias->line, &cut)) return;
  for (int o = 0, at = 0; o < cut.outputs; o++) {
    if (!ig__prune_keeps(p, bias->line, o)) continue;
    const int64_t place = bias->offset + at++;
    ig__real_put(to->real_size, to->params, place, ig__real_at(to->real_size, to->params, place) + ig__prune_folded(p, &cut, o));
  }
}

static ig_status fill_params(const ig__prune *p, ig__model *to) {
  for (size_t i = 0; i < to->param_count; i++) {
    const ig__param *param = &to->param[i], *old = origin(p, to, param);
    side rows, columns;
    if (old) {
      sides_of(p, old->line, old, &rows, &columns);
      IG__TRY(check_count(param, copy(p, p->model->params, old->offset, &old->shape, rows, columns, to, to->params, param->offset)));
    }
    const ig__op *op = to->line[param->line].op;
    if (param->kind == IG__PARAM_BIAS && (op == &ig__op_conv2d || op == &ig__op_dense)) fold(p, to, param);
  }
  return IG_OK;
}

/* The line that a running state belongs to: the one with the longest name that the state's begins with. */
static int line_of(const ig__model *m, const char *state) {
  int found = -1;
  size_t longest = 0;
  for (size_t i = 1; i < m->line_count; i++) {
    const size_t length = strlen(m->line[i].name);
    if (length <= longest || strncmp(state, m->line[i].name, length) || state[length] != '.') continue;
    longest = length;
    found = (int)i;
  }
  return found;
}

static ig_status fill_states(const ig__prune *p, ig__model *to) {
  for (size_t i = 0; i < to->state_count; i++) {
    const ig__state *state = &to->state[i], *old = &p->model->state[i];
    const int line = line_of(p->model, old->name);
    const bool cut = line >= 0 && p->model->line[line].op == &ig__op_batchnorm && p->model->line[line].share < 0;
    const int64_t count = copy(p, p->model->states, old->offset, &old->shape, (side){cut ? line : -1, 1}, (side){-1, 1}, to, to->states, state->offset);
    if (count != state->count) return ig__fail(IG_FAILED, "%s: %lld numbers are left, and %lld are wanted", state->name, (long long)count, (long long)state->count);
  }
  return IG_OK;
}

static ig_status fill(const ig__prune *p, const ig__own_ops *own, const ig__buffer *text, ig__model **out) {
  const ig__model *m = p->model;
  IG__TRY(ig__model_parse_with(own, (const char *)text->data, text->size, m->name, m->class_count, out));
  ig__model *to = *out;
  if (to->line_count != m->line_count || to->output_count != m->output_count)
    return ig__fail(IG_FAILED, "the smaller model has %zu lines, the larger %zu", to->line_count, m->line_count);
  IG__TRY(ig__model_bind(to, m->real_size, 0));
  if (to->state_count != m->state_count)
    return ig__fail(IG_FAILED, "the smaller model has %zu running states, the larger %zu", to->state_count, m->state_count);
  IG__TRY(fill_params(p, to));
  IG__TRY(fill_states(p, to));
  if (m->loss && !(to->loss = ig__strdup(m->loss))) return IG_NO_MEMORY;
  if (m->lambda && !(to->lambda = ig__strdup(m->lambda))) return IG_NO_MEMORY;
  if (!m->class_name) return IG_OK;
  to->class_name = ig__alloc((size_t)m->class_count, sizeof *to->class_name);
  if (!to->class_name) return IG_NO_MEMORY;
  memcpy(to->class_name, m->class_name, (size_t)m->class_count * sizeof *to->class_name);
  return IG_OK;
}

ig_status ig__prune_shrink(const ig__prune *p, const char *from, ig__model **out) {
  ig__buffer text = {0};
  *out = NULL;
  ig_status status = ig__prune_write(p, from, &text);
  if (status == IG_OK) status = fill(p, &p->context->ops, &text, out);
  ig__buffer_free(&text);
  if (status == IG_OK) return IG_OK;
  ig__model_free(*out);
  *out = NULL;
  return status;
}
