#ifndef IG__SHOW_H
#define IG__SHOW_H
/* How a run is shown while it trains, besides its folder: event files for TensorBoard (--tensorboard, board.c) and a live page (--watch,
 * live.c). What is not wanted costs a comparison. Event files that cannot be written end the run as results.csv does. */

#include "imgrad/watch.h"
#include "train/train.h"

/* Before anything is made, once the fingerprint is known. IG_USAGE: a build without what is asked for, a folder with another run's curves,
 * a port that is taken. */
ig_status ig__show_open(ig__trainer *trainer);
ig_status ig__show_begin(ig__trainer *trainer);  /* once there is a run folder; with the epochs that the run has behind it */
ig_status ig__show_step(const ig__trainer *trainer);  /* after an update */
ig_status ig__show_epoch(const ig__trainer *trainer, const ig_epoch *row);
ig_status ig__show_written(const ig__trainer *trainer); /* nothing is held back: before a checkpoint says that it is past */
void ig__show_end(ig__trainer *trainer);         /* after the last file was written */
/* Progress, to the caller's events and to the page. */
bool ig__show_has_audience(const ig__trainer *trainer);
void ig__show_tell(const ig__trainer *trainer, const ig_progress *progress);

/* ---- live.c -------------------------------------------------------------------------------------------------------------- */
extern const ig__option ig__watch_table[]; /* of the verb watch */
ig_status ig__show_live_open(ig__trainer *trainer);

#endif
