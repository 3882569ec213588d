/* Arithmetic on the numbers of classes. */
#include "train/ascend/softmax.h"

#include "ops/scalar_math.h"

int ig__number_largest(const double *number, int classes) {
  int best = 0;
  for (int c = 1; c < classes; c++)
    if (number[c] > number[best]) best = c;
  return best;
}

double ig__number_probability(const double *number, int classes, int c) {
  const double top = number[ig__number_largest(number, classes)];
  double sum = 0;
  for (int k = 0; k < classes; k++) sum += ig__exp(number[k] - top);
  return ig__exp(number[c] - top) / sum;
}

/* With p the softmax, ∂(−log p_y)/∂z = p − one_hot(y) = (1 − p_y)·(q − one_hot(y)), q being the softmax over the other classes. */
void ig__attack_weights(const double *number, int classes, int truth, int target, double *weight) {
  const int one = target >= 0 ? target : truth;
  const double sign = target >= 0 ? -1 : 1;
  double top = -HUGE_VAL, sum = 0;
  for (int c = 0; c < classes; c++)
    if (c != one && number[c] > top) top = number[c];
  for (int c = 0; c < classes; c++) sum += weight[c] = c == one ? 0 : ig__exp(number[c] - top);
  for (int c = 0; c < classes; c++) weight[c] *= sign / sum;
  weight[one] = -sign;
}
