/* The matrix product, one element after another. */
#include "kernels/plain.h"

void IG__NAME(gemm)(const ig__gemm *p) {
  const real *a = p->a, *b = p->b, *bias = p->epilogue.bias;
  real *c = p->c;
  for (int64_t i = 0; i < p->m; i++)
    for (int64_t j = 0; j < p->n; j++) {
      const real *column = b + j / IG__BLOCK * p->b_block + j % IG__BLOCK;
      real *out = c + i * p->c_row + j;
      double sum = p->accumulate ? (double)*out : 0;
      for (int64_t k = 0; k < p->k; k++) sum += (double)a[i * p->a_row + k * p->a_col] * (double)column[k * p->b_row];
      if (bias) sum += (double)bias[j];
      if (p->epilogue.relu && !(sum > 0) && sum == sum) sum = 0;
      *out = (real)sum;
    }
}

void IG__NAME(gemm_rows)(int64_t m, int64_t n, int64_t k, const void *a, int64_t a_row, const void *b, int64_t b_row, void *c,
                         int64_t c_row) {
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      const real *x = (const real *)a + i * a_row, *y = (const real *)b + j * b_row;
      double sum = 0;
      for (int64_t l = 0; l < k; l++) sum += (double)x[l] * (double)y[l];
      ((real *)c)[i * c_row + j] = (real)sum;
    }
}

void IG__NAME(gemm_pack_transposed)(int64_t n, int64_t k, const void *b, void *packed, int part, int parts) {
  const real *from = b;
  real *to = packed;
  int64_t blocks = (n + IG__BLOCK - 1) / IG__BLOCK;
  for (int64_t block = blocks * part / parts; block < blocks * (part + 1) / parts; block++)
    for (int64_t i = 0; i < k; i++)
      for (int64_t lane = 0; lane < IG__BLOCK; lane++) {
        int64_t column = block * IG__BLOCK + lane;
        to[(block * k + i) * IG__BLOCK + lane] = column < n ? from[column * k + i] : 0;
      }
}
