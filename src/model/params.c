/* The flat arrays: parameters and running states, each tensor's span padded with zeros to a multiple of 16 elements, so that
 * every span begins at a multiple of 64 bytes and a kernel may read whole vectors. */
#include "model/model_impl.h"

#include "base/text.h"

#include <string.h>

#define DRAWN_AT_ONCE 1024

/* ---- binding ------------------------------------------------------------------------------------------------------- */

void ig__model_unbind(ig__model *m) {
  for (size_t i = 0; i < m->param_count; i++) {
    ig__free(m->param[i].name);
    ig__free(m->param[i].initialiser);
  }
  for (size_t i = 0; i < m->state_count; i++) ig__free(m->state[i].name);
  ig__free(m->param);
  ig__free(m->state);
  ig__free(m->params);
  ig__free(m->states);
  ig__free(m->param_offset);
  ig__free(m->state_offset);
  m->param = NULL;
  m->state = NULL;
  m->params = m->states = NULL;
  m->param_offset = m->state_offset = NULL;
  m->param_count = m->param_capacity = m->state_count = m->state_capacity = 0;
  m->params_size = m->states_size = 0;
  m->real_size = 0;
  m->version = 0;
}

ig_status ig__model_allocate(ig__model *m, int real_size) {
  m->param_offset = ig__alloc(m->param_count, sizeof *m->param_offset);
  m->state_offset = ig__alloc(m->state_count, sizeof *m->state_offset);
  if (!m->param_offset || !m->state_offset) return IG_NO_MEMORY;
  m->params_size = m->states_size = 0;
  for (size_t i = 0; i < m->param_count; i++) {
    m->param_offset[i] = m->param[i].offset;
    m->params_size = m->param[i].offset + ig__span_size(m->param[i].count);
  }
  for (size_t i = 0; i < m->state_count; i++) {
    m->state_offset[i] = m->state[i].offset;
    m->states_size = m->state[i].offset + ig__span_size(m->state[i].count);
  }
  m->params = ig__alloc((size_t)m->params_size, (size_t)real_size);
  m->states = m->params ? ig__alloc((size_t)m->states_size, (size_t)real_size) : NULL;
  if (!m->states) return IG_NO_MEMORY;
  m->real_size = real_size;
  return IG_OK;
}

static ig_status bind(ig__model *m, int real_size, uint64_t seed) {
  IG__TRY(ig__model_record(m));
  IG__TRY(ig__model_allocate(m, real_size));
  IG__TRY(ig__model_initialise(m, seed));
  m->version = 1;
  return IG_OK;
}

ig_status ig__model_bind(ig__model *model, int real_size, uint64_t seed) {
  if (real_size != 4 && real_size != 8)
    return ig__fail(IG_USAGE, "%s: a real type of %d bytes, 4 or 8 are possible", model->name, real_size);
  if (model->params) return ig__fail(IG_USAGE, "%s: the model is bound already", model->name);
  ig_status status = bind(model, real_size, seed);
  if (status != IG_OK) ig__model_unbind(model);
  return status;
}

/* ---- initial values ------------------------------------------------------------------------------------------------ */

static void store(void *array, int real_size, int64_t at, const double *values, int64_t count) {
  if (real_size == 8) {
    memcpy((double *)array + at, values, (size_t)count * sizeof *values);
    return;
  }
  float *to = (float *)array + at;
  for (int64_t i = 0; i < count; i++) to[i] = (float)values[i];
}

