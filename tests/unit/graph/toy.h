#ifndef IG__TESTS_TOY_H
#define IG__TESTS_TOY_H
/* Ops that are nothing but their roles: whole numbers modulo a prime, so that every sum is exact in float and in double, in
 * any order, and a plan's results can be compared for equality with those of a naive interpreter. They lean on all that a
 * plan promises: zeros in the halo and in the lanes past the last channel, scratch of one's own, partials that start as
 * zeros. */

#include "graph/plan_impl.h"
#include "test.h"

#define TOY_PRIME 251
#define TOY_VECTOR 5 /* elements of every vector */
#define TOY_FIELDS 4
#define TOY_PARAMS 4
#define TOY_STATES 2
#define TOY_SPAN 16
#define TOY_OUTPUTS 12

typedef struct toy_options {
  int a, b;                /* factor and shift */
  int parts;               /* 0: 1 */
  int radius;              /* of a window */
  int layout;              /* an ig__layout */
  int big;                 /* further elements in a partial */
  int c, h, w;             /* of an image to make from rows */
} toy_options;

/*   EACH       add mul convert; scale, affine: a·x + b (affine leaves lanes dirty); plain: affine on plain images; pair: a·x and
 *              b·x; parted: cut into parts; box: the sum over a window; spread: a vector over pictures; split: x + 1 and its
 *              parity in bytes; choose: x where the bytes are odd; reverse: through scratch; rows, image: reshaping
 *              numbers: a number a picture, of a vector's sum with its own element
 *   lowering   twice: rewrites an affine that nobody else reads; same: is its input
 *   SUM        channels: partials and a finish, which adds a vector; total: parts, no partial
 *   WHOLE      rotate: each picture plus twice the next; update: writes a state
 *   NO_BATCH   pack: a·(reversed) + b */
extern const ig__op toy_add, toy_mul, toy_convert, toy_scale, toy_affine, toy_plain, toy_pair, toy_parted, toy_box, toy_spread,
  toy_split, toy_choose, toy_reverse, toy_rows, toy_image, toy_twice, toy_same, toy_channels, toy_total, toy_rotate, toy_update,
  toy_pack, toy_numbers, toy_no_rule, toy_wrong_rule;

extern uint64_t toy_seed; /* of the case, for messages */
extern double toy_work; /* what every op says it costs: more than 1e5 wakes threads */

static inline ig__shape toy_images(int n, int c, int h, int w) { return ig__shape_make(4, (int[]){n, c, h, w}, true); }
static inline ig__shape toy_vector(void) { return ig__shape_make(1, (int[]){TOY_VECTOR}, false); }

/* A graph, what its leaves hold, and the outputs asked for. Everything is freed by toy_close. */
typedef struct toy {
  ig__graph *graph;
  int n, fields, params, states, output_count;
  ig__value field_value[TOY_FIELDS];
  double *field[TOY_FIELDS], param[TOY_PARAMS * TOY_SPAN], state[TOY_STATES * TOY_SPAN];
  ig__plan_output output[TOY_OUTPUTS];
  bool accumulates;
  int64_t keep_bytes;
} toy;

toy *toy_new(int n);
void toy_close(toy *t);
/* Leaves; what they hold follows from `seed`. */
ig__value toy_field(toy *t, ig__dtype dtype, ig__shape shape, uint64_t seed);
ig__value toy_param(toy *t, uint64_t seed);
ig__value toy_state(toy *t, uint64_t seed);
ig__value toy_node(toy *t, const ig__op *op, toy_options o, int in_count, const ig__value *in, ig__value *out);
static inline ig__value toy_node1(toy *t, const ig__op *op, toy_options o, ig__value a) {
  return toy_node(t, op, o, 1, &a, NULL);
}
static inline ig__value toy_node2(toy *t, const ig__op *op, toy_options o, ig__value a, ig__value b) {
  return toy_node(t, op, o, 2, (ig__value[]){a, b}, NULL);
}
void toy_output(toy *t, ig__value value, int64_t into);

/* Every node in turn, each alone on plain doubles of its own. Writes states; values are kept by value of the graph. */
typedef struct toy_values { size_t count; ig__view *view; void **memory; } toy_values;
toy_values toy_interpret(const toy *t, int n, double state[TOY_STATES * TOY_SPAN]);
void toy_values_free(toy_values *v);
double toy_value_at(const toy_values *v, ig__value value, int n, int64_t i);

/* A plan of the case with arrays of the real type to run it on. */
typedef struct toy_plan {
  const toy *t;
  ig__plan *plan;
  ig__pool *pool;
  int real_size;
  void *field[TOY_FIELDS], *params, *state, *grads;
} toy_plan;

ig_status toy_plan_make(ig__plan **plan, const toy *t, int real_size);
void toy_plan_open(toy_plan *p, const toy *t, int real_size, ig__pool *pool);
void toy_plan_close(toy_plan *p);
/* Runs n pictures and compares results, gradients and states with the interpreter's. t->param is taken as it is now. */
void toy_check_run(toy_plan *p, int n, uint64_t version);
double toy_real(const toy_plan *p, const void *array, int64_t i);
/* The sanitizers and poison make everything many times slower. */
bool toy_slow(void);
/* No two values that live at once lie in the same bytes, and all lie inside their areas. */
void toy_check_memory(const ig__plan *plan);
/* Steps of the plan that run the op; of those, into *phase the phase of the last. */
int toy_steps(const ig__plan *plan, const ig__op *op, int *phase);

#endif
