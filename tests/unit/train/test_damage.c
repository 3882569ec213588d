/* Damaged files: every truncation and 10,000 bit flips of a checkpoint and of a configuration give an error or a correct load,
 * quickly and in little memory. */
#include "train/checkpoint.h"
#include "base/rng.h"
#include "runs.h"

#include <stdlib.h>

#define FLIPS 10000
#define MOST_BYTES ((int64_t)64 << 20)

/* A run of two epochs of a model of 170 parameters: its whole checkpoint is 2 KB. */
static const char *tiny_run(ig_context *context) {
  const char *model = write_text("tiny.txt", "input 1 28 28\nmaxpool2d 7\ndense classes softmax\n");
  const char *run = in_folder("tiny");
  remove_run(run);
  RUN(context, "data", "digits train=40 test=10", "model", model, "epochs", "2", "out", run);
  return run;
}

/* Damage that is accepted must be in bytes that nobody reads, in the names (then a section is missing for those who look for
 * it), or in the fingerprint, which is compared when a run is taken up. */
static void check_checkpoint(const uint8_t *bytes, size_t size, const ig__checkpoint *good) {
  ig__checkpoint c;
  double start = ig__now();
  ig_status status = ig__checkpoint_parse(bytes, size, "damaged", &c);
  if (ig__now() - start > 2) test_fail(__FILE__, __LINE__, "%.1f s", ig__now() - start);
  if (status != IG_OK) {
    CHECK_INT(status, IG_BAD_MODEL);
    CHECK_HAS(ig_last_error(), "damaged: ");
    return;
  }
  CHECK_INT(c.count, good->count);
  for (int i = 0; i < c.count; i++) {
    CHECK_INT(c.section[i].size, good->section[i].size);
    CHECK(memcmp(c.section[i].data, good->section[i].data, (size_t)c.section[i].size) == 0);
  }
}

static uint8_t *flip(uint8_t *bytes, size_t size, ig__rng *rng, uint8_t *old) {
  uint8_t *at = bytes + ig__rng_below(rng, (uint32_t)size);
  *old = *at;
  *at ^= (uint8_t)(1u << ig__rng_below(rng, 8));
  return at;
}

TEST(checkpoint_cut_and_flipped) {
  ig_context *context = threads(1);
  const char *run = tiny_run(context);
  uint8_t *bytes, old;
  size_t size;
  char path[1100];
  ig__checkpoint good;
  ig__rng rng = ig__rng_make(1, IG__FOR_TEST, 0, 0);
  snprintf(path, sizeof path, "%s/checkpoint", run);
  CHECK_OK(ig__file_read(path, SIZE_MAX, &bytes, &size));
  uint8_t *copy = malloc(size);
  CHECK(copy);
  memcpy(copy, bytes, size);
  CHECK_OK(ig__checkpoint_parse(copy, size, path, &good));
  for (size_t cut = 0; cut < size; cut++) {
    uint8_t *part = malloc(cut ? cut : 1); /* of its own, so that a sanitizer sees a read behind its end */
    CHECK(part);
    memcpy(part, bytes, cut);
    ig__checkpoint c;
    CHECK_STATUS(ig__checkpoint_parse(part, cut, "damaged", &c), IG_BAD_MODEL);
    free(part);
  }
  for (int i = 0; i < FLIPS; i++) {
    uint8_t *at = flip(bytes, size, &rng, &old);
    check_checkpoint(bytes, size, &good);
    *at = old;
  }
  free(copy);
  ig__free(bytes);
  ig_context_free(context);
}

/* The same through the verb, with what is around it. */
TEST(resume_from_damage) {
  ig_context *context = threads(1);
  snapshot good;
  const char *run = tiny_run(context);
  ig__rng rng = ig__rng_make(2, IG__FOR_TEST, 0, 0);
  uint64_t hash = hash_of_run(run);
  snapshot_take(&good, run);
  for (int i = 0; i < 120; i++) {
    ig_train_result result;
    uint8_t old, *at = NULL;
    size_t size = good.size[1];
    if (i < 60) good.size[1] = size * (size_t)i / 60;
    else at = flip(good.bytes[1], size, &rng, &old);
    snapshot_put(&good, run);
    ig_status status = TRAIN(context, &result, NULL, "resume", run);
    if (status != IG_OK && status != IG_BAD_MODEL) test_fail(__FILE__, __LINE__, "%d: %s", i, ig_status_name(status));
    if (status == IG_BAD_MODEL) CHECK_HAS(ig_last_error(), "checkpoint");
    if (status == IG_OK) CHECK(hash_of_run(run) == hash);
    good.size[1] = size;
    if (at) *at = old;
  }
  snapshot_free(&good);
  ig_context_free(context);
}

