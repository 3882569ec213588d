#ifndef IG__DATA_H
#define IG__DATA_H
/* Samples, sources, parts, order, batches, prefetch.
 *
 * A sample is a set of named fields plus a 64-bit key (a hash of its place, or its record number) and a printable place.
 * A source knows its parts (train, val, test) and gives sample i of a part when asked, from any thread. What a run sees —
 * which pictures train, which validate, in which order — is a view over it: lists of indices made from keys and seeds
 * alone, so nothing depends on threads. */

#include "base/alloc.h"
#include "base/options.h"
#include "base/pool.h"
#include "base/rng.h"
#include "image/image.h"

typedef enum ig__part { IG__TRAIN, IG__VAL, IG__TEST, IG__PARTS } ig__part;
const char *ig__part_name(ig__part part); /* "train", "val", "test" */

typedef enum ig__role { IG__ROLE_IMAGE, IG__ROLE_LABEL, IG__ROLE_VALUE, IG__ROLE_MASK, IG__ROLE_LABELS, IG__ROLE_BOXES,
                        IG__ROLE_POINTS } ig__role;
typedef enum ig__field_type { IG__FIELD_U8, IG__FIELD_I32, IG__FIELD_F32 } ig__field_type;

#define IG__MAX_FIELDS 4

/* One field of every sample: an image is u8 or f32, c h w; a label is one i32. */
typedef struct ig__field {
  char name[32];
  ig__role role;
  ig__field_type type;
  int rank, dim[4];
} ig__field;
size_t ig__field_bytes(const ig__field *field); /* of one sample */

/* What a source is, filled by open. Strings and arrays belong to the source. */
typedef struct ig__source_info {
  int field_count;
  ig__field field[IG__MAX_FIELDS];
  int64_t count[IG__PARTS];
  int class_count;                 /* 0 when the labels are no classes */
  char (*class_name)[64];
  uint64_t fingerprint;            /* of everything that decides the samples' bytes */
  int64_t skipped;                 /* files beside the pictures that are none */
  bool kept;                       /* what was read once stays in memory: a pass over everything is not lost */
  char name[256];                  /* "digits", or the path */
} ig__source_info;

typedef struct ig__source ig__source;

/* What a model asks of its pictures: zeros leave it to the source. A source whose pictures have a size of their own keeps it;
 * whoever asked compares. `class_name`: the classes in the order of their labels, where folders are told apart by name. */
typedef struct ig__source_want {
  ig__picture_want picture;
  int class_count;
  char (*class_name)[64];
  size_t keep;                     /* bytes of read pictures that may stay in memory for several runs; 0: as the source sees fit */
} ig__source_want;

/* A kind of source: one file in sources/, one line in all.def. */
typedef struct ig__source_kind {
  const char *name, *help;
  const ig__option *options;
  size_t options_size;
  /* Does this folder or file look like mine? NULL for a source that is asked for by name only. */
  bool (*recognises)(const char *path);
  /* Opens by name (path NULL) or by path; fills source->info and source->state. */
  ig_status (*open)(ig__source *source, const void *options, const char *path);
  /* Writes sample `index` of `part` into one buffer a field. Any thread, any order. IG_BAD_DATA: this one is broken (the
   * message says why and where); any other failure stops the run. */
  ig_status (*read)(const ig__source *source, ig__part part, int64_t index, void *const *fields);
  /* The label without reading the picture, −1 when there is none: for stratified splits. */
  int (*label)(const ig__source *source, ig__part part, int64_t index);
  uint64_t (*key)(const ig__source *source, ig__part part, int64_t index);
  void (*place)(const ig__source *source, ig__part part, int64_t index, char *out, size_t size);
  void (*close)(ig__source *source);
} ig__source_kind;

struct ig__source {
  const ig__source_kind *kind;
  ig__source_want want;
  ig__source_info info;
  void *state;
};

/* Opens what --data says: a path, or NAME with options ("digits train=20000 seed=1"). A path that exists wins over a name.
 * `want` may be NULL; its class names are used while opening only. IG_USAGE: no such path and no such name (nearest named).
 * IG_BAD_DATA: there, but unusable. Owner: caller. */
ig_status ig__source_open(const char *text, const ig__source_want *want, ig__source **out);
void ig__source_close(ig__source *source);
extern const ig__source_kind *const ig__source_kinds[]; /* NULL-terminated, alphabetical */

/* ---- which samples: the parts of a run --------------------------------------------------------------------------------------- */

/* One sample: its part in the source and its number there. */
typedef struct ig__ref { ig__part part; int64_t index; uint64_t key; } ig__ref;

/* One of several stratified parts of the training pictures, from 1; of 0: none. */
typedef struct ig__fold { int index, of; } ig__fold;

typedef struct ig__split_options {
  uint64_t seed;
  double val;     /* share of the training part that validation gets when the source has no validation part; < 0: 0.1 */
  double test;    /* the same for test when the source has none; 0 */
  /* Stratified sample of the training part, 0: all. Drawn after the split; with folds before, so that they are parts of one sample. */
  int64_t limit;
  /* `fold` validates, and nothing is test: folds are there to choose by; 1 of 1 is what would validate without folds. `test_fold` is the test part instead of the source's own, taken
   * first, the folds then being parts of what it leaves. */
  ig__fold fold, test_fold;
  double hold;    /* share of what is left to train on that is held back, taken last; 0 */
} ig__split_options;

