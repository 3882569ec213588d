/* What the tests of this folder share. */
#include "model_test.h"

ig_status parse_text(const char *text, ig__model **out) { return ig__model_parse(text, strlen(text), "model.txt", 10, out); }

ig__model *bound_model(const char *text) {
  ig__model *m;
  CHECK_OK(parse_text(text, &m));
  CHECK_OK(ig__model_bind(m, 4, 1));
  return m;
}

const ig__param *param_of(const ig__model *m, const char *name) {
  for (size_t i = 0; i < m->param_count; i++)
    if (strcmp(m->param[i].name, name) == 0) return &m->param[i];
  test_fail(__FILE__, __LINE__, "no parameter %s", name);
}

int64_t count_params(const ig__model *m) {
  int64_t count = 0;
  for (size_t i = 0; i < m->param_count; i++) count += m->param[i].count;
  return count;
}

const ig__line *line_of(const ig__model *m, const char *name) {
  for (size_t i = 0; i < m->line_count; i++)
    if (strcmp(m->line[i].name, name) == 0) return &m->line[i];
  return NULL;
}

const char *describe(const ig__model *m) {
  static char out[8192];
  char number[32];
  size_t used = 0;
#define SAY(...) used += (size_t)snprintf(out + used, sizeof out - used, __VA_ARGS__)
  for (size_t i = 0; i < m->line_count && used < sizeof out; i++) {
    const ig__line *l = &m->line[i];
    SAY("%s%s", i ? "; " : "", l->name);
    if (l->op) SAY(" %s(", l->op->name);
    for (int k = 0; k < l->in_count; k++) SAY("%s%s", k ? " " : "", m->line[l->in[k]].name);
    if (l->op) SAY(")");
    if (l->share >= 0) SAY(" share=%s", m->line[l->share].name);
    if (l->frozen) SAY(" freeze");
    if (!isnan(l->l2)) SAY(" l2=%s", ig__print_double(number, l->l2));
    if (!isnan(l->l1)) SAY(" l1=%s", ig__print_double(number, l->l1));
    if (l->is_output) SAY(" =%s", l->output_name);
  }
#undef SAY
  return out;
}

const char *test_path(const char *name) {
  static char path[4][1024];
  static int turn;
  char *out = path[turn++ % 4];
  snprintf(out, sizeof path[0], "%s/%s", test_folder(), name);
  return out;
}
