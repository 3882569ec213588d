/* The run folder: its name, its small files. */
#include "base/text.h"
#include "train/train.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A folder that is there and holds nothing will do: many make it first. */
static bool is_empty_folder(const char *path) {
  ig__names names = {0};
  bool empty = ig__is_folder(path) && ig__folder_list(path, &names) == IG_OK && names.count == 0;
  ig__names_free(&names);
  return empty;
}

ig_status ig__folder_make(const char *out, const char *verb, char path[IG_PATH_SIZE]) {
  if (*out) {
    snprintf(path, IG_PATH_SIZE, "%s", out);
    if (is_empty_folder(path)) return IG_OK;
    if (ig__is_folder(path) || ig__file_exists(path))
      return ig__fail(IG_USAGE, "--out %s: is there already, and nothing is written over; name a folder that is new, or go on with a run by --resume", out);
    return ig__fail_at(ig__make_new_folder(path), "--out %s", out);
  }
  IG__TRY(ig__make_folder("runs"));
  for (int i = 1; i < 1000000; i++) {
    if (i == 1) snprintf(path, IG_PATH_SIZE, "runs/%s", verb);
    else snprintf(path, IG_PATH_SIZE, "runs/%s%d", verb, i);
    ig_status status = ig__make_new_folder(path);
    if (status != IG_USAGE) return status;
  }
  return ig__fail(IG_USAGE, "runs/: a million runs are there already; give --out");
}

ig_status ig__folder_write(const char *folder, const char *name, ig__buffer *bytes) {
  char *path = ig__format("%s/%s", folder, name);
  ig_status status = path && !bytes->failed ? ig__file_write_atomic(path, bytes->data, bytes->size) : IG_NO_MEMORY;
  ig__free(path);
  ig__buffer_free(bytes);
  return status;
}

/* An empty cell is a value that does not exist (no validation part). */
static void cell(ig__buffer *out, double v) {
  char text[32];
  ig__buffer_text(out, ",%s", isnan(v) ? "" : ig__print_double(text, v));
}

ig_status ig__results_write(const char *folder, const ig__run_state *state) {
  ig__buffer out = {0};
  ig__buffer_text(&out, "epoch,time,train/loss,train/data_loss,train/penalty,train/accuracy,val/loss,val/accuracy,lr,"
                        "weight_norm,img_per_s,wait,lambda\n");
  for (size_t i = 0; i < state->history_count; i++) {
    const ig_epoch *e = &state->history[i];
    const double row[] = {e->time,         e->train.loss, e->train.data_loss, e->train.penalty,      e->train.accuracy, e->val.loss,
                          e->val.accuracy, e->lr,         e->weight_norm,     e->images_per_second, e->wait,
                          e->lambda};
    ig__buffer_text(&out, "%d", e->epoch);
    for (size_t k = 0; k < sizeof row / sizeof row[0]; k++) cell(&out, row[k]);
    ig__buffer_text(&out, "\n");
  }
  return ig__folder_write(folder, "results.csv", &out);
}

ig_status ig__descent_write(const char *folder, const ig__run_state *state) {
  ig__buffer out = {0};
  ig__buffer_text(&out, "iteration,time,loss,gradient,length,cost\n");
  for (size_t i = 0; i < state->history_count; i++) {
    const ig_epoch *e = &state->history[i];
    const double row[] = {e->time, e->train.loss, e->gradient, e->lr, e->cost};
    ig__buffer_text(&out, "%d", e->epoch);
    for (size_t k = 0; k < sizeof row / sizeof row[0]; k++) cell(&out, row[k]);
    ig__buffer_text(&out, "\n");
  }
  return ig__folder_write(folder, "descent.csv", &out);
}

void ig__run_state_free(ig__run_state *state) {
  ig__free(state->history);
  ig__free(state->moves.move);
  ig__free(state->moves.past);
  ig__free(state->norms.layer);
  *state = (ig__run_state){0};
}
