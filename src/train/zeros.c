/* What penalties have made of the weights: exact zeros, and filters of nothing else. */
#include "train/regularise.h"

#include "base/text.h"
#include "optim/groups.h"

static bool is_dead(const ig__model *m, const ig__param *p, const ig__weights *w, int64_t filter) {
  for (int64_t i = 0; i < ig__group_size(w, true); i++)
    if (ig__real_at(m->real_size, m->params, p->offset + ig__group_element(w, true, filter, i)) != 0) return false;
  return true;
}

ig__zeros ig__zeros_of(const ig__model *m, const ig__param *p) {
  const ig__weights w = ig__weights_of(m, p);
  ig__zeros z = {.filters = p->kind == IG__PARAM_WEIGHT ? ig__group_count(&w, true) : 0};
  for (int64_t i = 0; i < p->count; i++) z.zeros += ig__real_at(m->real_size, m->params, p->offset + i) == 0;
  for (int64_t f = 0; z.zeros && f < z.filters; f++) z.dead += is_dead(m, p, &w, f);
  return z;
}

static ig_status say(const ig__trainer *t, const ig__param *p, const ig__zeros *z) {
  char line[256], numbers[32], dead[32], filters[32];
  ig__snprintf(line, sizeof line, "%.120s: %.1f %% of %s weights are exactly zero, %s of %s filters dead", p->name,
               100 * (double)z->zeros / (double)p->count, ig__print_count(numbers, p->count), ig__print_count(dead, z->dead),
               ig__print_count(filters, z->filters));
  ig__log(t->context, IG_LOG_INFO, "%s", line);
  return ig__trainer_note(t, "%s", line);
}

/* Of the weights kept: layers.csv, a line of the log for each tensor with zeros, and the sums of the result. */
ig_status ig__trainer_zeros(const ig__trainer *t, ig_train_result *r) {
  const ig__model *m = t->model;
  ig__buffer out = {0};
  char shape[96];
  ig_status status = IG_OK;
  ig__buffer_text(&out, "parameter,shape,numbers,zeros,filters,dead\n");
  for (size_t i = 0; i < m->param_count && status == IG_OK; i++) {
    const ig__param *p = &m->param[i];
    const ig__zeros z = ig__zeros_of(m, p);
    ig__buffer_text(&out, "%s,%s,%lld,%lld,%lld,%lld\n", p->name, ig__shape_text(shape, &p->shape), (long long)p->count, (long long)z.zeros,
                    (long long)z.filters, (long long)z.dead);
    if (p->kind != IG__PARAM_WEIGHT) continue;
    r->weights += p->count;
    r->zeros += z.zeros;
    r->filters += z.filters;
    r->dead += z.dead;
    if (z.zeros) status = say(t, p, &z);
  }
  if (status == IG_OK) return ig__folder_write(t->folder, "layers.csv", &out);
  ig__buffer_free(&out);
  return status;
}
