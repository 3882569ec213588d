/* Which penalties act on which parameters, and how strongly: --l2 and --l1, what lines of the model say in their place, then
 * --penalty, an entry after the other; a later entry takes the place of an earlier one of the same name where both act. */
#include "train/regularise.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

/* Resolving is linear in λ, where there is one. */
static double unit_of(const ig__acting *a, double pictures) {
  const int row = ig__option_row(a->penalty->options, "lambda");
  if (row < 0) return 0;
  double *lambda = (double *)(void *)((char *)a->options + a->penalty->options[row].offset), given = *lambda;
  *lambda = 1;
  const double unit = a->penalty->lambda(a->options, pictures);
  *lambda = given;
  return unit;
}

/* An empty entry, not owned yet by the list if this fails. */
static ig_status add(ig__acts *list, size_t params, const char *text, double pictures, ig__acting **out) {
  IG__TRY(ig__grow((void **)&list->entry, list->count, &list->capacity, sizeof *list->entry));
  ig__acting *a = &list->entry[list->count];
  *a = (ig__acting){0};
  if (!(a->lambda = ig__alloc(params, sizeof *a->lambda))) return IG_NO_MEMORY;
  ig_status status = ig__penalty_parse(text, &a->penalty, &a->options);
  if (status == IG_OK) {
    a->unit = unit_of(a, pictures);
    list->count++;
  } else ig__free(a->lambda);
  *out = a;
  return status;
}

/* The penalty that --l2 or --l1 names, with the λ of a line where it says one; only weights are penalised. The scale is read
 * also when no λ is given: a mistake must not wait for the day when it matters. */
static ig_status add_daily(ig__acts *list, const ig__model *m, const char *name, double run, const char *scale, double pictures) {
  char text[IG_SPEC_SIZE], number[32];
  ig__acting *a;
  ig__snprintf(text, sizeof text, "%s 1%s%s%s", name, scale ? " \"scale=" : "", scale ? scale : "", scale ? "\"" : "");
  IG__TRY(add(list, m->param_count, text, pictures, &a));
  for (size_t i = 0; i < m->param_count; i++) {
    const ig__param *p = &m->param[i];
    const double own = scale ? p->l2 : p->l1, given = isnan(own) ? run : own;
    if (p->kind != IG__PARAM_WEIGHT || given == 0) continue;
    IG__TRY(ig__option_set(name, a->penalty->options, a->options, "lambda", ig__print_double(number, given)));
    a->lambda[i] = a->penalty->lambda(a->options, pictures);
  }
  return IG_OK;
}

/* A pattern means the weights among what it names; where it names none, it was not weights that were meant. */
static ig_status find_named(const ig__model *m, const char *pattern, double *named) {
  bool weights = false;
  IG__TRY(ig__patterns_mark(m, "penalty", *pattern ? pattern : "*", 1, named));
  for (size_t i = 0; i < m->param_count; i++) weights |= named[i] > 0 && m->param[i].kind == IG__PARAM_WEIGHT;
  for (size_t i = 0; (weights || !*pattern) && i < m->param_count; i++)
    if (m->param[i].kind != IG__PARAM_WEIGHT) named[i] = 0;
  return IG_OK;
}

/* In how many groups a convolution's channels are cut. */
static int groups_of(const ig__line *line) {
  const int row = line->op->options ? ig__option_row(line->op->options, "groups") : -1;
  return row < 0 ? 1 : *(const int *)(const void *)((const char *)line->options + line->op->options[row].offset);
}

static bool is_transposed(const ig__model *m, const ig__param *p) { return m->line[p->line].op == &ig__op_conv2d_transpose; }

/* A tensor of a convolution in groups holds of each filter the channels of its own group only: what lies side by side across
 * the rows does not belong together. */
static ig_status check_groups(const ig__model *m, const ig__acting *a, const char *text) {
  const int by = a->penalty->groups ? a->penalty->groups(a->options) : 0;
  for (size_t i = 0; by && i < m->param_count; i++) {
    const ig__param *p = &m->param[i];
    const int across = is_transposed(m, p) ? IG__BY_FILTERS : IG__BY_CHANNELS;
    if (!(a->lambda[i] > 0) || !(by & across) || groups_of(&m->line[p->line]) == 1) continue;
    return ig__fail(IG_USAGE, "--penalty %s: the channels of %s are cut into groups, so its weights of one %s are no group of numbers; "
                    "name the layers that are meant with on=", text, m->line[p->line].name, across == IG__BY_FILTERS ? "filter" : "channel");
  }
  return IG_OK;
}

