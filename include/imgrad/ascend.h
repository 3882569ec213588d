#ifndef IMGRAD_ASCEND_H
#define IMGRAD_ASCEND_H
/* Gradients that go to the picture instead of the weights: `imgrad ascend`. The picture that a class or a filter likes best, the
 * pixels that an answer hangs on, and how small a change turns it. Pixels are 0 (black) … 1 (white) throughout, before the mean and
 * deviation of the model's input line; times 255 they are grey levels. A gradient by numbers of a model that a program holds itself
 * is ig_predict_gradient (model.h). */

#include "imgrad/verbs.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct ig_ascend_options {
  char run[IG_PATH_SIZE];       /* run folder or .safetensors file */
  char out[IG_PATH_SIZE];       /* folder for the pictures; "": ascend, saliency or fool in the run's folder */
  char classes[IG_SPEC_SIZE];   /* whose picture is made: "cat, dog", "*"; "" without filters: all */
  char filters[IG_SPEC_SIZE];   /* "conv2d1:*, conv2d2:0-7" */
  bool saliency, fool;          /* for the command: to call ig_saliency, ig_fool */
  int steps;                    /* of the ascent */
  double rate;                  /* the first step's root mean square over the pixels */
  double tv, l2;                /* weights of the penalties: total variation, distance from grey */
  int jitter;                   /* pixels; −1: a sixteenth of the smaller side */
  char target[64];              /* the class that is explained, or that pictures are to be taken for; "": see there */
  char data[IG_PATH_SIZE];      /* where pictures come from when no files are named; "": the data of the run */
  char part[8];                 /* of them: "test", "val", "train"; "": the first that there is */
  int limit;                    /* pictures at most */
  int path;                     /* integrated gradients: points on the way from the baseline */
  double baseline;              /* the grey that the way begins at */
  int samples;                  /* smoothed gradient: noisy copies */
  double noise;                 /* their deviation, as a share of the picture's range */
  double epsilon;               /* the largest change of a pixel that is tried */
  int pgd_steps;
  char precision[8];
  char conv[8];                 /* "": as the run */
  int batch, threads;
  int64_t seed;
} ig_ascend_options;

ig_ascend_options ig_ascend_options_default(void);

#define IG_ASCEND_NAME 128
#define IG_ASCEND_PICTURES 4096 /* that one call makes or looks at, at most */

/* ---- the picture that is liked best -------------------------------------------------------------------------------- */

typedef struct ig_ascend_row {
  char name[IG_ASCEND_NAME];    /* "class cat", "conv2d1:5" */
  char file[IG_ASCEND_NAME];    /* the picture, in the folder `out` */
  double before, after;         /* the number: of the grey that it began with, of the picture */
  double probability;           /* of the class, on the picture; NaN for a filter, and where the model makes none */
  bool flat;                    /* nothing moved: no slope at the beginning, and none was found */
} ig_ascend_row;

typedef struct ig_ascend_result {
  char out[IG_PATH_SIZE];       /* folder with index.html, sheet.png and the pictures */
  int rows;
  ig_ascend_row *row;
} ig_ascend_result;

/* Makes a picture for each class and filter: `steps` steps along the gradient, which has a root mean square of 1 before the
 * penalties' gradients are subtracted; the step shrinks in a straight line from `rate` to nothing. The number that grows is the
 * class's before the softmax, or the mean over the filter's plane of what is above zero before its activation. Each step sees the picture shifted by lot, up
 * to `jitter` pixels, round its edges. IG_USAGE: no such class, line or channel (the nearest is named). Owner of the rows: caller,
 * ig_ascend_result_free. */
ig_status ig_ascend(ig_context *context, const ig_ascend_options *options, ig_ascend_result *result);
void ig_ascend_result_free(ig_ascend_result *result);

/* ---- what an answer hangs on ------------------------------------------------------------------------------------------- */

