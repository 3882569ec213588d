#ifndef IG__BOARD_H
#define IG__BOARD_H
/* --tensorboard: the curves of a run as event files (board.c). For show.c; what is not open and begin wants trainer->board. */

#include "train/train.h"

ig_status ig__board_open(ig__trainer *trainer);
ig_status ig__board_begin(const ig__trainer *trainer);
ig_status ig__board_step(const ig__trainer *trainer);
ig_status ig__board_epoch(const ig__trainer *trainer, const ig_epoch *row);
ig_status ig__board_write(const ig__trainer *trainer);
void ig__board_free(ig__board *board);

#endif
