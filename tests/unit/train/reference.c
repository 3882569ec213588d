/* Reads the stored numbers and makes what they were made from. */
#include "reference.h"

#include "test.h"

#include <inttypes.h>

/* ---- the generator ------------------------------------------------------------------------------------------------- */

#define GOLDEN 0x9E3779B97F4A7C15u
enum { PIXELS = 1, LABELS = 2, TENSORS = 100, CLASSES = 10 };

static uint64_t mix(uint64_t z) {
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return z ^ z >> 31;
}

static uint64_t draw(uint64_t stream, uint64_t place) { return mix(mix(stream * GOLDEN) + (place + 1) * GOLDEN); }

static double uniform(uint64_t stream, uint64_t place) { return (double)(draw(stream, place) >> 11) * 0x1p-52 - 1; }

void reference_pictures(int64_t first, int count, int64_t size, uint8_t *out) {
  for (int64_t i = 0; i < count * size; i++) {
    uint64_t z = draw(PIXELS, (uint64_t)(first * size + i));
    out[i] = z & 1 ? 0 : (uint8_t)(z >> 56);
  }
}

void reference_labels(int64_t first, int count, int32_t *out) {
  for (int i = 0; i < count; i++) out[i] = (int32_t)(draw(LABELS, (uint64_t)(first + i)) % CLASSES);
}

/* ---- a model's tensors --------------------------------------------------------------------------------------------- */

typedef struct span { void *data; int64_t count; } span;

static span span_of(const ig__model *m, const char *name) {
  size_t size = (size_t)m->real_size;
  for (size_t i = 0; i < m->param_count; i++)
    if (!strcmp(m->param[i].name, name)) return (span){(char *)m->params + (size_t)m->param[i].offset * size, m->param[i].count};
  for (size_t i = 0; i < m->state_count; i++)
    if (!strcmp(m->state[i].name, name)) return (span){(char *)m->states + (size_t)m->state[i].offset * size, m->state[i].count};
  test_fail(__FILE__, __LINE__, "%s has no tensor %s", m->name, name);
}

static double value_at(const ig__model *m, span s, int64_t i) {
  return m->real_size == 8 ? ((const double *)s.data)[i] : (double)((const float *)s.data)[i];
}

void reference_fill(const reference *r, ig__model *m) {
  CHECK_INT(m->param_count + m->state_count, r->tensors);
  for (int t = 0; t < r->tensors; t++) {
    const reference_tensor *from = &r->tensor[t];
    span to = span_of(m, from->name);
    CHECK_INT(to.count, from->count);
    for (int64_t i = 0; i < to.count; i++) {
      double v = from->base + from->scale * uniform((uint64_t)(TENSORS + t), (uint64_t)i);
      if (m->real_size == 8) ((double *)to.data)[i] = v;
      else ((float *)to.data)[i] = (float)v;
    }
  }
  m->version++;
}

static void compare_sums(const ig__model *m, const reference_tensor *t, const reference_result *want, double tolerance) {
  span s = span_of(m, t->name);
  double sum = 0, squares = 0, largest = 0, each = tolerance * want->largest;
  for (int64_t i = 0; i < s.count; i++) {
    double v = value_at(m, s, i);
    sum += v;
    squares += v * v;
    largest = fmax(largest, fabs(v));
  }
  double all = each * (double)s.count;
  if (!(fabs(sum - want->sum) <= all && fabs(squares - want->squares) <= 2 * want->largest * all && fabs(largest - want->largest) <= each))
    test_fail(__FILE__, __LINE__, "%s: sum %.17g, squares %.17g, largest %.17g; want %.17g, %.17g, %.17g", t->name, sum, squares,
              largest, want->sum, want->squares, want->largest);
}

double reference_compare(const reference *r, const reference_run *run, const ig__model *m, double tolerance,
                         const char **worst) {
  double error = 0;
  CHECK_INT(run->results, r->tensors);
  *worst = "";
  for (int t = 0; t < r->tensors; t++) {
    const reference_result *want = &run->result[t];
    span s = span_of(m, r->tensor[t].name);
    for (int i = 0; i < want->samples; i++) {
      double e = fabs(value_at(m, s, want->at[i]) - want->value[i]) / want->largest;
      if (e <= error) continue;
      error = e;
      *worst = r->tensor[t].name;
    }
    compare_sums(m, &r->tensor[t], want, tolerance);
  }
  return error;
}

/* ---- the stored text ------------------------------------------------------------------------------------------------ */

typedef struct reader { FILE *file; const char *path; reference *out; reference_run *run; } reader;

