#ifndef IG__FUZZ_TARGETS_H
#define IG__FUZZ_TARGETS_H
/* The readers of untrusted bytes, each as a function that takes anything and must neither crash nor keep memory. fuzz.c makes
 * one libFuzzer program of each; tests/unit/train/test_corpus.c runs them over the corpora in every test build. */

#include "data/sources/idx.h"
#include "image/canvas.h"
#include "model/model_impl.h"
#include "train/checkpoint.h"

#include <string.h>

#define FUZZ_PARAMETERS ((int64_t)1 << 16) /* more are not worth filling: what is looked for is in the text */

static inline void fuzz_idx(const uint8_t *bytes, size_t size) {
  ig__idx idx;
  volatile uint8_t last;
  if (ig__idx_parse(bytes, size, &idx) != IG_OK) return;
  last = idx.data[(size_t)idx.dim[0] * idx.item_bytes - 1]; /* all that is promised is there */
  (void)last;
}

/* One format, whatever the bytes begin with: decoded to the size of a small model, and as it is. */
static inline void fuzz_codec(const char *name, const uint8_t *bytes, size_t size) {
  for (size_t i = 0; ig__codecs[i]; i++) {
    if (strcmp(ig__codecs[i]->name, name) != 0) continue;
    for (int whole = 0; whole < 2; whole++) {
      ig__canvas canvas = {.bytes = size};
      ig__picture p = {0};
      volatile uint8_t last;
      if (!whole) canvas.want = (ig__picture_want){3, 24, 17, size % 2 ? IG__FIT_CROP : IG__FIT_LETTERBOX};
      if (size > 2 && ig__codecs[i]->recognises(bytes, size) && ig__codecs[i]->decode(bytes, size, &canvas) == IG_OK &&
          ig__canvas_finish(&canvas, &p) == IG_OK)
        last = p.pixel[(size_t)p.channels * (size_t)p.height * (size_t)p.width - 1];
      (void)last;
      ig__picture_free(&p);
      ig__canvas_free(&canvas);
    }
  }
}

static inline void fuzz_jpeg(const uint8_t *bytes, size_t size) { fuzz_codec("jpeg", bytes, size); }
static inline void fuzz_png(const uint8_t *bytes, size_t size) { fuzz_codec("png", bytes, size); }
static inline void fuzz_pnm(const uint8_t *bytes, size_t size) { fuzz_codec("pnm", bytes, size); }

static inline void fuzz_exif(const uint8_t *bytes, size_t size) {
  int turn = ig__exif_turn(bytes, size);
  if (turn < 1 || turn > 8) __builtin_trap();
}

/* Shapes are found for every text that parses; values are made only for small models. */
static inline void fuzz_model(const uint8_t *bytes, size_t size) {
  ig__model *m;
  int64_t count = 0;
  if (ig__model_parse((const char *)bytes, size, "fuzz", 10, &m) != IG_OK) return;
  if (ig__model_record(m) == IG_OK) {
    for (size_t i = 0; i < m->param_count && count <= FUZZ_PARAMETERS; i++) count += m->param[i].count;
    ig__model_unbind(m);
    if (count <= FUZZ_PARAMETERS) (void)ig__model_bind(m, 4, 1);
  }
  ig__model_free(m);
}

static inline void fuzz_tensors(const uint8_t *bytes, size_t size) {
  ig__tensors t;
  uint8_t *copy = ig__alloc(size, 1);
  volatile uint8_t last;
  if (size) memcpy(copy, bytes, size);
  if (ig__tensors_parse(copy, size, "fuzz", &t) != IG_OK) return;
  for (size_t i = 0; i < t.count; i++) {
    size_t count = (size_t)ig__shape_count(&t.entry[i].shape) * (size_t)t.entry[i].real_size;
    if (count) last = ((const uint8_t *)t.entry[i].data)[count - 1];
  }
  (void)last;
  (void)ig__tensors_meta(&t, "model");
  ig__tensors_free(&t);
}

/* Hashes keep most of what is tried from reaching the state, so the bytes are also taken as a bare state. */
static inline void fuzz_checkpoint(const uint8_t *bytes, size_t size) {
  ig__checkpoint c;
  ig__run_state state = {0};
  ig__section bare = {"state", bytes, size};
  if (ig__checkpoint_parse(bytes, size, "fuzz", &c) == IG_OK)
    for (int i = 0; i < c.count; i++) (void)ig__run_state_parse(&c.section[i], "fuzz", &state);
  (void)ig__run_state_parse(&bare, "fuzz", &state);
  ig__run_state_free(&state);
}

static inline void fuzz_config(const uint8_t *bytes, size_t size) {
  ig_train_options train = ig_train_options_default();
  ig_eval_options eval = ig_eval_options_default();
  ig__buffer out = {0};
  (void)ig__config_parse(IG_VERB_EVAL, &eval, bytes, size, "fuzz");
  if (ig__config_parse(IG_VERB_TRAIN, &train, bytes, size, "fuzz") == IG_OK) {
    ig_train_options back = ig_train_options_default();
    ig__config_write(&train, &out);
    if (ig__config_parse(IG_VERB_TRAIN, &back, out.data, out.size, "fuzz") != IG_OK) __builtin_trap();
  }
  ig__buffer_free(&out);
}

#define FUZZ_THING(kind)                                                                       \
  do {                                                                                         \
    const ig__##kind *thing_;                                                                  \
    void *options_;                                                                            \
    char printed_[512];                                                                        \
    if (ig__##kind##_parse(text, &thing_, &options_) == IG_OK) {                               \
      ig__options_print(thing_->name, thing_->options, options_, printed_, sizeof printed_);   \
      ig__free(options_);                                                                      \
    }                                                                                          \
  } while (0)

static inline void fuzz_options(const uint8_t *bytes, size_t size) {
  char text[1024];
  size_t length = size < sizeof text ? size : sizeof text - 1;
  ig_train_options train = ig_train_options_default();
  if (length) memcpy(text, bytes, length);
  text[length] = 0;
  FUZZ_THING(optimiser);
  FUZZ_THING(schedule);
  FUZZ_THING(penalty);
  FUZZ_THING(initialiser);
  for (int i = 0; ig_option_name(IG_VERB_TRAIN, i); i++)
    (void)ig_option_set(IG_VERB_TRAIN, &train, ig_option_name(IG_VERB_TRAIN, i), text);
  (void)ig_option_set(IG_VERB_TRAIN, &train, text, text);
}
#undef FUZZ_THING

#endif
