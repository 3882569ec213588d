#ifndef IG__OPS_ELEMENTWISE_H
#define IG__OPS_ELEMENTWISE_H
/* Element-wise ops, y = f(x): one file, one macro, one line in all.def.
 *
 *   #include "ops/elementwise.h"
 *   IG__ELEMENTWISE(softplus, "log(1 + exp x), a smooth relu", IG__FROM_X,
 *                   x > 0 ? x + ig__log1p(ig__exp(-x)) : ig__log1p(ig__exp(x)),
 *                   ig__sigmoid(x),
 *                   ig__sigmoid(x) * (1 - ig__sigmoid(x)))
 *
 * Value, slope and the slope of the slope are expressions in double (ops/scalar_math.h has the functions), rounded once to
 * the real type. The value is a function of `x`. The slope f' is one of `x` (IG__FROM_X) or, where that is as easy, of the
 * result `y` (IG__FROM_Y: the input need not be kept then); the slope of the slope is its derivative by the same letter:
 * tanh's slope is 1 − y², so the next expression is −2y. A literal 0 there says that the slope is constant in pieces.
 *
 * Derivatives are nodes of the same op with the hidden option `order`: order 0 is y = f(x), orders 1 and 2 take (u, g) and
 * make g·slope(u) and g·slope2(u), where u is x or y. So first and second derivatives are ordinary graph; a third is refused
 * by name. */

#include "ops/dims.h"
#include "ops/scalar_math.h"
#include "ops/spans.h"

#define IG__FROM_X x
#define IG__FROM_Y y

/* Every option struct of an element-wise op begins with this. It is in no table: nobody writes it in a model. */
typedef struct ig__elementwise { int order; } ig__elementwise;

/* What an op can do faster than by its expressions: true when done. `out` may be `u` (g NULL at order 0). */
typedef bool (*ig__elementwise_fast)(const ig__kernels *k, int order, const void *options, void *out, const void *u,
                                     const void *g, int64_t count);
typedef void (*ig__elementwise_span)(int order, const void *options, void *out, const void *u, const void *g,
                                     int64_t count);

#define IG__ELEMENTWISE_OPTIONS 256 /* bytes an option struct may have */

ig_status ig__elementwise_infer(const char *op, ig__infer *i);
ig_status ig__elementwise_derive(ig__derive *d, bool from_y, bool flat);
void ig__elementwise_run(const ig__run *r, ig__elementwise_fast fast, ig__elementwise_span span);
/* `options`: three structs of `size` bytes, by order. */
bool ig__elementwise_probe(int index, ig__probe *p, const void *options, size_t size, ig__draw draw, bool flat);

#define IG__ELEMENTWISE_LOOPS(name, T, from, real, value, slope, slope2)                                             \
  static void name##_span_##real(int order, const void *options, void *out_, const void *u_, const void *g_,          \
                                 int64_t count) {                                                                      \
    const T *o = options;                                                                                              \
    const real *u = u_, *g = g_;                                                                                       \
    real *out = out_;                                                                                                  \
    (void)o;                                                                                                           \
    for (int64_t i = 0; order == 0 && i < count; i++) {                                                                \
      const double x = (double)u[i];                                                                                   \
      out[i] = (real)(value);                                                                                          \
    }                                                                                                                  \
    for (int64_t i = 0; order == 1 && i < count; i++) {                                                                \
      const double from = (double)u[i];                                                                                \
      (void)from;                                                                                                      \
      out[i] = (real)((double)g[i] * (slope));                                                                         \
    }                                                                                                                  \
    for (int64_t i = 0; order == 2 && i < count; i++) {                                                                \
      const double from = (double)u[i];                                                                                \
      (void)from;                                                                                                      \
      out[i] = (real)((double)g[i] * (slope2));                                                                        \
    }                                                                                                                  \
  }                                                                                                                    \
  static void name##_run_##real(const ig__run *r) { ig__elementwise_run(r, name##_fast, name##_span_##real); }

/* The general form. T: the option struct, beginning with `int order`, which expressions reach through `o`; option_table: its
 * table or NULL; rest: initialisers of its other members, for the probes; draw: where probes draw the input from; what
 * follows are further members of the op (.flags at least). `name`_fast must be defined before. */
#define IG__ELEMENTWISE_OF(op_name, T, option_table, rest, draw, help_text, from, value, slope, slope2, ...)            \
  IG__ELEMENTWISE_LOOPS(op_name, T, from, float, value, slope, slope2)                                                 \
  IG__ELEMENTWISE_LOOPS(op_name, T, from, double, value, slope, slope2)                                                \
  _Static_assert(sizeof(T) <= IG__ELEMENTWISE_OPTIONS, "more options than a derivative can carry");                     \
  static const T op_name##_orders[3] = {{.order = 0, rest}, {.order = 1, rest}, {.order = 2, rest}};                   \
  static bool op_name##_flat(void) { return sizeof(#slope2) == 2 && #slope2[0] == '0'; }                               \
  static ig_status op_name##_infer(ig__infer *i) { return ig__elementwise_infer(#op_name, i); }                        \
  static ig_status op_name##_derive(ig__derive *d) {                                                                   \
    return ig__elementwise_derive(d, IG__ELEMENTWISE_TEXT(from)[0] == 'y', op_name##_flat());                          \
  }                                                                                                                    \
  static bool op_name##_probe(int index, ig__probe *p) {                                                               \
    return ig__elementwise_probe(index, p, op_name##_orders, sizeof(T), draw, op_name##_flat());                       \
  }                                                                                                                    \
  const ig__op ig__op_##op_name = {.name = #op_name, .help = help_text, .options = option_table,                       \
                                   .options_size = sizeof(T), .min_in = 1, .max_in = 2, .outputs = 1,                  \
                                   .role = IG__EACH, .layout = IG__LAYOUT_SAME, .infer = op_name##_infer,              \
                                   .derive = op_name##_derive, .probe = op_name##_probe,                               \
                                   .run = {op_name##_run_float, op_name##_run_double}, __VA_ARGS__};
#define IG__ELEMENTWISE_TEXT(x) IG__ELEMENTWISE_TEXT_(x)
#define IG__ELEMENTWISE_TEXT_(x) #x

/* The common form. f(0) need not be 0, nor finite the slope at 0: the executor clears the lanes past the last channel, which
 * touches one partial block and costs little beside scalar functions. */
#define IG__ELEMENTWISE(op_name, help_text, from, value, slope, slope2)                                                \
  static const ig__elementwise_fast op_name##_fast = NULL;                                                             \
  IG__ELEMENTWISE_OF(op_name, ig__elementwise, NULL, , IG__DRAW_NORMAL, help_text, from, value, slope, slope2,         \
                     .flags = IG__CHANNELWISE | IG__ACTIVATION | IG__LAYER | IG__IN_PLACE | IG__DIRTY_LANES)

#endif
