#ifndef IG__KERNELS_MATH_H
#define IG__KERNELS_MATH_H
/* exp, log, sigmoid, tanh, silu and gelu of a vector, without libm: the same bits on every instruction set that has fused multiply-add
 * (tests/unit/kernels/test_math.c), and a compiler's vector extensions are all they need.
 *
 * The polynomials are plain Taylor series, one or two terms longer than fitted ones would be: their coefficients can be
 * checked by eye. Each formula is written so that no sum has two products (see `rounded`). Worst errors seen, in units of
 * the last place, float and double: exp 1.1, log 0.9, sigmoid 2.4, tanh 2.6 (test_math.c bounds them). */

#include "kernels/normal.h"
#include "kernels/vector/span.h"

#if IG__REAL_SIZE == 4
typedef uint32_t word;
#define R(x) x##f
#define MANTISSA_BITS 23
#define EXPONENT_BIAS 127
#define SMALLEST_NORMAL 0x1p-126f
#define LN2_HIGH 0x1.63p-1f /* 9 bits: times a whole exponent it is exact even without fused multiply-add */
#define LN2_LOW (-0x1.bd0106p-13f)
#define EXP_LEAST (-104.0f) /* below: rounds to 0 */
#define EXP_MOST 89.0f      /* above: infinite */
#define TANH_MOST 20.0f     /* of 2|x|; above: tanh is 1 */
#define SQRT_HALF_BITS 0x3f3504f3
#define NORMAL_TAIL IG__NORMAL_TAIL_32
#define NORMAL_MOST IG__NORMAL_MOST_32
#else
typedef uint64_t word;
#define R(x) x
#define MANTISSA_BITS 52
#define EXPONENT_BIAS 1023
#define SMALLEST_NORMAL 0x1p-1022
#define LN2_HIGH 0x1.62e42feep-1 /* 32 bits */
#define LN2_LOW 0x1.a39ef35793c76p-33
#define EXP_LEAST (-746.0)
#define EXP_MOST 710.0
#define TANH_MOST 40.0
#define SQRT_HALF_BITS 0x3fe6a09e667f3bcd
#define NORMAL_TAIL IG__NORMAL_TAIL_64
#define NORMAL_MOST IG__NORMAL_MOST_64
#endif

typedef word VN __attribute__((vector_size(IG__VECTOR_BYTES))); /* bits; shifts of signed 64-bit lanes are slow on AVX2 */

/* 1.5·2^mantissa: adding it rounds to a whole number, which then stands in the lowest bits. */
#define TO_WHOLE ((real)((word)3 << (MANTISSA_BITS - 1)))

IG__INLINE VN words(word w) { return w - (VN){0}; }

/* p·x + c/d, the step of Horner's rule; c/d is a constant. */
#define HORNER(p, x, c, d) ((p) * (x) + splat(R(c) / R(d)))

/* e^r − 1 for |r| <= ln 2 / 2, accurate for small r too. */
IG__INLINE V expm1_near_zero(V r) {
#if IG__REAL_SIZE == 4
  V p = splat(R(1.0) / R(5040.0));
#else
  V p = splat(R(1.0) / R(87178291200.0));
  p = HORNER(p, r, 1.0, 6227020800.0);
  p = HORNER(p, r, 1.0, 479001600.0);
  p = HORNER(p, r, 1.0, 39916800.0);
  p = HORNER(p, r, 1.0, 3628800.0);
  p = HORNER(p, r, 1.0, 362880.0);
  p = HORNER(p, r, 1.0, 40320.0);
  p = HORNER(p, r, 1.0, 5040.0);
#endif
  p = HORNER(p, r, 1.0, 720.0);
  p = HORNER(p, r, 1.0, 120.0);
  p = HORNER(p, r, 1.0, 24.0);
  p = HORNER(p, r, 1.0, 6.0);
  p = HORNER(p, r, 1.0, 2.0);
  return (r * r) * p + r;
}

/* x = n·ln 2 + r with |r| <= ln 2 / 2. Returns r; *n gets the whole number as bits, modulo the word. */
IG__INLINE V reduce(V x, VN *n) {
  const V shifted = x * splat(R(0x1.71547652b82fep0)) + splat(TO_WHOLE), whole = shifted - splat(TO_WHOLE);
  *n = (VN)shifted - (VN)splat(TO_WHOLE);
  return (x - whole * splat(LN2_HIGH)) - whole * splat(LN2_LOW);
}

/* 2ⁿ is applied in two factors, since n reaches from below the smallest exponent to above the greatest: only the last product
 * rounds, to a denormal or to infinity as it should. What underflows wholly is masked and not computed: on x86 a product that
 * ends among the denormals takes a hundred cycles, and -∞ is common (the padding of a softmax). A NaN passes both tests. */
IG__INLINE V exp_vector(V x) {
  VN n;
  const VI nothing = (VI)(x < splat(EXP_LEAST));
  x = choose((VI)(x > splat(EXP_MOST)), splat(EXP_MOST), (V)((VI)x & ~nothing));
  const V y = expm1_near_zero(reduce(x, &n)) + splat(1);
  const VN biased = n + words(2 * EXPONENT_BIAS), half = biased >> 1;
  const V power = rounded(y * (V)(half << MANTISSA_BITS) * (V)((biased - half) << MANTISSA_BITS));
  return rounded((V)((VI)power & ~nothing));
}

