/* λ that moves: which λ there are, what moves them, and their history. */
#include "train/lambda.h"

#include "base/text.h"
#include "train/update_impl.h"

#include <math.h>
#include <string.h>

ig_status ig__lambda_hold(const ig_train_options *run, double *share) {
  const ig__schedule *schedule;
  void *options;
  *share = 0;
  IG__TRY(ig__schedule_parse(run->lambda_schedule, &schedule, &options));
  if (schedule == &ig__schedule_hypergradient) *share = ((const ig__hypergradient *)options)->hold;
  ig__free(options);
  return IG_OK;
}

/* ---- opening ------------------------------------------------------------------------------------------------------------- */

static ig_status check(const ig__trainer *t, const ig__lambda *l, int count) {
  const ig_train_options *o = t->options;
  if (!t->updater->optimiser)
    return ig__fail(IG_USAGE, "--lambda-schedule %s with --optimizer %s: this method goes down one function, and λ is a part of it; an optimiser "
                    "on batches such as adam", o->lambda_schedule, o->optimizer);
  if (!count)
    return ig__fail(IG_USAGE, "--lambda-schedule %s: no penalty acts whose λ could move; give --l2 1e-4, or another", o->lambda_schedule);
  if (!strcmp(l->schedule->name, "gap") && !t->samples.count[IG__VAL])
    return ig__fail(IG_USAGE, "--lambda-schedule gap looks at the loss of validation, and there is no validation part: --val 0.1");
  return IG_OK;
}

static ig_status name_moves(ig__trainer *t, ig__lambda *l, int count) {
  const ig__model *m = t->model;
  ig__moves *s = &t->state.moves;
  s->count = (size_t)count;
  l->full = ig__alloc(s->count, sizeof *l->full);
  if (!l->full || !(s->move = ig__alloc(s->count, sizeof *s->move))) {
    s->count = 0;
    return IG_NO_MEMORY;
  }
  for (size_t i = m->param_count; i-- > 0;) {
    if (l->group[i] < 0) continue;
    ig__move *move = &s->move[l->group[i]];
    const ig__acting *a = ig__acts_first(m, &t->updater->penalties, i);
    move->start = a->lambda[i] / a->unit;
    l->full[l->group[i]] = a->lambda[i];
    if (count > 1) ig__snprintf(move->name, IG__MOVE_NAME, "%.31s", m->line[m->param[i].line].name);
  }
  return IG_OK;
}

ig_status ig__lambda_open(ig__trainer *t) {
  const ig__model *m = t->model;
  ig__lambda *l = t->lambda = ig__alloc(1, sizeof *l);
  if (!l || !(l->group = ig__alloc(m->param_count, sizeof *l->group))) return IG_NO_MEMORY;
  IG__TRY(ig__schedule_parse(t->options->lambda_schedule, &l->schedule, &l->options));
  const ig__hypergradient *h = l->schedule == &ig__schedule_hypergradient ? l->options : NULL;
  const int count = ig__acts_groups(m, &t->updater->penalties, h && h->per == IG__PER_LAYER, l->group);
  for (size_t i = m->param_count; i-- > 0;)
    if (l->group[i] == 0) l->given = ig__acts_given(m, &t->updater->penalties, i);
  if (!strcmp(t->options->lambda_schedule, "constant")) return IG_OK;
  IG__TRY(check(t, l, count));
  IG__TRY(name_moves(t, l, count));
  return h ? ig__held_new(t, h, &l->held) : IG_OK;
}

void ig__lambda_free(ig__lambda *l) {
  if (!l) return;
  ig__held_free(l->held);
  ig__free(l->options);
  ig__free(l->full);
  ig__free(l->group);
  ig__free(l);
}

/* ---- in a run ------------------------------------------------------------------------------------------------------------ */

static void put(ig__trainer *t, const double *factor) {
  const ig__lambda *l = t->lambda;
  for (size_t i = 0; i < t->model->param_count; i++)
    if (l->group[i] >= 0) t->updater->factor[i] = factor[l->group[i]];
}

static double factor_of(const ig__trainer *t, size_t g) {
  for (size_t i = 0; i < t->model->param_count; i++)
    if (t->lambda->group[i] == (int)g) return t->updater->factor[i];
  return 1;
}

