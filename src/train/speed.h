#ifndef IG__TRAIN_SPEED_H
#define IG__TRAIN_SPEED_H
/* Time by lines of the model: as it should be (summary --forecast), and as it was (the report of a run). */

#include "train/train.h"

/* Of one step of training, a line of the model: core seconds of all threads together, and multiply-adds. */
typedef struct ig__line_speed { char line[128]; double forward, backward, work; } ig__line_speed;

/* Rows of a plan's profile or forecast added up by line, in the order in which the plan first meets them; those of `runs` runs. Owner
 * of *out: caller, ig__free. */
ig_status ig__speed_lines(const ig__profile_row *row, size_t rows, int runs, ig__line_speed **out, int *count);

/* forecast.c: fills result->forecast and the rows' seconds, from the network of a training step. */
ig_status ig__forecast(const ig_context *context, const ig__network *network, const ig_summary_options *options, int slots, ig_summary_result *result);

/* report/speed.c: measures some steps of the run that ends and writes speed.csv into its folder. Weights and states are as before. */
ig_status ig__speed_measure(ig__trainer *trainer);

#endif
