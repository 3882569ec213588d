/* Upsampling and its transpose, one element after another. */
#include "kernels/upsample.h"

void IG__NAME(upsample2d)(int kh, int kw, bool bilinear, const ig__image *x, const ig__image *y, int n0, int n1) {
  for (int n = n0; n < n1; n++) plain_upsample2d(kh, kw, bilinear, x, y, n);
}

void IG__NAME(upsample2d_dx)(int kh, int kw, bool bilinear, const ig__image *dy, const ig__image *dx, int n0, int n1) {
  for (int n = n0; n < n1; n++) plain_upsample2d_dx(kh, kw, bilinear, dy, dx, n);
}
