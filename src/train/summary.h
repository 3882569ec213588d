#ifndef IG__TRAIN_SUMMARY_H
#define IG__TRAIN_SUMMARY_H
/* What a model's lines make and cost. */

#include "train/train.h"

/* Of each line of a model, predicting one picture: the shape of its value, its multiply-adds. */
typedef struct ig__line_work { ig__shape shape; double macs; } ig__line_work;
ig_status ig__model_work(const ig_context *context, ig__model *model, ig__line_work *out);

#endif