static void replace_earlier(ig__acts *list, size_t params) {
  const ig__acting *last = &list->entry[list->count - 1];
  for (size_t k = 0; k + 1 < list->count; k++)
    for (size_t i = 0; list->entry[k].penalty == last->penalty && i < params; i++)
      if (last->lambda[i] >= 0) list->entry[k].lambda[i] = 0;
}

/* One entry of --penalty, "group_lasso 1e-3 on=conv2d*". */
static ig_status add_entry(ig__acts *list, const ig__model *m, const char *text, double pictures) {
  ig__acting *a;
  IG__TRY(add(list, m->param_count, text, pictures, &a));
  IG__TRY(find_named(m, a->options, a->lambda)); /* `on` is the first member */
  const double lambda = a->penalty->lambda(a->options, pictures);
  for (size_t i = 0; i < m->param_count; i++) a->lambda[i] = a->lambda[i] > 0 ? lambda : -1;
  replace_earlier(list, m->param_count);
  for (size_t i = 0; i < m->param_count; i++)
    if (a->lambda[i] < 0) a->lambda[i] = 0;
  return check_groups(m, a, text);
}

static ig_status add_entries(ig__acts *list, const ig__model *m, const char *text, double pictures) {
  if (!text[strspn(text, " \t")]) return IG_OK;
  char *copy = ig__strdup(text), *rest = copy, *one;
  ig_status status = copy ? IG_OK : IG_NO_MEMORY;
  while (status == IG_OK && (one = ig__next_listed(&rest))) status = add_entry(list, m, one + strspn(one, " \t"), pictures);
  ig__free(copy);
  return status;
}

ig_status ig__acts_new(const ig__model *model, const ig_train_options *o, double pictures, ig__acts *out) {
  *out = (ig__acts){0};
  IG__TRY(add_daily(out, model, "l2", o->l2, o->l2_scale, pictures));
  IG__TRY(add_daily(out, model, "l1", o->l1, NULL, pictures));
  return add_entries(out, model, o->penalty, pictures);
}

void ig__acts_free(ig__acts *list) {
  for (size_t i = 0; i < list->count; i++) {
    ig__free(list->entry[i].options);
    ig__free(list->entry[i].lambda);
  }
  ig__free(list->entry);
  *list = (ig__acts){0};
}

const ig__acting *ig__acts_first(const ig__model *m, const ig__acts *list, size_t i) {
  for (size_t k = 0; k < list->count && !m->param[i].frozen; k++)
    if (list->entry[k].lambda[i] > 0 && list->entry[k].unit > 0) return &list->entry[k];
  return NULL;
}

int ig__acts_groups(const ig__model *m, const ig__acts *list, bool layers, int *group) {
  int count = 0;
  for (size_t i = 0; i < m->param_count; i++) {
    group[i] = -1;
    if (!ig__acts_first(m, list, i)) continue;
    for (size_t k = 0; k < i && group[i] < 0; k++)
      if (group[k] >= 0 && (!layers || m->param[k].line == m->param[i].line)) group[i] = group[k];
    if (group[i] < 0) group[i] = count++;
  }
  return count;
}

double ig__acts_given(const ig__model *m, const ig__acts *list, size_t param) {
  const ig__acting *a = ig__acts_first(m, list, param);
  return a ? a->lambda[param] / a->unit : 0;
}

ig__weights ig__weights_of(const ig__model *m, const ig__param *p) {
  ig__weights w = {.w = (uint8_t *)m->params + (size_t)p->offset * (size_t)m->real_size, .rows = p->shape.rank ? p->shape.dim[0] : 1,
                   .inputs = p->shape.rank > 1 ? p->shape.dim[1] : 1, .window = 1, .transposed = is_transposed(m, p)};
  for (int k = 2; k < p->shape.rank; k++) w.window *= p->shape.dim[k];
  return w;
}
