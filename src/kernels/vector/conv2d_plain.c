/* Convolution on plain weights: any layout, dilation and groups, no speed promised. */
#include "kernels/plain.h"

IG__PLAIN_CONV2D_KERNELS