#define WANT(rd, cond) \
  do { \
    if (!(cond)) { \
      fclose((rd)->file); \
      test_fail(__FILE__, __LINE__, "%s: a line is not as the scripts write it: %s", (rd)->path, #cond); \
    } \
  } while (0)

static void read_list(reader *rd, int *count, double *out) {
  WANT(rd, fscanf(rd->file, "%d", count) == 1 && *count >= 0 && *count <= REFERENCE_LOGITS);
  for (int i = 0; i < *count; i++) WANT(rd, fscanf(rd->file, "%lf", &out[i]) == 1);
}

static void read_tensor(reader *rd) {
  WANT(rd, rd->out->tensors < REFERENCE_TENSORS);
  reference_tensor *t = &rd->out->tensor[rd->out->tensors++];
  WANT(rd, fscanf(rd->file, "%63s %" SCNd64 " %lf %lf", t->name, &t->count, &t->base, &t->scale) == 4);
}

static void read_run(reader *rd) {
  WANT(rd, rd->out->runs < REFERENCE_RUNS);
  reference_run *run = rd->run = &rd->out->run[rd->out->runs++];
  WANT(rd, fscanf(rd->file, "%31s %d %lf %63s", run->name, &run->steps, &run->lr, run->option) == 4);
}

static void read_loss(reader *rd) {
  reference_run *run = rd->run;
  WANT(rd, run && run->losses < REFERENCE_LOSSES);
  WANT(rd, fscanf(rd->file, "%d %lf", &run->loss_step[run->losses], &run->loss[run->losses]) == 2);
  run->losses++;
}

/* Results come in the order of the tensors. */
static void read_result(reader *rd) {
  char name[64];
  WANT(rd, rd->run && rd->run->results < rd->out->tensors);
  const reference_tensor *t = &rd->out->tensor[rd->run->results];
  reference_result *r = &rd->run->result[rd->run->results++];
  WANT(rd, fscanf(rd->file, "%63s %lf %lf %lf %d", name, &r->largest, &r->sum, &r->squares, &r->samples) == 5);
  WANT(rd, !strcmp(name, t->name) && r->samples >= 0 && r->samples <= REFERENCE_SAMPLES);
  for (int i = 0; i < r->samples; i++)
    WANT(rd, fscanf(rd->file, "%" SCNd64 " %lf", &r->at[i], &r->value[i]) == 2 && r->at[i] >= 0 && r->at[i] < t->count);
}

static void read_word(reader *rd, const char *word) {
  bool known = true;
  if (word[0] == '#') WANT(rd, fscanf(rd->file, "%*[^\n]") != EOF);
  else if (!strcmp(word, "tensor")) read_tensor(rd);
  else if (!strcmp(word, "logits64")) read_list(rd, &rd->out->logits64, rd->out->logit64);
  else if (!strcmp(word, "logits32")) read_list(rd, &rd->out->logits32, rd->out->logit32);
  else if (!strcmp(word, "run")) read_run(rd);
  else if (!strcmp(word, "loss")) read_loss(rd);
  else if (!strcmp(word, "result")) read_result(rd);
  else known = false;
  WANT(rd, known);
}

/* Sections are read one after the other into the same place until the one asked for is whole. */
const reference *reference_of(const char *file, const char *model) {
  static reference out;
  char path[1024], word[64];
  snprintf(path, sizeof path, "%s/tests/reference/%s", IG_TEST_SOURCE, file);
  reader rd = {fopen(path, "r"), path, &out, NULL};
  if (!rd.file) test_fail(__FILE__, __LINE__, "cannot open %s", path);
  out = (reference){0};
  while (fscanf(rd.file, "%63s", word) == 1 && strcmp(word, "end")) {
    if (strcmp(word, "model")) {
      read_word(&rd, word);
      continue;
    }
    if (!strcmp(out.model, model)) break;
    out = (reference){0};
    rd.run = NULL;
    WANT(&rd, fscanf(rd.file, "%31s", out.model) == 1);
  }
  WANT(&rd, !strcmp(out.model, model));
  fclose(rd.file);
  return &out;
}

const reference_run *reference_run_of(const reference *r, const char *name) {
  const size_t length = strcspn(name, " ");
  for (int i = 0; i < r->runs; i++)
    if (strlen(r->run[i].name) == length && !strncmp(r->run[i].name, name, length) &&
        (!name[length] || !strcmp(r->run[i].option, name + length + 1)))
      return &r->run[i];
  test_fail(__FILE__, __LINE__, "%s: no run %s", r->model, name);
}
