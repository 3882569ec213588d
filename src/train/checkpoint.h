#ifndef IG__TRAIN_CHECKPOINT_H
#define IG__TRAIN_CHECKPOINT_H
/* The checkpoint of a run, written and read. */

#include "train/train.h"

/* Numbers in it, little-endian. */
static inline void ig__put_u64(ig__buffer *out, uint64_t v) {
  uint8_t bytes[8];
  for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(v >> (8 * i));
  ig__buffer_add(out, bytes, sizeof bytes);
}

static inline uint64_t ig__get_u64(const uint8_t *p) {
  uint64_t v = 0;
  for (int i = 0; i < 8; i++) v |= (uint64_t)p[i] << (8 * i);
  return v;
}

/* What a checkpoint is made of and restored into. `fingerprint` is of everything that decides results: model text, data,
 * options. Restoring refuses another one. */
typedef struct ig__checkpoint_parts {
  ig__model *model;
  ig__updater *updater;
  ig__descent *descent;      /* or NULL */
  ig__averager *averager;    /* or NULL */
  ig__run_state *state;
  ig__choices *choices;      /* saved; restoring does not look at them */
  uint64_t fingerprint;
} ig__checkpoint_parts;
ig_status ig__checkpoint_save(const char *folder, const ig__checkpoint_parts *parts);

/* A checkpoint's sections, checked; they point into the bytes. Untrusted input. */
#define IG__MAX_SECTIONS 16
typedef struct ig__section { char name[16]; const uint8_t *data; uint64_t size; } ig__section;
typedef struct ig__checkpoint {
  uint64_t fingerprint;
  int count;
  ig__section section[IG__MAX_SECTIONS];
  uint8_t *bytes;            /* of ig__checkpoint_open, as is the path */
  char *path;
} ig__checkpoint;
ig_status ig__checkpoint_parse(const uint8_t *bytes, size_t size, const char *place, ig__checkpoint *out);
/* That of a run's folder. Owner: caller, ig__checkpoint_close. */
ig_status ig__checkpoint_open(const char *folder, ig__checkpoint **out);
void ig__checkpoint_close(ig__checkpoint *checkpoint);
ig_status ig__checkpoint_restore(const ig__checkpoint *checkpoint, const ig__checkpoint_parts *parts);
/* The choices of kernels that the run was begun with; the caller frees them. NULL: it did not keep any. */
ig_status ig__checkpoint_choices(const ig__checkpoint *checkpoint, char **out);
/* Where the run in this folder stands, by its checkpoint. */
ig_status ig__run_state_read(const char *folder, ig__run_state *out);
void ig__run_state_put(const ig__run_state *state, ig__buffer *out); /* the section's bytes */
ig_status ig__run_state_parse(const ig__section *section, const char *place, ig__run_state *out);

#endif
