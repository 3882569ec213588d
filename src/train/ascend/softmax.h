#ifndef IG__ASCEND_SOFTMAX_H
#define IG__ASCEND_SOFTMAX_H
/* The classes' numbers of one picture, in double. */

int ig__number_largest(const double *number, int classes);   /* the first of the largest */
double ig__number_probability(const double *number, int classes, int c); /* its softmax */
/* Weights whose sum of numbers has the gradient of the cross-entropy by the truth, divided by 1 − p(truth): the same direction, and
 * no rounding to zero where the network is sure. Towards a target: that of −cross-entropy by it, likewise. */
void ig__attack_weights(const double *number, int classes, int truth, int target, double *weight);

#endif
