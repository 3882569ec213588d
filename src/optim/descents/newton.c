/* Newton-CG: the direction solves (H + μ)·d = −g by conjugate gradients on exact Hessian–vector products, as exactly as the
 * gradient deserves; the damping μ follows how well the quadratic model foretold the last step (Levenberg, Marquardt). */
#include "optim/descent.h"

#include <math.h>
#include <string.h>

enum { HESSIAN, GAUSS_NEWTON };

typedef struct { double gtol, ftol, budget; int curvature; int cg; double damping; } newton_options;

static const ig__word curvatures[] = {{"hessian", HESSIAN}, {"gauss_newton", GAUSS_NEWTON}, {NULL, 0}};
static const ig__option table[] = {
  IG__DESCENT_RULES(newton_options),
  IG__OPTION_WORDS(newton_options, curvature, "hessian", 1, 0, "", "second derivative of the loss, or its part without the "
                   "network's own curvature, which is never negative", curvatures),
  IG__OPTION(newton_options, cg, "50", 1, 100000, "products", "Hessian-vector products a step at most"),
  IG__OPTION(newton_options, damping, "1e-3", 0, 1e6, "", "added to the curvature at first; follows the success of the steps"),
  IG__OPTIONS_END };

enum { DIRECTION, RESIDUAL, P, HP, TO_X, TO_G, VECTORS };

static int vectors(const void *options) {
  (void)options;
  return VECTORS;
}

/* The direction, and by how much the model says that a whole step lowers f. Where the curvature along p is not positive the
 * model has no minimum: what was found before is taken, or the gradient itself. */
static ig_status solve(ig__descent *d, double *promised) {
  const newton_options *o = d->options;
  int64_t n = d->f.count;
  double *direction = ig__descent_vector(d, DIRECTION), *r = ig__descent_vector(d, RESIDUAL), *p = ig__descent_vector(d, P),
         *hp = ig__descent_vector(d, HP);
  for (int64_t i = 0; i < n; i++) {
    direction[i] = 0;
    p[i] = r[i] = -d->g[i];
  }
  double rr = ig__dot(r, r, n), norm = sqrt(rr), enough = fmin(0.25, sqrt(norm / d->state.first)) * norm;
  for (int i = 0; i < o->cg && sqrt(rr) > enough; i++) {
    IG__TRY(ig__descent_curvature(d, p, o->curvature == GAUSS_NEWTON, hp));
    ig__axpy(d->state.damping, p, hp, n);
    double curve = ig__dot(p, hp, n);
    if (!isfinite(curve))
      return ig__fail(IG_DIVERGED, "newton: a Hessian-vector product is not finite in iteration %lld", (long long)d->state.iteration + 1);
    if (curve <= 1e-14 * ig__dot(p, p, n)) {
      if (i == 0) memcpy(direction, p, (size_t)n * sizeof *p);
      break;
    }
    double alpha = rr / curve, before = rr;
    ig__axpy(alpha, p, direction, n);
    ig__axpy(-alpha, hp, r, n);
    rr = ig__dot(r, r, n);
    for (int64_t k = 0; k < n; k++) p[k] = r[k] + rr / before * p[k];
  }
  /* −g·d − ½ d·(H+μ)d, and (H+μ)d = −g − r. */
  *promised = -0.5 * ig__dot(d->g, direction, n) + 0.5 * ig__dot(r, direction, n);
  return IG_OK;
}

static void follow(ig__descent *d, double promised, double kept) {
  double *damping = &d->state.damping;
  if (promised <= 1e-12 * fabs(d->state.value)) return; /* rounding, which tells nothing of the model */
  if (d->stuck || kept < 0.25 * promised) *damping = fmax(4 * *damping, 1e-8);
  else if (kept > 0.75 * promised) *damping /= 10;
}

static ig_status step(ig__descent *d) {
  const newton_options *o = d->options;
  double promised = 0, before = d->state.value;
  if (d->state.iteration == 0) d->state.damping = o->damping;
  IG__TRY(solve(d, &promised));
  IG__TRY(ig__search_armijo(d, ig__descent_vector(d, DIRECTION), 1, ig__descent_vector(d, TO_X), ig__descent_vector(d, TO_G)));
  follow(d, promised, before - d->state.value);
  return IG_OK;
}

const ig__descent_method ig__descent_newton = {
  .name = "newton",
  .help = "Newton's method with exact Hessian-vector products and conjugate gradients",
  .source = "Dembo & Steihaug, Mathematical Programming 26, 1983; damping: Marquardt 1963; Hessian-vector products: "
            "Pearlmutter, Neural Computation 6, 1994",
  .options = table,
  .options_size = sizeof(newton_options),
  .vectors = vectors,
  .step = step,
};
