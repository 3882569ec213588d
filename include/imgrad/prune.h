#ifndef IMGRAD_PRUNE_H
#define IMGRAD_PRUNE_H
/* The verb prune: a smaller network that gives the same answers. */

#include "imgrad/verbs.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct ig_prune_options {
  char run[IG_PATH_SIZE];       /* run folder or .safetensors file */
  char out[IG_PATH_SIZE];       /* the folder to make */
  double threshold;             /* filters and channels without a weight above it count as dead; 0: only zeros */
  int threads;
} ig_prune_options;

ig_prune_options ig_prune_options_default(void);

/* A layer with parameters, before and after. */
typedef struct ig_prune_row {
  char name[128], op[64];
  int channels, channels_left;  /* that come out */
  int64_t parameters, parameters_left;
  double macs, macs_left;       /* multiply-adds for one picture */
} ig_prune_row;

typedef struct ig_prune_result {
  char out[IG_PATH_SIZE];
  ig_prune_row *row;
  int rows, removed;            /* removed: channels of these layers that went */
  int64_t parameters, parameters_left;
  double macs, macs_left;
  double difference;            /* largest of an output over the largest output, on random pictures; with a threshold, from the
                                 * network without the small filters */
} ig_prune_result;

/* Writes a run folder with a network that gives the same outputs within rounding, without the filters and channels that are not
 * needed for them. IG_USAGE: no such run, or `out` is there already; IG_BAD_MODEL: no model of this library; IG_FAILED: the
 * outputs were not the same, and nothing was written. Owner of the rows: caller, ig_prune_result_free. */
ig_status ig_prune(ig_context *context, const ig_prune_options *options, ig_prune_result *result);
void ig_prune_result_free(ig_prune_result *result);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
