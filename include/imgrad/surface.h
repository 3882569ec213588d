#ifndef IMGRAD_SURFACE_H
#define IMGRAD_SURFACE_H
/* The verb surface: the loss around a solution, and on the straight line between two.
 *
 *   ig_surface_options o = ig_surface_options_default();
 *   ig_option_set(IG_VERB_SURFACE, &o, "run", "runs/train");
 *   ig_surface(context, &o, NULL, &r);      // r.point: 25 × 25 of them
 */

#include "imgrad/verbs.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct ig_surface_options {
  char run[IG_PATH_SIZE];       /* run folder or .safetensors file */
  char to[IG_PATH_SIZE];        /* a second one: the line between both; "": the surface around `run` */
  char out[IG_PATH_SIZE];       /* folder to make; "": runs/surface, runs/surface2, … */
  char data[IG_PATH_SIZE];      /* "": the data `run` was trained on */
  char part[8];                 /* "train", "val", "test"; "": train, and on a line also val */
  int64_t limit;                /* pictures of a part at most, by lot; 0: all */
  int points;                   /* of a side of the grid, or of the line */
  double range;                 /* the grid goes from −range to range, in lengths of the filters */
  int64_t seed;                 /* of the directions, and of which pictures */
  char precision[8];
  char conv[8];                 /* "": as the run */
  int batch, threads, workers;
} ig_surface_options;

ig_surface_options ig_surface_options_default(void);

#define IG_SURFACE_PARTS 2

/* The weights are run + alpha·(first direction) + beta·(second direction); on a line (1 − alpha)·run + alpha·to. */
typedef struct ig_surface_point {
  double alpha, beta;           /* beta: 0 on a line */
  ig_metrics part[IG_SURFACE_PARTS]; /* losses may be infinite or NaN far out */
} ig_surface_point;

typedef struct ig_surface_result {
  char out[IG_PATH_SIZE];       /* the folder of report.html and surface.csv */
  bool line;
  int parts;                    /* that were measured */
  const char *part[IG_SURFACE_PARTS]; /* "train", … */
  int side, points;             /* of a side of the grid; all: side², alpha running fastest. On a line side is 1 */
  ig_surface_point *point;
  int first, last;              /* which point is `run`, and on a line which is `to` */
  int least, largest;           /* the points of least and largest loss of part 0; NaN is neither */
  /* On a line: how far the loss of each part rises above the straight line between those of the ends, anywhere between them; 0:
   * nowhere (the error barrier of Frankle and others 2020, in losses). */
  double barrier[IG_SURFACE_PARTS];
  double seconds;
  int64_t broken;               /* pictures left out */
} ig_surface_result;

typedef struct ig_surface_events {
  void (*point)(void *user, const ig_surface_point *point, int done, int count);
  ig_status (*stop)(void *user);  /* asked before every point, as for ig_train; nothing is left then */
  void *user;
} ig_surface_events;

/* Around a run: two directions of normal random numbers, each filter's (each unit's) scaled to the length of the filter itself, biases
 * and normalisation left where they are (Li, Xu, Taylor, Studer, Goldstein 2018), and the loss on a grid. Between two runs of the same
 * model: the loss on the straight line, a quarter of its length beyond both ends. The loss is that of eval: all lines in inference,
 * with the run's penalties. On a line running means and variances move along between the ends and stay beyond them.
 * IG_USAGE: an even number of points (a line: not 6·k + 1), so that a solution would not be among them; no such run or part.
 * IG_BAD_MODEL: two runs whose weights mean different things. `events` may be NULL. Owner of the points: caller,
 * ig_surface_result_free. */
ig_status ig_surface(ig_context *context, const ig_surface_options *options, const ig_surface_events *events, ig_surface_result *result);
void ig_surface_result_free(ig_surface_result *result);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