typedef struct ig_saliency_row {
  char place[IG_PATH_SIZE];     /* the picture */
  char stem[IG_ASCEND_NAME];    /* its files in `out` are STEM-picture.png, -gradient.png, -integrated.png, -smooth.png */
  const char *answer, *target;  /* classes: what it is taken for, what was explained */
  double probability;           /* of the answer; NaN where the model makes none */
  /* Of integrated gradients: their sum, the difference it should be (the target's number before the softmax, picture less
   * baseline), and |sum − difference|. */
  double sum, difference, error;
} ig_saliency_row;

typedef struct ig_saliency_result {
  char out[IG_PATH_SIZE];
  int rows;
  int64_t failed;               /* files that could not be read */
  double worst_error;           /* largest error, as a share of the largest |difference| */
  ig_saliency_row *row;
  char *names;                  /* of classes, for the rows */
} ig_saliency_result;

/* Explains pictures: `count` files or folders, or without any the first `limit` of the run's data. Three attributions of the
 * number of one class (`target`, else the picture's answer): the gradient; integrated gradients (Sundararajan, Taly, Yan 2017), by
 * the midpoint rule; the mean gradient of noisy copies (Smilkov and others 2017). IG_BAD_DATA with result->failed > 0: `result` is
 * filled for the others. Owner of the rows: caller, ig_saliency_result_free. */
ig_status ig_saliency(ig_context *context, const ig_ascend_options *options, const char *const *file, int count,
                      ig_saliency_result *result);
void ig_saliency_result_free(ig_saliency_result *result);

/* ---- how small a change turns it ------------------------------------------------------------------------------------------ */

/* NOISE: each pixel ±ε by lot, to compare with. FGSM: ±ε by the sign of the gradient (Goodfellow and others 2015). PGD: steps along
 * the sign, kept within ±ε (Madry and others 2018). PGD_L2: steps along the gradient, kept within the Euclidean distance ε. */
typedef enum ig_attack { IG_ATTACK_NOISE, IG_ATTACK_FGSM, IG_ATTACK_PGD, IG_ATTACK_PGD_L2, IG_ATTACKS } ig_attack;
const char *ig_attack_name(ig_attack attack); /* "noise", "fgsm", "pgd", "pgd_l2" */

typedef struct ig_fool_row {
  char place[IG_PATH_SIZE];
  char stem[IG_ASCEND_NAME];    /* STEM-picture.png, and of each attack that worked STEM-pgd.png, STEM-pgd-change.png, … */
  const char *truth, *answer;   /* NULL: the truth is not known, and the answer is taken for it */
  const char *fooled[IG_ATTACKS]; /* what the changed picture is taken for; NULL: not fooled */
  double epsilon[IG_ATTACKS];   /* the smallest found, 0 … 1; 0: wrong without any change; NaN: none up to the largest tried */
  double largest[IG_ATTACKS];   /* |change| of the picture saved: of its largest pixel, or of PGD_L2 the Euclidean length */
  bool kept[IG_ATTACKS];        /* still fooled when its pixels are rounded to the 256 levels of a file */
} ig_fool_row;

typedef struct ig_fool_result {
  char out[IG_PATH_SIZE];
  int rows, right;              /* right: answered as their truth before any change, of those whose truth is known */
  int known;                    /* pictures whose truth is known */
  int64_t failed;
  double most[IG_ATTACKS];      /* the largest ε tried */
  double median[IG_ATTACKS];    /* of the smallest ε over all pictures; NaN: half of them were not fooled */
  int fooled[IG_ATTACKS];
  /* Share of pictures that are right and stay so under a change of size curve_epsilon. */
  int points;
  double *curve_epsilon[IG_ATTACKS], *curve[IG_ATTACKS];
  ig_fool_row *row;
  char *names;
} ig_fool_result;

/* Looks for the smallest change that turns each picture's answer away from its truth, or with `target` to that class: a ladder of ε
 * up to `epsilon` (for PGD_L2 that times the root of the number of pixel values), then bisection below the first that works. The truth is
 * the label, of files the folder's name when it is that of a class, else the network's answer. As for ig_saliency. */
ig_status ig_fool(ig_context *context, const ig_ascend_options *options, const char *const *file, int count, ig_fool_result *result);
void ig_fool_result_free(ig_fool_result *result);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
