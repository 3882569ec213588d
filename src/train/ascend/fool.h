#ifndef IG__TRAIN_FOOL_H
#define IG__TRAIN_FOOL_H
/* Between fool.c, which looks for small changes, and fool_page.c, which shows them. */

#include "train/ascend/ascend.h"

typedef struct ig__fooling {
  ig__subject subject;
  ig__seen seen;
  int *truth;                /* [n]: the label, or else the answer */
  double *made[IG_ATTACKS];  /* [n][pixels]: the pictures that fooled */
} ig__fooling;

/* The pictures, index.html, sheet.png, fool.csv and curve.csv. */
ig_status ig__fool_write(const ig__fooling *fooling, const ig_fool_result *result);

#endif
