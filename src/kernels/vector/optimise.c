/* Optimiser updates over spans, in the real type. */
#include "kernels/vector/span.h"

/* The vector extensions have no square root; compilers turn this into the instruction when errno is not asked for. */
IG__INLINE V sqrt_vector(V v) {
  real lanes[LANES];
  store(lanes, v);
#if IG__REAL_SIZE == 4
  for (int l = 0; l < LANES; l++) lanes[l] = __builtin_sqrtf(lanes[l]);
#else
  for (int l = 0; l < LANES; l++) lanes[l] = __builtin_sqrt(lanes[l]);
#endif
  return load(lanes);
}

void IG__NAME(sgd_step)(void *w, const void *g, void *buf, double lr, double momentum, bool nesterov, int64_t count) {
  const V rate = splat((real)lr), keep = splat((real)momentum);
  if (!buf) {
    EACH_VECTOR(count, const V old = GET(w), gradient = GET(g); PUT(w, old - rate * gradient));
  } else if (!nesterov) {
    EACH_VECTOR(count, {
      const V old = GET(w), gradient = GET(g), last = GET(buf);
      const V velocity = rounded(keep * last + gradient), weight = old - rate * velocity;
      PUT(buf, velocity);
      PUT(w, weight);
    });
  } else {
    EACH_VECTOR(count, {
      const V old = GET(w), gradient = GET(g), last = GET(buf);
      const V velocity = rounded(keep * last + gradient), step = rounded(keep * velocity + gradient);
      const V weight = old - rate * step;
      PUT(buf, velocity);
      PUT(w, weight);
    });
  }
}

/* The moving averages as m += (1−β₁)(g − m), v += (1−β₂)(g² − v): the same as β₁m + (1−β₁)g, and only one product in each sum.
 * The bias corrections are taken out of the loop: lr·(m/c₁)/(√(v/c₂) + ε) = (lr/c₁)·(m/(√v/√c₂ + ε)). */
void IG__NAME(adam_step)(void *w, const void *g, void *m, void *v, void *most, const ig__adam *p, int64_t count) {
  const V new1 = splat((real)(1 - p->beta1)), new2 = splat((real)(1 - p->beta2));
  const V rate = splat((real)(p->lr / p->correction1)), epsilon = splat((real)p->epsilon);
  const V unbias = splat((real)(1 / __builtin_sqrt(p->correction2)));
  if (most) {
    EACH_VECTOR(count, {
      const V old = GET(w), gradient = GET(g), old1 = GET(m), old2 = GET(v), old3 = GET(most);
      const V mean = rounded(old1 + new1 * (gradient - old1));
      const V square = rounded(old2 + new2 * rounded(gradient * gradient - old2));
      const V largest = choose((VI)(old3 > square), old3, square); /* a NaN stays */
      const V step = rounded(mean / (sqrt_vector(largest) * unbias + epsilon)), weight = old - rate * step;
      PUT(m, mean);
      PUT(v, square);
      PUT(most, largest);
      PUT(w, weight);
    });
    return;
  }
  EACH_VECTOR(count, {
    const V old = GET(w), gradient = GET(g), old1 = GET(m), old2 = GET(v);
    const V mean = rounded(old1 + new1 * (gradient - old1));
    const V square = rounded(old2 + new2 * rounded(gradient * gradient - old2));
    const V step = rounded(mean / (sqrt_vector(square) * unbias + epsilon)), weight = old - rate * step;
    PUT(m, mean);
    PUT(v, square);
    PUT(w, weight);
  });
}

/* With keep = 1 and add = 1 the sum is exact but for its one rounding. */
void IG__NAME(rms_step)(void *w, const void *g, void *v, void *buf, const ig__rms *p, int64_t count) {
  const V keep = splat((real)p->keep), add = splat((real)p->add), epsilon = splat((real)p->epsilon);
  const V rate = splat((real)p->lr), momentum = splat((real)p->momentum);
  if (!buf) {
    EACH_VECTOR(count, {
      const V old = GET(w), gradient = GET(g), last = GET(v);
      const V square = rounded(last * keep + rounded(add * gradient * gradient));
      const V step = rounded(gradient / (sqrt_vector(square) + epsilon)), weight = old - rate * step;
      PUT(v, square);
      PUT(w, weight);
    });
    return;
  }
  EACH_VECTOR(count, {
    const V old = GET(w), gradient = GET(g), last = GET(v), velocity = GET(buf);
    const V square = rounded(last * keep + rounded(add * gradient * gradient));
    const V step = rounded(momentum * velocity + rounded(gradient / (sqrt_vector(square) + epsilon)));
    const V weight = old - rate * step;
    PUT(v, square);
    PUT(buf, step);
    PUT(w, weight);
  });
}

/* sign(w)·max(|w| − threshold, 0); a NaN stays. */
void IG__NAME(clip_weights_zero)(void *w, double threshold, int64_t count) {
  const V t = splat((real)threshold);
  EACH_VECTOR(count, {
    const V x = GET(w), rest = magnitude(x) - t;
    PUT(w, (V)(((VI)rest | (VI)sign_of(x)) & ~(VI)(rest <= splat(0))));
  });
}