static ig_status draw(ig__model *m, const ig__param *p, const ig__initialiser *initialiser, const void *options, ig__rng *rng) {
  double drawn[DRAWN_AT_ONCE];
  if (initialiser->fill_matrix) {
    double *whole = ig__alloc((size_t)p->count, sizeof *whole);
    const int64_t rows = p->shape.rank ? p->shape.dim[0] : 1;
    ig_status status = whole ? initialiser->fill_matrix(options, rows, p->count / rows, rng, whole) : IG_NO_MEMORY;
    if (status == IG_OK) store(m->params, m->real_size, p->offset, whole, p->count);
    ig__free(whole);
    return status;
  }
  for (int64_t done = 0; done < p->count;) {
    int64_t now = p->count - done < DRAWN_AT_ONCE ? p->count - done : DRAWN_AT_ONCE;
    initialiser->fill(options, p->fan_in, p->fan_out, rng, drawn, now);
    store(m->params, m->real_size, p->offset + done, drawn, now);
    done += now;
  }
  return IG_OK;
}

/* The stream is keyed by the name, not by the place: a line added above changes no other line's draws. Values are drawn in
 * double and rounded, so that a float and a double model start alike. */
static ig_status initialise_param(ig__model *m, const ig__param *p, uint64_t seed) {
  const ig__initialiser *initialiser;
  void *options;
  ig_status status = ig__initialiser_parse(p->initialiser, &initialiser, &options);
  if (status != IG_OK) return status == IG_NO_MEMORY ? status : ig__fail_at(IG_BAD_MODEL, "%s: %s", m->name, p->name);
  ig__rng rng = ig__rng_make(seed, IG__FOR_INIT, ig__hash(p->name, strlen(p->name), 0), 0);
  status = draw(m, p, initialiser, options, &rng);
  ig__free(options);
  return status;
}

ig_status ig__model_initialise(ig__model *m, uint64_t seed) {
  if (!m->params) return ig__fail(IG_USAGE, "%s: the model is not bound yet", m->name);
  for (size_t i = 0; i < m->param_count; i++) IG__TRY(initialise_param(m, &m->param[i], seed));
  for (size_t i = 0; i < m->state_count; i++) {
    const ig__state *s = &m->state[i];
    for (int64_t k = 0; k < s->count; k++) store(m->states, m->real_size, s->offset + k, &s->initial, 1);
  }
  m->version++;
  return IG_OK;
}

/* ---- parameters and states as one list ----------------------------------------------------------------------------- */

size_t ig__slot_count(const ig__model *m) { return m->param_count + m->state_count; }

ig__slot ig__slot_at(const ig__model *m, size_t index) {
  if (index < m->param_count) {
    const ig__param *p = &m->param[index];
    return (ig__slot){p->name, &p->shape, p->offset, p->count, false};
  }
  const ig__state *s = &m->state[index - m->param_count];
  return (ig__slot){s->name, &s->shape, s->offset, s->count, true};
}

void *ig__slot_data(const ig__model *m, const ig__slot *slot) {
  return (char *)(slot->is_state ? m->states : m->params) + (size_t)slot->offset * (size_t)m->real_size;
}

static bool name_before(const void *model, size_t a, size_t b) {
  return strcmp(ig__slot_at(model, a).name, ig__slot_at(model, b).name) < 0;
}

size_t *ig__slots_sorted(const ig__model *m) {
  size_t count = ig__slot_count(m), *index = ig__alloc(count, sizeof *index);
  if (!index) return NULL;
  for (size_t i = 0; i < count; i++) index[i] = i;
  ig__sort_index(index, count, name_before, m);
  return index;
}

/* Heapsort: in place, and as fast for a hostile file as for any other. */
void ig__sort_index(size_t *index, size_t count, ig__before_fn before, const void *things) {
  size_t heap = count, start = count / 2;
  while (heap > 1) {
    size_t at, moved;
    if (start > 0) {
      moved = index[at = --start];
    } else {
      moved = index[--heap];
      index[heap] = index[at = 0];
    }
    for (size_t child; (child = 2 * at + 1) < heap; at = child) {
      if (child + 1 < heap && before(things, index[child], index[child + 1])) child++;
      if (!before(things, moved, index[child])) break;
      index[at] = index[child];
    }
    index[at] = moved;
  }
}
