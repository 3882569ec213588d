/* What the tests of whole runs share. */
#include "train/checkpoint.h"
#include "runs.h"

#include <stdlib.h>
#include <unistd.h>

char said[8192];

static ig_train_options options_of(const char *const *words) {
  ig_train_options o = ig_train_options_default();
  snprintf(o.report, sizeof o.report, "no"); /* the tests of reports ask for one */
  for (int i = 0; words[i]; i += 2) CHECK_OK(ig_option_set(IG_VERB_TRAIN, &o, words[i], words[i + 1]));
  return o;
}

ig_status train_words(ig_context *context, ig_train_result *result, const ig_train_events *events, const char *const *words) {
  ig_train_options o = options_of(words);
  return ig_train(context, &o, events, result);
}

void run_words(ig_context *context, const char *const *words) {
  ig_train_result result;
  CHECK_OK(train_words(context, &result, NULL, words));
}

#ifdef IG__FAULTS
void allocations_fail(int step, const char *const *words) {
  ig_context *context = threads(1);
  const ig_train_options o = options_of(words);
  const int64_t before = ig__alloc_outstanding();
  for (int n = 1;; n += step) {
    ig_train_result r;
    char spec[32];
    remove_run(o.out);
    snprintf(spec, sizeof spec, "malloc@%d", n);
    ig__fault_set(spec);
    const ig_status status = ig_train(context, &o, NULL, &r);
    const bool hit = ig__fault_calls("malloc") >= (uint64_t)n;
    ig__fault_set(NULL);
    CHECK_INT(ig__alloc_outstanding(), before);
    if (!hit) break;
    if (status == IG_OK) test_fail(__FILE__, __LINE__, "%s went unseen", spec);
  }
  ig_context_free(context);
}
#endif

ig_context *threads(int count) {
  ig_context *context = NULL;
  ig_context_options o = ig_context_options_default();
  o.threads = count;
  CHECK_OK(ig_context_new(&context, &o));
  return context;
}

static void listen(void *user, ig_log_level level, const char *text) {
  size_t used = strlen(said);
  (void)user, (void)level;
  snprintf(said + used, sizeof said - used, "%s\n", text);
}

ig_context *listening(int count) {
  ig_context *context = NULL;
  ig_context_options o = ig_context_options_default();
  o.threads = count;
  o.log = listen;
  said[0] = 0;
  CHECK_OK(ig_context_new(&context, &o));
  return context;
}

const char *in_folder(const char *name) {
  static char path[8][1024];
  static int turn;
  char *out = path[turn++ % 8];
  snprintf(out, sizeof path[0], "%s/%s", test_folder(), name);
  return out;
}

const char *write_text(const char *name, const char *text) {
  const char *path = in_folder(name);
  FILE *f = fopen(path, "wb");
  CHECK(f && fwrite(text, 1, strlen(text), f) == strlen(text) && fclose(f) == 0);
  return path;
}

const char *small_net(void) {
  return write_text("small.txt", "input 1 28 28\nconv2d 4 k=3 stride=3 bias=no\nbatchnorm relu\ndropout 0.25\ndense classes softmax\n");
}

/* ---- run folders ----------------------------------------------------------------------------------------------------- */

static const char *const files[4] = {"config.yaml", "checkpoint", "model.safetensors", "results.csv"};