/* A state whose hash is right may still say nonsense: numbers that nothing could be computed with are refused. */
TEST(states_that_make_no_sense) {
  ig_context *context = threads(1);
  const char *run = tiny_run(context);
  uint8_t *bytes;
  size_t size;
  char path[1100];
  ig__checkpoint c;
  ig__rng rng = ig__rng_make(3, IG__FOR_TEST, 0, 0);
  snprintf(path, sizeof path, "%s/checkpoint", run);
  CHECK_OK(ig__file_read(path, SIZE_MAX, &bytes, &size));
  CHECK_OK(ig__checkpoint_parse(bytes, size, path, &c));
  int64_t before = ig__alloc_bytes(), outstanding = ig__alloc_outstanding();
  uint8_t *state = malloc((size_t)c.section[0].size);
  CHECK(state);
  for (int i = 0; i < FLIPS; i++) {
    ig__run_state s = {0};
    ig__section section = c.section[0];
    memcpy(state, section.data, (size_t)section.size);
    section.data = state;
    for (uint32_t k = 0, n = 1 + ig__rng_below(&rng, 8); k < n; k++) state[ig__rng_below(&rng, (uint32_t)section.size)] ^= (uint8_t)ig__rng_u32(&rng);
    if (i % 3 == 0) section.size = ig__rng_below(&rng, (uint32_t)section.size);
    ig_status status = ig__run_state_parse(&section, "damaged", &s);
    CHECK(status == IG_OK || status == IG_BAD_MODEL);
    CHECK(ig__alloc_bytes() - before < MOST_BYTES);
    if (status == IG_OK) CHECK(s.epoch == 2 && s.history_count == 2 && s.position >= 0 && s.tally.correct <= s.tally.n);
    ig__run_state_free(&s);
  }
  CHECK_INT(ig__alloc_outstanding(), outstanding);
  free(state);
  ig__free(bytes);
  ig_context_free(context);
}

/* ---- configuration ------------------------------------------------------------------------------------------------------ */

static void check_config(const uint8_t *bytes, size_t size) {
  ig_train_options o = ig_train_options_default();
  double start = ig__now();
  ig_status status = ig__config_parse(IG_VERB_TRAIN, &o, bytes, size, "run.yaml");
  if (ig__now() - start > 2) test_fail(__FILE__, __LINE__, "%.1f s", ig__now() - start);
  if (status != IG_OK) {
    CHECK_INT(status, IG_USAGE);
    CHECK_HAS(ig_last_error(), "run.yaml:");
    return;
  }
  CHECK_OK(ig__options_check(IG_VERB_TRAIN, &o)); /* whatever was read is within its range */
}

TEST(configuration_cut_and_flipped) {
  ig_train_options o = ig_train_options_default();
  ig__buffer text = {0};
  ig__rng rng = ig__rng_make(4, IG__FOR_TEST, 0, 0);
  uint8_t old;
  strcpy(o.data, "digits train=50 \"x\" \xff \xe7\x8c\xab");
  o.lr = 0.00123;
  ig__config_write(&o, &text);
  for (size_t cut = 0; cut < text.size; cut++) check_config(text.data, cut);
  for (int i = 0; i < FLIPS; i++) {
    uint8_t *at = flip(text.data, text.size, &rng, &old), again;
    uint8_t *second = i % 2 ? flip(text.data, text.size, &rng, &again) : NULL;
    check_config(text.data, text.size);
    if (second) *second = again;
    *at = old;
  }
  ig__buffer_free(&text);
}

TEST(configuration_of_garbage) {
  static const char letters[] = " \t\n:-?[]{}#&*!|>'\"%@`,\\a0.~/x";
  ig__rng rng = ig__rng_make(5, IG__FOR_TEST, 0, 0);
  for (int i = 0; i < FLIPS; i++) {
    uint8_t text[200];
    size_t size = ig__rng_below(&rng, sizeof text);
    for (size_t k = 0; k < size; k++)
      text[k] = i % 4 ? (uint8_t)letters[ig__rng_below(&rng, sizeof letters - 1)] : (uint8_t)ig__rng_u32(&rng);
    check_config(text, size);
  }
  /* Deep and long ones, up to what a file may have. */
  static const char *const units[] = {"[", "{", "- ", "? ", "a: ", "!", "&a ", "\"", "a\n", "# \n", "\xef\xbb\xbf", "a: b\n", "%A\n", "---\n"};
  for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
    size_t unit = strlen(units[u]), size = ((size_t)1 << 20) / unit * unit;
    uint8_t *text = malloc(size);
    CHECK(text);
    for (size_t k = 0; k < size; k++) text[k] = (uint8_t)units[u][k % unit];
    check_config(text, size);
    free(text);
  }
}
