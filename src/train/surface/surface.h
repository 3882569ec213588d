#ifndef IG__TRAIN_SURFACE_H
#define IG__TRAIN_SURFACE_H
/* Inside the verb surface: move.c is the arithmetic on weights, page.c what is written, verb.c measures. */

#include "imgrad/surface.h"
#include "train/train.h"

extern const ig__option ig__surface_table[];

/* Where a model's weights and running states are moved from, and along what. */
typedef struct ig__mover {
  ig__model *model;
  double *from;              /* its parameters, and behind them its states */
  double *along[2];          /* two directions, of the parameters; or in [0] the other solution, as long as `from` */
  bool line;
} ig__mover;
/* Directions by (seed, name of the parameter): normal numbers, scaled filter by filter; zero for biases, normalisation and what
 * is frozen. Owner: caller, ig__mover_free. */
ig_status ig__mover_around(ig__model *model, uint64_t seed, ig__mover *out);
/* To the weights of `to`. IG_BAD_MODEL: they are not those of the same lines; the message says what differs. */
ig_status ig__mover_between(ig__model *model, const ig__model *to, ig__mover *out);
void ig__mover_free(ig__mover *mover);
/* At (0, 0), and on a line at 1, exactly the solution's own numbers. */
void ig__mover_put(const ig__mover *mover, double alpha, double beta);

/* surface.csv and report.html into result->out. */
ig_status ig__surface_write(const ig_surface_options *options, const ig_surface_result *result);

#endif
