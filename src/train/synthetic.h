#ifndef IG__SYNTHETIC_H
#define IG__SYNTHETIC_H
/* Data that a model could be given. */
#include "train/train.h"

/* Two fields: pictures, as bytes where they have 1 … 4 channels, else as floats; and labels, or for a model that ends in
 * pictures a picture of that size. */
ig_status ig__synthetic_info(ig__model *model, ig__source_info *info);
/* n random samples in memory. Owner: caller, ig__synthetic_batch_free. */
ig_status ig__synthetic_batch(const ig__source_info *info, int n, uint64_t seed, ig__batch *batch);
void ig__synthetic_batch_free(ig__batch *batch);

#endif
