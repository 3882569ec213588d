#ifndef IG__TRAIN_PREDICT_H
#define IG__TRAIN_PREDICT_H
/* Inside a predictor: the model with its plan, and a batch that is filled by pixels or by files. */

#include "train/train.h"

typedef struct ig__predict_slot {
  ig_status status;
  char *message;             /* IG__MESSAGE_SIZE */
  char *file;                /* owned; NULL for pixels */
} ig__predict_slot;

struct ig_predictor {
  ig_context *context;       /* borrowed */
  ig__model *model;
  ig__network network;
  ig__source_info info;      /* of what the model takes */
  size_t picture_bytes;
  ig__batch batch;
  uint8_t *planes;           /* batch.field: [n][c][h][w] */
  ig__predict_slot *slot;    /* [n] */
  double *probabilities;     /* [n][classes] */
  char *messages;
  char (*class_name)[64];
};

/* Runs the network on the slots 0 … n−1 that are IG_OK and leaves the probabilities of each in its row. */
ig_status ig__predict_run(ig_predictor *predictor, int n);
/* A picture as the network takes it, into place i. Frees the picture. */
void ig__predict_put(ig_predictor *predictor, int i, ig__picture *picture);

#endif
