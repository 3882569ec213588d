/* Where a run stands, as a section of its checkpoint: numbers, little-endian, behind them the whole history. */
#include "train/checkpoint.h"

#include <math.h>
#include <string.h>

#define MAX_HISTORY ((uint64_t)10000000)

/* One list of fields serves writing and reading, so the two cannot disagree. */
typedef struct stream { ig__buffer *out; const uint8_t *in; uint64_t left; bool bad; ig_status status; } stream;

static void pass_u64(stream *s, uint64_t *v) {
  if (s->out) {
    ig__put_u64(s->out, *v);
    return;
  }
  if (s->left < 8) {
    s->bad = true;
    return;
  }
  *v = ig__get_u64(s->in);
  s->in += 8;
  s->left -= 8;
}

static void pass_i64(stream *s, int64_t *v) {
  uint64_t u = (uint64_t)*v;
  pass_u64(s, &u);
  *v = (int64_t)u;
}

static void pass_double(stream *s, double *v) {
  uint64_t u;
  memcpy(&u, v, sizeof u);
  pass_u64(s, &u);
  memcpy(v, &u, sizeof u);
}

static void pass_metrics(stream *s, ig_metrics *m) {
  pass_i64(s, &m->n);
  pass_double(s, &m->loss);
  pass_double(s, &m->data_loss);
  pass_double(s, &m->penalty);
  pass_double(s, &m->accuracy);
  pass_double(s, &m->accuracy_low);
  pass_double(s, &m->accuracy_high);
}

static void pass_epoch(stream *s, ig_epoch *e) {
  int64_t number = e->epoch;
  pass_i64(s, &number);
  e->epoch = (int)number;
  pass_double(s, &e->time);
  pass_metrics(s, &e->train);
  pass_metrics(s, &e->val);
  pass_double(s, &e->lr);
  pass_double(s, &e->weight_norm);
  pass_double(s, &e->images_per_second);
  pass_double(s, &e->wait);
  pass_double(s, &e->gradient);
  pass_double(s, &e->cost);
  pass_double(s, &e->lambda);
}

static void pass_descent(stream *s, ig__descent_state *d) {
  double *const numbers[] = {&d->value, &d->norm, &d->first, &d->change, &d->length, &d->damping, &d->cost};
  int64_t *const counts[] = {&d->iteration, &d->products, &d->pairs, &d->idle};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) pass_double(s, numbers[i]);
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) pass_i64(s, counts[i]);
}

/* The watch is doubles and nothing else. */
static void pass_watch(stream *s, ig__rate_watch *w) {
  double number[sizeof *w / sizeof(double)];
  memcpy(number, w, sizeof number);
  for (size_t i = 0; i < sizeof number / sizeof number[0]; i++) pass_double(s, &number[i]);
  memcpy(w, number, sizeof number);
}

static void pass_name(stream *s, char name[IG__MOVE_NAME]) {
  for (int i = 0; i < IG__MOVE_NAME; i += 8) {
    uint64_t letters = ig__get_u64((const uint8_t *)name + i);
    pass_u64(s, &letters);
    for (int k = 0; k < 8; k++) name[i + k] = (char)(letters >> (8 * k));
  }
  name[IG__MOVE_NAME - 1] = 0;
}

/* The length of a list, and when it is read room for it: each of its things has `size` bytes at least in the file. */
static bool pass_list(stream *s, size_t *count, void **list, size_t element, size_t size) {
  uint64_t n = *count;
  pass_u64(s, &n);
  if (s->out) return true;
  s->bad |= n > s->left / size;
  *count = 0;
  if (s->bad || s->status != IG_OK) return false;
  if (n && !(*list = ig__alloc((size_t)n, element))) s->status = IG_NO_MEMORY;
  else *count = (size_t)n;
  return s->status == IG_OK;
}

static void pass_moves(stream *s, ig__moves *m) {
  if (!pass_list(s, &m->count, (void **)&m->move, sizeof *m->move, IG__MOVE_NAME)) return;
  for (size_t i = 0; i < m->count; i++) {
    pass_name(s, m->move[i].name);
    pass_double(s, &m->move[i].start);
    for (int k = 0; k < IG__SCHEDULE_STATE; k++) pass_double(s, &m->move[i].state[k]);
  }
  if (!pass_list(s, &m->past_count, (void **)&m->past, sizeof *m->past, sizeof *m->past)) return;
  for (size_t i = 0; i < m->past_count; i++) pass_double(s, &m->past[i]);
  if (!s->out) m->past_capacity = m->past_count;
  pass_i64(s, &m->position);
}