/* x = 2ᵏ·m, m in [√½, √2), f = m − 1, s = f/(2 + f): log m = 2 artanh s = f − f²/2 + s·(f²/2 + S), where S = Σ 2 s²ⁱ/(2i + 1),
 * i >= 1. This order keeps f, which is exact, out of the rounding. */
IG__INLINE V log_vector(V x) {
  const VI tiny = (VI)(x < splat(SMALLEST_NORMAL)); /* a denormal is scaled up first */
  const V scaled = choose(tiny, x * splat((real)((word)1 << MANTISSA_BITS)), x);
  const VN one = (VN)splat(1), bits = (VN)scaled + (one - words(SQRT_HALF_BITS));
  const VN k = (bits >> MANTISSA_BITS) - words(EXPONENT_BIAS) - ((VN)tiny & words(MANTISSA_BITS));
  const V whole = (V)(k + (VN)splat(TO_WHOLE)) - splat(TO_WHOLE);
  const VN mantissa = bits & words(((word)1 << MANTISSA_BITS) - 1);
  const V f = (V)(mantissa + words(SQRT_HALF_BITS)) - splat(1);
  const V s = f / (splat(2) + f), z = rounded(s * s), half_square = rounded(f * splat(R(0.5)) * f);
#if IG__REAL_SIZE == 4
  V p = splat(R(2.0) / R(9.0));
#else
  V p = splat(R(2.0) / R(21.0));
  p = HORNER(p, z, 2.0, 19.0);
  p = HORNER(p, z, 2.0, 17.0);
  p = HORNER(p, z, 2.0, 15.0);
  p = HORNER(p, z, 2.0, 13.0);
  p = HORNER(p, z, 2.0, 11.0);
  p = HORNER(p, z, 2.0, 9.0);
#endif
  p = HORNER(p, z, 2.0, 7.0);
  p = HORNER(p, z, 2.0, 5.0);
  p = HORNER(p, z, 2.0, 3.0);
  const V low = rounded(whole * splat(LN2_LOW));
  const V correction = s * (z * p + half_square) + low;
  V y = whole * splat(LN2_HIGH) + (f - (half_square - correction));
  y = choose((VI)(x < splat(INFINITE)), y, x); /* +∞ and NaN stay */
  y = choose((VI)(x < splat(0)), splat((real)__builtin_nan("")), y);
  return rounded(choose((VI)(x == splat(0)), splat(-INFINITE), y));
}

/* 1/(1 + e⁻ˣ); for x < 0 as eˣ/(1 + eˣ), which keeps its digits down to the smallest number. */
IG__INLINE V sigmoid_vector(V x) {
  const V e = exp_vector(-magnitude(x));
  return rounded(choose((VI)(x < splat(0)), e, splat(1)) / (splat(1) + e));
}

/* t/(t + 2) with t = e^2|x| − 1 = 2ⁿ·(eʳ − 1) + (2ⁿ − 1): no cancellation near 0, where n is 0. */
IG__INLINE V tanh_vector(V x) {
  VN n;
  V a = magnitude(x) * splat(2);
  a = choose((VI)(a > splat(TANH_MOST)), splat(TANH_MOST), a);
  const V q = expm1_near_zero(reduce(a, &n)), scale = (V)((n + words(EXPONENT_BIAS)) << MANTISSA_BITS);
  const V t = rounded(scale * q + (scale - splat(1)));
  return rounded((V)((VI)(t / (t + splat(2))) | (VI)sign_of(x)));
}

IG__INLINE V silu_vector(V x) { return x * sigmoid_vector(x); }

/* σ(x)·(1 + x·(1 − σ(x))) */
IG__INLINE V silu_slope(V x) {
  const V s = sigmoid_vector(x), rest = splat(1) - s;
  return s * (x * rest + splat(1));
}

/* Φ(x), the normal distribution, and e^(−x²/2), which both gelu and its slope are made of (kernels/normal.h). */
IG__INLINE V normal_vector(V x, V *density) {
  static const real c[] = {NORMAL_TAIL};
  V a = magnitude(x);
  *density = exp_vector(rounded(x * splat(R(-0.5))) * x);
  a = choose((VI)(a > splat(NORMAL_MOST)), splat(NORMAL_MOST), a);
  const V r = splat(1) / (a + splat(IG__NORMAL_MAP)), t = rounded((a - splat(IG__NORMAL_MAP)) * r);
  V p = splat(c[sizeof c / sizeof c[0] - 1]);
  for (int i = (int)(sizeof c / sizeof c[0]) - 2; i >= 0; i--) p = p * t + splat(c[i]);
  const V tail = rounded(p * (r * splat(IG__NORMAL_MAP)) * *density);
  return choose((VI)(x < splat(0)), tail, splat(1) - tail);
}

IG__INLINE V gelu_vector(V x) {
  V density;
  return x * normal_vector(x, &density);
}

IG__INLINE V gelu_slope(V x) {
  V density;
  const V distribution = normal_vector(x, &density);
  return rounded(x * density) * splat((real)IG__NORMAL_DENSITY) + distribution;
}

#endif
