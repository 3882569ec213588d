#ifndef IG__TRAIN_PREDICTOR_H
#define IG__TRAIN_PREDICTOR_H
/* Inside a predictor: a model with its networks, and a batch that is filled by pixels or by files. */

#include "imgrad/model.h"
#include "train/slopes.h"

#define IG__MOST_OUTPUTS 8     /* as ig__built has room for */

struct ig_model {
  ig__model *model;
  int classes;               /* of output 0; 0: it is a picture */
  int outputs;
  ig_size output[IG__MOST_OUTPUTS];
};

/* As ig_model_open, in float or double. */
ig_status ig__trained_open(ig_context *context, const char *path, int real_size, ig_model **out);

typedef struct ig__predict_slot {
  ig_status status;
  char *message;             /* IG__MESSAGE_SIZE */
  char *file;                /* owned; NULL for pixels */
} ig__predict_slot;

enum { IG__FROM_U8, IG__FROM_F32, IG__PIXEL_KINDS };

struct ig_predictor {
  const ig_context *context;
  const ig_model *model;
  ig_predictor_options options;
  ig__network network[IG__PIXEL_KINDS]; /* made at the first call of each kind */
  void *turned[IG__PIXEL_KINDS];        /* pixels as planes, when they come interleaved */
  const ig__network *last;
  double *row;               /* one number a class */
  float *answers;            /* [batch][classes] */
  /* Of pictures of any size, made at the first call with such. */
  uint8_t *planes;           /* [batch][c][h][w] */
  ig__predict_slot *slot;    /* [batch] */
  char *messages;
  /* Of ig_predict_gradient, made at its first call. */
  ig__slopes slopes;
  double *x, *weight, *number, *slope;  /* [batch] of each */
  float *numbers, *gradients;
};
/* predictor_gradient.c */
void ig__predictor_gradient_free(ig_predictor *predictor);

/* Makes room for pictures of any size. IG_BAD_MODEL: the model takes no pictures as files have them. */
ig_status ig__predictor_prepare(ig_predictor *predictor);
/* A picture as the network takes it, into place i. Frees the picture. */
void ig__predictor_put(ig_predictor *predictor, int i, ig__picture *picture);
/* Runs the network on the slots 0 … n−1 that are IG_OK and leaves the probabilities of each in its row of [batch][classes]. */
ig_status ig__predictor_run(ig_predictor *predictor, int n, double *probabilities);

#endif
