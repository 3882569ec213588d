#ifndef IG__OPTIM_HALF_COSINE_H
#define IG__OPTIM_HALF_COSINE_H

/* ½(1 + cos πt) for 0 ≤ t ≤ 1. Not cos(): libm picks its variant by the CPU, and the rate's last bit would differ from
 * machine to machine. It is 1 − sin²(πt/2), or sin²(π(1−t)/2) in the second half, which keeps all digits near 0; the
 * series of sin x / x in x ≤ π/4 is cut below 1e-19. */
static inline double ig__half_cosine(double t) {
  double u = t < 0.5 ? t : 1 - t, x = 1.57079632679489662 * u, x2 = x * x, sine = 1;
  for (int k = 16; k >= 2; k -= 2) sine = 1 - sine * x2 / (k * (k + 1));
  sine *= x;
  return t < 0.5 ? 1 - sine * sine : sine * sine;
}

#endif
