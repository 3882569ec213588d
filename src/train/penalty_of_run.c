/* Ω of a model's weights, as the run saw it that made them. */
#include "train/update_impl.h"

#include "base/text.h"

#include <string.h>

/* One number for all, or one a layer. */
static ig_status read_factors(const ig__model *m, const ig__acts *acts, double *factor) {
  int *group = ig__alloc(m->param_count, sizeof *group);
  char *copy = ig__strdup(m->lambda), *rest = copy, *one;
  double *of = ig__alloc(m->param_count + 1, sizeof *of);
  int count = 0;
  bool good = true;
  ig_status status = group && copy && of ? IG_OK : IG_NO_MEMORY;
  while (status == IG_OK && good && (one = ig__next_listed(&rest)))
    good = count <= (int)m->param_count && ig__parse_double(one, &of[count++]);
  if (status == IG_OK && (!good || ig__acts_groups(m, acts, count > 1, group) != count))
    status = ig__fail(IG_BAD_MODEL, "model %s: its file says '%.60s' of λ, which does not fit its penalties", m->name, m->lambda);
  for (size_t i = 0; status == IG_OK && i < m->param_count; i++)
    if (group[i] >= 0) factor[i] = of[group[i]];
  ig__free(group);
  ig__free(copy);
  ig__free(of);
  return status;
}

/* In the pieces of an update, so that the sums are the same. */
static double value_of(const ig__kernels *k, const ig__model *m, const ig__acts *acts, const ig__param *p, double factor) {
  const size_t i = (size_t)(p - m->param);
  double sum = 0;
  for (int64_t done = 0; done < p->count; done += IG__PIECE)
    for (size_t e = 0; e < acts->count; e++) {
      const ig__acting *a = &acts->entry[e];
      if (!(a->lambda[i] > 0) || !a->penalty->value) continue;
      sum += a->penalty->value(k, a->options, a->unit > 0 ? a->lambda[i] * factor : a->lambda[i],
                               (const uint8_t *)m->params + (size_t)(p->offset + done) * (size_t)m->real_size,
                               p->count - done < IG__PIECE ? p->count - done : IG__PIECE);
    }
  return sum;
}

static ig_status add_tensor(const ig__kernels *k, const ig__model *m, const ig__acts *acts, const ig__param *p, double factor, double *sum) {
  const size_t i = (size_t)(p - m->param);
  ig__weights w = ig__weights_of(m, p);
  for (size_t e = 0; e < acts->count; e++) {
    const ig__acting *a = &acts->entry[e];
    if (!(a->lambda[i] > 0) || !a->penalty->tensor_value) continue;
    if (!w.scratch && !(w.scratch = ig__alloc((size_t)(w.inputs * w.window), 2 * (size_t)m->real_size))) return IG_NO_MEMORY;
    *sum += a->penalty->tensor_value(k, a->options, a->unit > 0 ? a->lambda[i] * factor : a->lambda[i], &w);
  }
  ig__free(w.scratch);
  return IG_OK;
}

static ig_status add_all(const ig_context *context, const ig__model *m, const ig__acts *acts, double *factor, double *out) {
  const ig__kernels *k = ig__kernels_for(context->isa, m->real_size);
  for (size_t i = 0; i < m->param_count; i++) factor[i] = 1;
  if (m->lambda) IG__TRY(read_factors(m, acts, factor));
  for (size_t i = 0; i < m->param_count; i++)
    if (!m->param[i].frozen) *out += value_of(k, m, acts, &m->param[i], factor[i]);
  for (size_t i = 0; i < m->param_count; i++)
    if (!m->param[i].frozen) IG__TRY(add_tensor(k, m, acts, &m->param[i], factor[i], out));
  return IG_OK;
}

ig_status ig__penalty_of_run(const ig_context *context, ig__model *model, const ig_train_options *run, int64_t pictures, double *out) {
  ig__acts acts;
  *out = 0;
  double *factor = ig__alloc(model->param_count, sizeof *factor);
  ig_status status = ig__acts_new(model, run, pictures > 0 ? (double)pictures : 1, &acts);
  if (status == IG_OK && !factor) status = IG_NO_MEMORY;
  if (status == IG_OK) status = add_all(context, model, &acts, factor, out);
  ig__acts_free(&acts);
  ig__free(factor);
  return status;
}
