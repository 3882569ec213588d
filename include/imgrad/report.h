#ifndef IMGRAD_REPORT_H
#define IMGRAD_REPORT_H
/* The verb report: the page that a run leaves, made again; or several runs side by side. */

#include "imgrad/verbs.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct ig_report_options {
  char out[IG_PATH_SIZE];       /* the file to write; "": report.html in the run's folder, for one run */
  char data[IG_PATH_SIZE];      /* "": the data the runs were trained on */
  int threads, workers;
} ig_report_options;

ig_report_options ig_report_options_default(void);

#define IG_REPORT_RUNS 64

typedef struct ig_report_result {
  char out[IG_PATH_SIZE];       /* the file written */
  int runs;
  int64_t wrong;                /* pictures that were wrong; of one run */
  bool complete;                /* nothing was left out for want of weights or data */
} ig_report_result;

/* Writes the report of a run, one HTML file, and beside it the list of pictures that were wrong (wrong.csv, or NAME-wrong.csv
 * when the report is called NAME.html); or with 2 … IG_REPORT_RUNS runs, a page that shows them side by side. Their weights are
 * measured again. When data are gone, what needs them is left out and the context's log says so. IG_USAGE: no such run;
 * IG_BAD_MODEL: a folder that holds no whole run; IG_IO: cannot be written. */
ig_status ig_report(ig_context *context, const char *const *run, int count, const ig_report_options *options,
                    ig_report_result *result);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
