/* A matrix with orthonormal rows, or columns where there are fewer of them: rows × columns normal numbers, orthonormalised by
 * Gram & Schmidt in the modified form. That is the Q of a QR decomposition whose R has a positive diagonal, so every such matrix
 * is as likely as another, as with the signs that Keras and PyTorch correct. Random normal rows are far from dependent: what
 * Gram & Schmidt loses is of the order of 1e-13 (tests/unit/optim/test_initialisers.c). The cost grows as
 * columns × rows². */
#include "base/alloc.h"
#include "optim/optim.h"

#include <math.h>

typedef struct { double gain; } orthogonal_options;

static const ig__option table[] = {
  IG__POSITIONAL(orthogonal_options, gain, "1", 1e-6, 1e6, "", "factor of all; sqrt(2) suits relu"),
  IG__OPTIONS_END };

/* In eight sums: one alone would wait for every addition. */
static double dot(const double *a, const double *b, int64_t count) {
  double sum[8] = {0}, rest = 0;
  int64_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (int k = 0; k < 8; k++) sum[k] += a[i + k] * b[i + k];
  for (; i < count; i++) rest += a[i] * b[i];
  return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7])) + rest;
}

static void orthonormalise(double *v, int64_t vectors, int64_t length, double gain) {
  for (int64_t i = 0; i < vectors; i++) {
    double *now = v + i * length;
    for (int64_t j = 0; j < i; j++) {
      const double *before = v + j * length, share = dot(now, before, length);
      for (int64_t k = 0; k < length; k++) now[k] -= share * before[k];
    }
    const double scale = 1 / sqrt(dot(now, now, length));
    for (int64_t k = 0; k < length; k++) now[k] *= scale;
  }
  for (int64_t k = 0; k < vectors * length; k++) v[k] *= gain;
}

static ig_status fill(const void *options, int64_t rows, int64_t columns, ig__rng *rng, double *w) {
  const orthogonal_options *o = options;
  const bool tall = rows > columns;
  double *v = tall ? ig__alloc((size_t)(rows * columns), sizeof *v) : w;
  if (!v) return IG_NO_MEMORY;
  for (int64_t i = 0; i < rows * columns; i++) v[i] = ig__rng_normal(rng);
  orthonormalise(v, tall ? columns : rows, tall ? rows : columns, o->gain);
  for (int64_t r = 0; r < rows && tall; r++)
    for (int64_t c = 0; c < columns; c++) w[r * columns + c] = v[c * rows + r];
  if (tall) ig__free(v);
  return IG_OK;
}

const ig__initialiser ig__initialiser_orthogonal = {
  .name = "orthogonal",
  .help = "random orthonormal rows or columns: keeps the length of what it is given",
  .source = "Saxe, McClelland & Ganguli, Exact solutions to the nonlinear dynamics of learning, ICLR 2014",
  .options = table,
  .options_size = sizeof(orthogonal_options),
  .fill_matrix = fill,
};
