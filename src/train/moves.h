#ifndef IG__MOVES_H
#define IG__MOVES_H
/* What a run remembers of a λ that moves, and of the norms of its layers. The checkpoint keeps both, as numbers. */

#include "optim/optim.h"

#define IG__MOVE_NAME 32

/* One λ of a run: of the whole network, or of a layer. */
typedef struct ig__move {
  char name[IG__MOVE_NAME];  /* of the layer; "" for the network */
  double start;              /* λ as it was given */
  double state[IG__SCHEDULE_STATE];
} ig__move;

/* count 0: λ does not move. */
typedef struct ig__moves {
  ig__move *move;
  size_t count;
  double *past;              /* λ in the last step of each finished epoch: [epochs][count] */
  size_t past_count, past_capacity; /* numbers */
  int64_t position;          /* in the round of the pictures that are held back */
} ig__moves;

/* Of one parameter's weights. */
typedef struct ig__layer_norm {
  char name[IG__MOVE_NAME];
  double first;              /* before the first step */
  double norm, epoch, step, lambda; /* when it was seen to have collapsed; step 0: it was not */
} ig__layer_norm;
typedef struct ig__layer_norms { ig__layer_norm *layer; size_t count; } ig__layer_norms;

#endif
