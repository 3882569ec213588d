#ifndef IG__TRAIN_PRUNE_H
#define IG__TRAIN_PRUNE_H
/* Taking dead filters and channels out of a trained model: what may go (find.c), the smaller model (shrink.c), its text
 * (write.c), and the verb. */

#include "imgrad/prune.h"
#include "train/regularise.h"

/* A channel of a line's value: of a picture, or one number of a row. Channels that an op cannot tell apart — those on both sides
 * of a relu, those that an add joins — are one class: they stay or go together. */
typedef struct ig__prune {
  ig_context *context;
  ig__model *model;          /* borrowed */
  ig__shape *shape;          /* of each line's value, for one picture */
  int *first;                /* of each line: the place of its channel 0 in what follows; and one more, the number of all */
  int *parent;               /* classes, as trees */
  bool *kept;                /* by class (ig__prune_class) */
  bool *constant;            /* the same number at every place of every picture */
  double *value;             /* that number */
} ig__prune;

/* Finds out what may go. Owner: caller, ig__prune_free, in any case. */
ig_status ig__prune_find(ig_context *context, ig__model *model, ig__prune *out);
void ig__prune_free(ig__prune *prune);
int ig__prune_channels(const ig__prune *prune, int line);
bool ig__prune_keeps(const ig__prune *prune, int line, int channel);
int ig__prune_left(const ig__prune *prune, int line); /* channels that stay */

/* How the weights of a line lie: inputs are read by channels of `in`, from which come `span` numbers each. */
typedef struct ig__prune_cut {
  const ig__param *weight, *bias;  /* NULL: the line has none */
  bool transposed;           /* weights are in × out */
  bool grouped, depthwise;   /* a filter reads the channels of its group only; one channel */
  bool padded;               /* zeros around the picture are read too */
  int in;                    /* the line it reads */
  int inputs, outputs, window; /* of the weights: inputs × outputs (in either order) × window */
  int span;                  /* inputs for each channel of `in` (a dense layer on a picture); else 1 */
} ig__prune_cut;
/* False: the line is no convolution or dense layer, or one that is left as it is. */
bool ig__prune_cut_of(const ig__prune *prune, int line, ig__prune_cut *out);
/* Weight of output o, input i, element k of the window. */
double ig__prune_weight(const ig__prune *prune, const ig__prune_cut *cut, int o, int i, int k);
/* Whether the number that a constant channel has can move into the biases behind it. */
bool ig__prune_folds(const ig__prune *prune, const ig__prune_cut *cut, int channel);
/* What the channels that go bring to output o of a line. */
double ig__prune_folded(const ig__prune *prune, const ig__prune_cut *cut, int o);

/* The text of the smaller model: blocks written out, every line with its name. */
ig_status ig__prune_write(const ig__prune *prune, const char *from, ig__buffer *out);
/* The smaller model with its weights. Owner: caller. */
ig_status ig__prune_shrink(const ig__prune *prune, const char *from, ig__model **out);

/* The page that the verb leaves. */
ig_status ig__prune_report(const ig_prune_options *options, const ig_prune_result *result, ig__buffer *out);

#endif
