/* Pooling and copies of images, one element after another. */
#include "kernels/plain.h"

void IG__NAME(maxpool2d)(const ig__conv *g, const ig__image *x, const ig__image *y, const ig__image *argmax, int n0,
                         int n1) {
  for (int n = n0; n < n1; n++) plain_maxpool2d(g, x, y, argmax, n);
}

void IG__NAME(maxpool2d_scatter)(const ig__conv *g, const ig__image *dy, const ig__image *argmax, const ig__image *dx,
                                 int n0, int n1) {
  for (int n = n0; n < n1; n++) plain_maxpool2d_scatter(g, dy, argmax, dx, n);
}

void IG__NAME(maxpool2d_gather)(const ig__conv *g, const ig__image *x, const ig__image *argmax, const ig__image *y, int n0,
                                int n1) {
  for (int n = n0; n < n1; n++) plain_maxpool2d_gather(g, x, argmax, y, n);
}

void IG__NAME(avgpool2d)(const ig__conv *g, const ig__image *x, const ig__image *y, int n0, int n1) {
  for (int n = n0; n < n1; n++) plain_avgpool2d(g, x, y, n);
}

void IG__NAME(avgpool2d_dx)(const ig__conv *g, const ig__image *dy, const ig__image *dx, int n0, int n1) {
  for (int n = n0; n < n1; n++) plain_avgpool2d_dx(g, dy, dx, n);
}

void IG__NAME(copy_image)(const ig__image *from, const ig__image *to, int n0, int n1) {
  for (int n = n0; n < n1; n++)
    for (int c = 0; c < padded_channels(to); c++)
      for (int i = 0; i < to->h; i++)
        for (int j = 0; j < to->w; j++) *element(to, n, c, i, j) = c < to->c ? *element(from, n, c, i, j) : 0;
}

void IG__NAME(image_from_u8)(const uint8_t *x, const double *a, const double *b, const ig__image *y, int n0, int n1) {
  for (int n = n0; n < n1; n++)
    for (int c = 0; c < padded_channels(y); c++)
      for (int i = 0; i < y->h; i++)
        for (int j = 0; j < y->w; j++) {
          real value = 0;
          if (c < y->c) {
            int64_t place = (((int64_t)n * y->c + c) * y->h + i) * y->w + j;
            value = (real)x[place] * (real)a[c] + (real)b[c];
          }
          *element(y, n, c, i, j) = value;
        }
}
