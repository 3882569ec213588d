#ifndef IG__TRAIN_SPREAD_H
#define IG__TRAIN_SPREAD_H
/* Spreads: several values for one option, as tune takes them. */

#include "imgrad/tune.h"
#include "train/train.h"

/* The values of a spread, each as the text that ig_option_set takes. */
typedef struct ig__values {
  bool range, log;           /* low … high of numbers */
  bool whole;
  double low, high;
  char **value;              /* of a list; NULL for a range */
  int count;                 /* of a list */
} ig__values;

/* Is this text a spread of values of this option, and not one value? */
bool ig__spread_is(const ig__option *option, const char *text);
/* Keeps it in the options. IG_USAGE: the option cannot be tuned, or what stands there is no spread of its values. */
ig_status ig__spread_set(ig_tune_options *options, const ig__option *option, const char *text);
void ig__spread_drop(ig_tune_options *options, const char *name); /* it has one value now */
/* Owner: caller, ig__values_free. */
ig_status ig__values_parse(const ig__option *option, const char *text, ig__values *out);
void ig__values_free(ig__values *values);
/* The text of a number at `place`, 0 … 1, of a range: four digits, so that no last bit of a logarithm decides. */
void ig__values_at(const ig__values *values, double place, char out[32]);

#endif
