#ifndef IG__BOARD_H
#define IG__BOARD_H
/* --tensorboard: the curves of a run as event files (board.c). Everything here does nothing without it. What cannot be written ends the
 * run as for results.csv. */

#include "train/train.h"

/* Once the fingerprint is known. IG_USAGE: a build without protobuf-c, or a folder with another run's curves. */
ig_status ig__board_open(ig__trainer *trainer);
ig_status ig__board_begin(const ig__trainer *trainer); /* the files, with the epochs that the run has behind it */
ig_status ig__board_step(const ig__trainer *trainer);  /* after an update */
ig_status ig__board_epoch(const ig__trainer *trainer, const ig_epoch *row);
ig_status ig__board_write(const ig__trainer *trainer); /* what is held back: before a checkpoint says that it is past */
void ig__board_free(ig__board *board);

#endif
