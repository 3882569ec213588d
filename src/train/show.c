#include "train/show.h"

#include "live/live.h"
#include "train/board.h"

ig_status ig__show_open(ig__trainer *t) {
  IG__TRY(ig__board_open(t));
  return ig__show_live_open(t);
}

ig_status ig__show_begin(ig__trainer *t) {
  IG__TRY(ig__board_begin(t));
  return t->live ? ig__live_start(t->live, t->folder) : IG_OK;
}

ig_status ig__show_step(const ig__trainer *t) { return t->board ? ig__board_step(t) : IG_OK; }
ig_status ig__show_epoch(const ig__trainer *t, const ig_epoch *row) { return t->board ? ig__board_epoch(t, row) : IG_OK; }
ig_status ig__show_written(const ig__trainer *t) { return t->board ? ig__board_write(t) : IG_OK; }

void ig__show_end(ig__trainer *t) {
  ig__board_free(t->board);
  ig__live_close(t->live);
  t->board = NULL;
  t->live = NULL;
}

bool ig__show_has_audience(const ig__trainer *t) { return t->live || (t->events && t->events->progress); }

void ig__show_tell(const ig__trainer *t, const ig_progress *p) {
  if (t->events && t->events->progress) t->events->progress(t->events->user, p);
  if (!t->live) return;
  ig__live_tell(t->live, &(ig__live_progress){.epoch = p->epoch, .epochs = p->epochs, .step = p->step, .steps = p->steps, .loss = p->train.data_loss,
                                              .accuracy = p->train.accuracy, .lr = p->lr, .images_per_second = p->images_per_second,
                                              .seconds_left = p->seconds_left});
}