/* The three parts of a run, and what is held back. In each class the samples with the smallest Philox(seed, key) go to validation
 * (test first). Within a part, refs are in the source's order. */
typedef struct ig__samples { ig__ref *ref[IG__PARTS]; int64_t count[IG__PARTS]; ig__ref *held; int64_t held_count; } ig__samples;
ig_status ig__samples_make(const ig__source *source, const ig__split_options *options, ig__samples *out);
/* The same as if some samples of the source's training part were not there: those where `broken` is 1; NULL: none. */
ig_status ig__samples_make_without(const ig__source *source, const ig__split_options *options, const uint8_t *broken, ig__samples *out);
void ig__samples_free(ig__samples *samples);

/* The order of an epoch: refs sorted by Philox(seed, epoch, key), ties by key then index. In place. */
ig_status ig__order_epoch(ig__ref *ref, int64_t count, uint64_t seed, int64_t epoch);

/* The order of an epoch in which every class has as many places: `out` has `count` of them too. Each class with pictures gives
 * count / classes, rounded down or up (which ones differs from epoch to epoch); its pictures come in the order that
 * ig__order_epoch gives them, and when they are used up again from the beginning. A second copy in one epoch has a key of its
 * own, so that dropout and augmentation treat it as another picture. Broken pictures count until they are found. A function of seed, epoch, keys and labels alone. */
ig_status ig__order_balanced(const ig__source *source, const ig__ref *ref, int64_t count, uint64_t seed, int64_t epoch, ig__ref *out);

/* ---- augmentation: augment.h has the kinds --------------------------------------------------------------------------- */

/* What happens to training samples, parsed and fitted to a source's fields. Read only; any number of threads. */
typedef struct ig__augment ig__augment;
/* From text: "flip, shift 4, rotate 10". *out is NULL for an empty text. IG_USAGE: an unknown name or option (nearest named), or
 * fields that cannot be augmented: only pictures and masks of bytes can. */
ig_status ig__augment_new(const char *text, const ig__source_info *info, ig__augment **out);
void ig__augment_free(ig__augment *augment);
size_t ig__augment_room(const ig__augment *augment); /* bytes of scratch */
/* Changes one sample in place: all its fields alike. */
void ig__augment_sample(const ig__augment *augment, uint64_t seed, int64_t epoch, uint64_t key, void *const *fields, void *scratch);
/* Does the list mix the pictures of a batch? NULL does not. */
bool ig__augment_mixes(const ig__augment *augment);

/* ---- batches and prefetch ---------------------------------------------------------------------------------------- */

/* One buffer a field, n samples one after the other, in the order asked. */
typedef struct ig__batch {
  int n;
  int64_t first;                    /* place of its first sample in the order */
  int64_t next;                     /* place after its last sample: a pass started there goes on with the same batches */
  void *field[IG__MAX_FIELDS];
  uint64_t *key;
  ig__ref *ref;
} ig__batch;

typedef struct ig__loader_options {
  int batch;
  int threads;                      /* loader threads ≥ 1, at lower priority than compute */
  int depth;                        /* batches prepared ahead, ≥ 1; memory is bounded by depth + 1 batches */
  const ig__augment *augment;       /* of every sample read, borrowed; NULL: none */
  uint64_t seed;                    /* of the augmentation */
  bool strict;                      /* stop at the first broken picture instead of replacing it */
  /* Called once for each broken picture, on the consumer's thread, from ig__loader_next. May be NULL. */
  void (*broken)(void *user, const ig__ref *ref, const char *message);
  void *user;
} ig__loader_options;

/* Reads all of the source's training part once and marks what is broken in `broken` (zeroed, one for each sample): taken out
 * before the split, it leaves the same parts as if it had never been there. For sources that keep what they read. */
ig_status ig__samples_survey(const ig__source *source, const ig__loader_options *options, uint8_t *broken);

typedef struct ig__loader ig__loader;
ig_status ig__loader_new(const ig__source *source, const ig__loader_options *options, ig__loader **out);
/* Starts a pass over ref[first … count-1] (borrowed until the pass ends or the next start). A broken sample is left out and
 * the ones after it move up, so that the batches are those of a list without it; broken ones are remembered for later passes. */
ig_status ig__loader_start(ig__loader *loader, const ig__ref *ref, int64_t count, int64_t first);
/* The epoch whose lots augmentation draws from the next start on; 0 until told. Gives up a pass that runs. */
void ig__loader_epoch(ig__loader *loader, int64_t epoch);
/* The next batch in order; *batch is NULL after the last. Valid until the next call. Waits, and adds the time waited. */
ig_status ig__loader_next(ig__loader *loader, const ig__batch **batch);
/* Mixes the pictures of the batch just given in pairs (first with last, and so on), in place; row i of `target` (n × classes)
 * gets the shares of the classes in picture i. Only for a loader whose augmentation mixes. */
void ig__augment_mix(const ig__augment *augment, uint64_t seed, int64_t epoch, const ig__batch *batch, int label_field,
                     int classes, float *target);
double ig__loader_waited(const ig__loader *loader);   /* seconds the consumer waited since the start of the pass */
int64_t ig__loader_broken(const ig__loader *loader);  /* pictures left out so far */
void ig__loader_free(ig__loader *loader);

#endif
