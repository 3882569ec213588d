#ifndef IG__OPS_CHANNELS_H
#define IG__OPS_CHANNELS_H
/* One number a channel (axis 1 of n×c values or n×c×h×w images): what bias, channel_sum and channel_broadcast share, and
 * copies of channel ranges for concat and slice. */

#include "ops/dims.h"
#include "ops/lanes.h"
#include "ops/ops.h"
#include "ops/spans.h"

#include "kernels/pack.h"

#include <string.h>

/* Appends the spreading of x[c] to shape `to`. */
ig__value ig__channel_broadcast_node(ig__graph *graph, ig__value x, const ig__shape *to);

/* Appends channels first … first+count-1 of x; x as channels first … among zeros. */
ig__value ig__slice_node(ig__graph *graph, ig__value x, int first, int count);
ig__value ig__slice_dx_node(ig__graph *graph, ig__value x, int first, int channels);

/* Copies channels from … from+count-1 of `a` into channels to … of `b`, pictures n0 … n1-1. Lanes of b past those channels in
 * the last block that is written may be changed. */
void ig__copy_channels(const ig__run *r, const ig__view *a, int from, const ig__view *b, int to, int count);

#endif
