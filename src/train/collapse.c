/* Layers that collapse: a penalty that is too strong draws all weights of a layer to nothing, and then nothing passes it any more. Norms are
 * looked at after each epoch. */
#include "train/lambda.h"

#include "base/text.h"

#include <math.h>

static bool is_watched(const ig__param *p) { return p->kind == IG__PARAM_WEIGHT && !p->frozen && p->count > 0; }

static double norm_of(const ig__trainer *t, const ig__param *p) {
  return sqrt(t->train.k->sum_squares((const uint8_t *)t->model->params + (size_t)p->offset * (size_t)t->model->real_size, p->count));
}

ig_status ig__norms_open(ig__trainer *t) {
  const ig__model *m = t->model;
  ig__layer_norms *s = &t->state.norms;
  size_t count = 0;
  for (size_t i = 0; i < m->param_count; i++) count += is_watched(&m->param[i]);
  if (s->count && s->count != count)
    return ig__fail(IG_BAD_MODEL, "%s: the checkpoint has the norms of %zu layers, the model has %zu", t->folder, s->count, count);
  if (s->count || !count) return IG_OK;
  if (!(s->layer = ig__alloc(count, sizeof *s->layer))) return IG_NO_MEMORY;
  for (size_t i = 0; i < m->param_count; i++) {
    if (!is_watched(&m->param[i])) continue;
    ig__layer_norm *layer = &s->layer[s->count++];
    *layer = (ig__layer_norm){.first = norm_of(t, &m->param[i])};
    ig__snprintf(layer->name, sizeof layer->name, "%.31s", m->line[m->param[i].line].name);
  }
  return IG_OK;
}

void ig__norms_words(const ig__layer_norm *l, char out[320]) {
  char advice[96];
  if (l->lambda > 0) ig__snprintf(advice, sizeof advice, "Its λ was %.3g; try %.3g, or ask imgrad tune", l->lambda, l->lambda / 10);
  else ig__snprintf(advice, sizeof advice, "No penalty acts on it: try less --weight-decay, or a lower rate");
  ig__snprintf(out, 320, "layer %s has collapsed (epoch %.0f, step %.0f): the norm of its weights is %.3g, and was %.3g at the start, so that nothing of "
               "the picture passes it. %s", l->name, l->epoch, l->step, l->norm, l->first, advice);
}

int ig__norms_collapsed(const ig__layer_norms *s) {
  int count = 0;
  for (size_t i = 0; i < s->count; i++) count += s->layer[i].step > 0;
  return count;
}

ig_status ig__norms_epoch(ig__trainer *t) {
  const ig__model *m = t->model;
  ig__layer_norm *layer = t->state.norms.layer;
  char words[320];
  for (size_t i = 0; i < m->param_count; i++) {
    if (!is_watched(&m->param[i])) continue;
    ig__layer_norm *l = layer++;
    const double norm = norm_of(t, &m->param[i]);
    if (l->step > 0 || !(l->first > 0) || !(norm < IG__COLLAPSED * l->first)) continue;
    l->norm = norm;
    l->epoch = (double)t->state.epoch;
    l->step = (double)t->state.step;
    l->lambda = ig__lambda_of(t, i);
    ig__norms_words(l, words);
    ig__log(t->context, IG_LOG_WARNING, "%s", words);
    IG__TRY(ig__trainer_note(t, "%s", words));
  }
  return IG_OK;
}
