#ifndef IG__COMPARE_H
#define IG__COMPARE_H
/* compare.c is the verb, contestants.c reads what is compared, compare_page.c writes table and page. */

#include "imgrad/compare.h"
#include "sweep/sweep.h"

/* One run: an optimiser at one rate. */
typedef struct ig__contestant {
  char optimizer[IG_SPEC_SIZE];    /* as train takes it */
  char lr[32];                     /* "0": its own, or a search */
  char folder[IG_PATH_SIZE];       /* its name inside runs/ */
  bool descent;
  ig__setting setting[8];
  int settings;
} ig__contestant;

/* Fills contestants and the names and items of their runs; *count of them. IG_USAGE: says which item is wrong, and how. */
ig_status ig__contestants_read(const char *text, const char *budget, ig__contestant *out, ig_compare_run *run, int *count);

/* compare.csv and report.html into result->out, from the run folders. */
ig_status ig__compare_write(const ig_compare_options *options, const ig_compare_result *result);

#endif
