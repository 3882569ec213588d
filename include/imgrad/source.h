#ifndef IMGRAD_SOURCE_H
#define IMGRAD_SOURCE_H
/* Pictures that the program itself has: arrays in memory, or whatever its own functions give. They get a name in a context, and
 * from then on that name is what options.data may say:
 *
 *   ig_arrays a = {0};
 *   a.channels = 1; a.height = a.width = 28; a.classes = 10;
 *   a.train.count = 5000; a.train.pixels = pixels; a.train.labels = labels;
 *   ig_add_arrays(context, "mine", &a);
 *   ig_option_set(IG_VERB_TRAIN, &options, "data", "mine");   // then ig_train, ig_eval, …
 */

#include "imgrad/context.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef enum ig_part { IG_PART_TRAIN, IG_PART_VAL, IG_PART_TEST } ig_part;

/* A source made of functions. Strings and functions must live as long as the context. */
typedef struct ig_custom_source {
  const char *name;              /* a word; what options.data says */
  int channels, height, width;   /* of every picture */
  bool floats;                   /* pixels are floats, taken as they are; else bytes, which the model's input line scales */
  int classes;                   /* labels are 0 … classes−1 */
  const char *const *class_name; /* of each class, at most 63 bytes; NULL: "0", "1", … */
  int64_t count[3];              /* pictures of each ig_part; without validation pictures, training gives a tenth of its own */
  uint64_t fingerprint;          /* of the pictures: --resume refuses a run whose data had another */
  /* Writes picture `index` of `part` as channels × height × width. Called by loader threads, several at once when options.workers
   * is above 1, in any order. IG_BAD_DATA leaves this picture out (ig_fail says why); any other failure ends the run. */
  ig_status (*read)(void *user, ig_part part, int64_t index, void *pixels);
  int (*label)(void *user, ig_part part, int64_t index);
  void *user;
} ig_custom_source;

/* Gives the source its name in the context; the struct is copied. IG_USAGE: something is missing or out of range, or the name is
 * taken; IG_NO_MEMORY. */
ig_status ig_add_source(ig_context *context, const ig_custom_source *source);

typedef struct ig_array_part {
  int64_t count;
  const void *pixels;            /* count pictures, one after the other */
  const int32_t *labels;         /* count */
} ig_array_part;

/* A source made of arrays, which stay the program's: they must live, and be left alone, as long as the context. */
typedef struct ig_arrays {
  int channels, height, width;
  bool floats;                   /* pixels are floats, not bytes */
  bool interleaved;              /* height × width × channels, as picture files have them; else channels × height × width */
  int classes;
  const char *const *class_name; /* NULL: "0", "1", … */
  ig_array_part train, val, test; /* count 0: no such part */
} ig_arrays;

/* IG_USAGE: something is missing or out of range, or the name is taken; IG_BAD_DATA: a label is no class; IG_NO_MEMORY. The arrays
 * are hashed once, for the fingerprint. */
ig_status ig_add_arrays(ig_context *context, const char *name, const ig_arrays *arrays);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