static bool moves(const ig__trainer *t) { return t->state.moves.count > 0; }

void ig__lambda_set(ig__trainer *t, int64_t step) {
  const ig__lambda *l = t->lambda;
  ig__progress at = ig__plan_progress(t, step);
  for (size_t i = 0; moves(t) && i < t->model->param_count; i++) {
    if (l->group[i] < 0) continue;
    at.state = t->state.moves.move[l->group[i]].state;
    t->updater->factor[i] = ig__schedule_factor(l->schedule, l->options, at);
  }
}

ig_status ig__lambda_step(ig__trainer *t) {
  const ig__lambda *l = t->lambda;
  if (!l->held) return IG_OK;
  IG__TRY(ig__held_look(t, l->held));
  const double *cosine = ig__held_cosine(l->held);
  for (size_t g = 0; g < t->state.moves.count; g++) {
    ig__move *m = &t->state.moves.move[g];
    if (isfinite(cosine[g])) ig__hypergradient_move(l->options, m->state, cosine[g], t->lr / ig__updater_base_lr(t->updater), l->full[g]);
  }
  ig__lambda_set(t, t->state.step - 1);
  return IG_OK;
}

static ig_status note_past(ig__trainer *t) {
  ig__moves *s = &t->state.moves;
  for (size_t g = 0; g < s->count; g++) {
    IG__TRY(ig__grow((void **)&s->past, s->past_count, &s->past_capacity, sizeof *s->past));
    s->past[s->past_count++] = factor_of(t, g);
  }
  return IG_OK;
}

ig_status ig__lambda_epoch(ig__trainer *t) {
  const ig__lambda *l = t->lambda;
  const ig_epoch *row = &t->state.history[t->state.history_count - 1];
  if (!moves(t)) return IG_OK;
  IG__TRY(note_past(t));
  const ig_metrics *seen = row->val.n ? &row->val : &row->train;
  const ig__outcome what = {.loss = seen->loss, .accuracy = seen->accuracy, .data_loss = seen->data_loss, .train_loss = row->train.data_loss,
                         .nothing = t->chance};
  for (size_t g = 0; l->schedule->observe && g < t->state.moves.count; g++) l->schedule->observe(l->options, t->state.moves.move[g].state, &what);
  return IG_OK;
}

void ig__lambda_as_kept(ig__trainer *t) {
  const ig__moves *s = &t->state.moves;
  if (moves(t) && t->state.best_epoch) put(t, s->past + (size_t)(t->state.best_epoch - 1) * s->count);
}

/* ---- shown --------------------------------------------------------------------------------------------------------------- */

double ig__lambda_shown(const ig__trainer *t) {
  const ig__moves *s = &t->state.moves;
  double sum = 0;
  if (!moves(t)) return t->lambda->given;
  if (s->count == 1) return s->move[0].start * factor_of(t, 0);
  for (size_t g = 0; g < s->count; g++) sum += log(s->move[g].start * factor_of(t, g));
  return exp(sum / (double)s->count);
}

double ig__lambda_of(const ig__trainer *t, size_t param) {
  return ig__acts_given(t->model, &t->updater->penalties, param) * t->updater->factor[param];
}

void ig__lambda_text(const ig__trainer *t, ig__buffer *out) {
  char number[32];
  for (size_t g = 0; g < t->state.moves.count; g++) ig__buffer_text(out, "%s%s", g ? "," : "", ig__print_double(number, factor_of(t, g)));
}

ig_status ig__lambda_write(const char *folder, const ig__moves *m) {
  ig__buffer out = {0};
  char number[32];
  if (m->count < 2) return IG_OK;
  ig__buffer_text(&out, "epoch");
  for (size_t g = 0; g < m->count; g++) ig__buffer_text(&out, ",%s", m->move[g].name);
  for (size_t i = 0; i < m->past_count; i++) {
    if (i % m->count == 0) ig__buffer_text(&out, "\n%zu", i / m->count + 1);
    ig__buffer_text(&out, ",%s", ig__print_double(number, m->move[i % m->count].start * m->past[i]));
  }
  ig__buffer_text(&out, "\n");
  return ig__folder_write(folder, "lambda.csv", &out);
}