static const char *file_of(const char *folder, const char *name) {
  static char path[2048];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

void snapshot_take(snapshot *s, const char *folder) {
  memset(s, 0, sizeof *s);
  for (int i = 0; i < 4; i++)
    if (ig__file_exists(file_of(folder, files[i])))
      CHECK_OK(ig__file_read(file_of(folder, files[i]), SIZE_MAX, &s->bytes[i], &s->size[i]));
}

void snapshot_put(const snapshot *s, const char *folder) {
  remove_run(folder);
  CHECK_OK(ig__make_folder(folder));
  for (int i = 0; i < 4; i++) {
    if (!s->bytes[i]) continue;
    FILE *f = fopen(file_of(folder, files[i]), "wb");
    CHECK(f && fwrite(s->bytes[i], 1, s->size[i], f) == s->size[i] && fclose(f) == 0);
  }
}

void snapshot_free(snapshot *s) {
  for (int i = 0; i < 4; i++) ig__free(s->bytes[i]);
}

void remove_run(const char *folder) {
  ig__names names;
  if (!ig__is_folder(folder)) return;
  CHECK_OK(ig__folder_list(folder, &names));
  for (size_t i = 0; i < names.count; i++) unlink(file_of(folder, names.name[i]));
  ig__names_free(&names);
  CHECK(rmdir(folder) == 0);
}

static uint8_t *checkpoint_of(const char *folder, ig__checkpoint *c) {
  uint8_t *bytes;
  size_t size;
  CHECK_OK(ig__file_read(file_of(folder, "checkpoint"), SIZE_MAX, &bytes, &size));
  CHECK_OK(ig__checkpoint_parse(bytes, size, "checkpoint", c));
  return bytes;
}

uint64_t hash_of_run(const char *folder) {
  ig__checkpoint c;
  uint8_t *bytes = checkpoint_of(folder, &c);
  uint64_t hash = 0;
  for (int i = 0; i < c.count; i++)
    if (strcmp(c.section[i].name, "state") != 0) hash = ig__hash(c.section[i].data, c.section[i].size, hash);
  ig__free(bytes);
  return hash;
}

uint64_t hash_of_model(const char *folder) {
  uint8_t *bytes;
  size_t size;
  ig__tensors t;
  uint64_t hash = 0;
  CHECK_OK(ig__file_read(file_of(folder, "model.safetensors"), SIZE_MAX, &bytes, &size));
  CHECK_OK(ig__tensors_parse(bytes, size, "model.safetensors", &t));
  for (size_t i = 0; i < t.count; i++) {
    const ig__tensors_entry *e = &t.entry[i];
    hash = ig__hash(e->name, strlen(e->name), hash);
    hash = ig__hash(e->data, (size_t)ig__shape_count(&e->shape) * (size_t)e->real_size, hash);
  }
  ig__tensors_free(&t);
  return hash;
}

char *results_of(const char *folder) {
  ig__buffer out = {0};
  uint8_t *bytes;
  size_t size;
  int column = 0;
  CHECK_OK(ig__file_read(file_of(folder, "results.csv"), SIZE_MAX, &bytes, &size));
  for (size_t i = 0; i < size; i++) {
    bool time = column == 1 || column == 10 || column == 11;
    if (bytes[i] == ',') column++;
    if (bytes[i] == '\n') column = 0;
    if (!time || bytes[i] == '\n') ig__buffer_add(&out, &bytes[i], 1);
  }
  ig__free(bytes);
  CHECK(!out.failed);
  return (char *)out.data;
}

ig__run_state state_of(const char *folder) {
  ig__checkpoint c;
  ig__run_state state = {0};
  uint8_t *bytes = checkpoint_of(folder, &c);
  CHECK_STR(c.section[0].name, "state");
  CHECK_OK(ig__run_state_parse(&c.section[0], "checkpoint", &state));
  ig__free(bytes);
  return state;
}

void check_loads(const char *folder, bool *model) {
  ig__model *m = NULL;
  if (ig__file_exists(file_of(folder, "checkpoint"))) hash_of_run(folder);
  *model = ig__file_exists(file_of(folder, "model.safetensors"));
  if (!*model) return;
  CHECK_OK(ig__model_load(file_of(folder, "model.safetensors"), 4, &m));
  ig__model_free(m);
}

ig_status stop_after(void *user) {
  stopper *s = user;
  return s->left-- > 0 ? IG_OK : IG_INTERRUPTED;
}

ig__model *model_of(const char *folder, int real_size) {
  char path[1100];
  ig__model *m;
  snprintf(path, sizeof path, "%s/model.safetensors", folder);
  CHECK_OK(ig__model_load(path, real_size, &m));
  return m;
}

const ig__param *param_of(const ig__model *m, const char *name) {
  for (size_t i = 0; i < m->param_count; i++)
    if (strcmp(m->param[i].name, name) == 0) return &m->param[i];
  test_fail(__FILE__, __LINE__, "no parameter %s", name);
}