static void pass_norms(stream *s, ig__layer_norms *n) {
  if (!pass_list(s, &n->count, (void **)&n->layer, sizeof *n->layer, IG__MOVE_NAME)) return;
  for (size_t i = 0; i < n->count; i++) {
    double *const numbers[] = {&n->layer[i].first, &n->layer[i].norm, &n->layer[i].epoch, &n->layer[i].step, &n->layer[i].lambda};
    pass_name(s, n->layer[i].name);
    for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++) pass_double(s, numbers[k]);
  }
}

static void pass_state(stream *s, ig__run_state *r) {
  pass_i64(s, &r->epoch);
  pass_i64(s, &r->step);
  pass_i64(s, &r->position);
  pass_i64(s, &r->tally.n);
  pass_i64(s, &r->tally.correct);
  pass_double(s, &r->tally.loss);
  pass_double(s, &r->tally.weight);
  pass_double(s, &r->tally.penalty);
  pass_double(s, &r->seconds);
  pass_double(s, &r->epoch_seconds);
  pass_double(s, &r->epoch_wait);
  pass_double(s, &r->best_accuracy);
  pass_double(s, &r->best_loss);
  pass_i64(s, &r->best_epoch);
  for (int i = 0; i < IG__SCHEDULE_STATE; i++) pass_double(s, &r->schedule[i]);
  pass_descent(s, &r->descent);
  pass_i64(s, &r->planned_steps);
  pass_i64(s, &r->plan_step);
  pass_double(s, &r->plan_place);
  pass_watch(s, &r->watch);
  pass_moves(s, &r->moves);
  pass_norms(s, &r->norms);
}

/* Blocks are places in arrays, steps are whole numbers. */
static bool watch_makes_sense(const ig__rate_watch *w) {
  for (int i = 0; i < IG_RATE_CAUSES; i++)
    if (!(w->told[i].step >= 0 && w->told[i].step < 0x1p50)) return false;
  return w->blocks >= 0 && w->blocks < IG__RATE_BLOCKS && w->blocks == (int)w->blocks;
}

static bool moves_make_sense(const ig__moves *m, uint64_t rows) {
  bool good = m->past_count == m->count * rows && m->position >= 0;
  for (size_t i = 0; i < m->count; i++) {
    good &= m->move[i].start > 0 && m->move[i].start <= 1e12;
    for (int k = 0; k < IG__SCHEDULE_STATE; k++) good &= isfinite(m->move[i].state[k]) && fabs(m->move[i].state[k]) < 0x1p50;
  }
  return good;
}

/* Hashes keep damage out; this keeps numbers out that nothing later could be computed with. */
static bool makes_sense(const ig__run_state *r, uint64_t rows) {
  const int64_t most = (int64_t)1 << 50;
  return r->epoch >= 0 && (uint64_t)r->epoch == rows && r->step >= 0 && r->step < most && r->position >= 0 &&
         r->position < most && r->best_epoch >= 0 && r->best_epoch <= r->epoch && r->tally.n <= r->position &&
         r->planned_steps >= 0 && r->planned_steps < most && r->plan_step >= 0 && r->plan_step <= r->planned_steps &&
         r->plan_place >= 0 && r->plan_place <= 1 && r->tally.correct >= 0 && r->tally.correct <= r->tally.n &&
         r->descent.iteration >= 0 && r->descent.pairs >= 0 && watch_makes_sense(&r->watch) && moves_make_sense(&r->moves, rows);
}

void ig__run_state_put(const ig__run_state *state, ig__buffer *out) {
  stream s = {.out = out};
  ig__run_state copy = *state;
  uint64_t rows = copy.history_count;
  pass_state(&s, &copy);
  pass_u64(&s, &rows);
  for (size_t i = 0; i < rows; i++) pass_epoch(&s, &copy.history[i]);
}

ig_status ig__run_state_parse(const ig__section *section, const char *place, ig__run_state *out) {
  stream s = {.in = section->data, .left = section->size};
  uint64_t rows = 0;
  ig__run_state_free(out);
  pass_state(&s, out);
  pass_u64(&s, &rows);
  IG__TRY(s.status);
  if (s.bad || rows > MAX_HISTORY || rows * 8 > s.left || !makes_sense(out, rows))
    return ig__fail(IG_BAD_MODEL, "%s: the state in this checkpoint makes no sense", place);
  for (uint64_t i = 0; i < rows && !s.bad; i++) {
    ig_epoch e = {0};
    pass_epoch(&s, &e);
    IG__TRY(ig__grow((void **)&out->history, out->history_count, &out->history_capacity, sizeof *out->history));
    out->history[out->history_count++] = e;
  }
  if (s.bad || s.left) return ig__fail(IG_BAD_MODEL, "%s: the history in this checkpoint is cut or too long", place);
  return IG_OK;
}
