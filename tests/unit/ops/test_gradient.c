/* Every derivative rule against differences: for every op of the registry that can be differentiated and every one of its
 * probes, the scalar Σ y·(random cotangent) is differentiated by the rule, planned and run in double, and compared with
 * five-point differences of every element of every input, on the reference and on the best table. */
#include "unit/ops/op_case.h"

#include "ops/elementwise.h"

/* What HACKING promises: an element-wise op is one macro. This one and its derivatives are checked like those of the registry. */
extern const ig__op ig__op_smooth_relu;
IG__ELEMENTWISE(smooth_relu, "log(1 + exp x), a smooth relu", IG__FROM_X,
                x > 0 ? x + ig__log1p(ig__exp(-x)) : ig__log1p(ig__exp(x)),
                ig__sigmoid(x),
                ig__sigmoid(x) * (1 - ig__sigmoid(x)))

#define SMALLEST_PROBES 20

typedef struct check {
  op_case c;
  ig__value total, winner[IG__MAX_OUT], gradient[CASE_FIELDS];
  int winners;
  case_plan forward, backward;
  uint8_t *won;              /* integer outputs (argmax) at the point itself */
  size_t won_size;
  int draws, redraws;
} check;

/* total = Σ over real outputs of Σ y·cotangent; integer outputs are watched. */
static void build_total(check *t) {
  op_case *c = &t->c;
  ig__graph *g = c->graph;
  const ig__node *node = ig__tensor_of(g, c->out[0])->node;
  t->total = IG__NONE;
  t->winners = 0;
  for (int i = 0; i < node->out_count; i++) {
    const ig__tensor *y = ig__tensor_of(g, node->out[i]);
    if (y->dtype != IG__REAL) {
      t->winner[t->winners++] = node->out[i];
      continue;
    }
    int f = op_case_field(c, &y->shape);
    ig__value s = ig__node1(g, &ig__op_sum, NULL, ig__node2(g, &ig__op_mul, NULL, node->out[i], c->leaf[f]));
    t->total = t->total == IG__NONE ? s : ig__node2(g, &ig__op_add, NULL, t->total, s);
  }
}

static bool differentiable(const check *t, int input) {
  return t->c.dtype[input] == IG__REAL && !t->c.probe.in[input].no_gradient;
}

/* What a rule appends must have derivatives itself: the set is closed. Batch normalisation in training is the exception, and
 * says so by name. */
static void check_closed(const check *t, size_t from) {
  const ig__graph *g = t->c.graph;
  if (strstr(t->c.op->name, "batchnorm")) return;
  for (size_t i = from; i < g->node_count; i++)
    if (!g->node[i]->op->derive && g->node[i]->op != &ig__op_one_hot)
      test_fail(__FILE__, __LINE__, "the gradient of %s is made of %s, which has no derivative", t->c.op->name,
                g->node[i]->op->name);
}

static void differentiate(check *t) {
  ig__value of[CASE_FIELDS], to[CASE_FIELDS];
  int count = 0, k = 0;
  size_t before = t->c.graph->node_count;
  for (int i = 0; i < t->c.probe.in_count; i++)
    if (differentiable(t, i)) of[count++] = t->c.leaf[i];
  if (ig__gradients(t->c.graph, t->total, IG__NONE, of, count, to) != IG_OK)
    test_fail(__FILE__, __LINE__, "%s probe %d: %s", t->c.op->name, t->c.index, ig_last_error());
  check_closed(t, before);
  for (int i = 0; i < t->c.probe.in_count; i++) t->gradient[i] = differentiable(t, i) ? to[k++] : IG__NONE;
}

static void make_plans(check *t) {
  ig__value out[CASE_FIELDS + IG__MAX_OUT + 1] = {t->total};
  int count = 1;
  for (int i = 0; i < t->winners; i++) out[count++] = t->winner[i];
  case_plan_new(&t->forward, &t->c, out, count, 1);
  count = 1;
  for (int i = 0; i < t->c.probe.in_count; i++)
    if (t->gradient[i] != IG__NONE) out[count++] = t->gradient[i];
  case_plan_new(&t->backward, &t->c, out, count, 2);
}

/* Copies the integer outputs, or compares them with the copy. */
static bool same_winners(check *t, bool keep) {
  size_t at = 0;
  bool same = true;
  for (int i = 0; i < t->winners; i++) {
    size_t size = (size_t)ig__shape_count(ig__plan_result_shape(t->forward.plan, 1 + i)) *
                  (ig__tensor_of(t->c.graph, t->winner[i])->dtype == IG__U8 ? 1 : 4);
    const void *now = ig__plan_result(t->forward.plan, 1 + i);
    if (keep) {
      t->won = realloc(t->won, at + size);
      memcpy(t->won + at, now, size);
    } else {
      same &= memcmp(t->won + at, now, size) == 0;
    }
    at += size;
  }
  return same;
}

static double value_at(check *t, int f, int64_t i, double x, bool *moved) {
  op_case_set(&t->c, f, i, x);
  case_plan_run(&t->forward, &t->c, t->c.probe.n);
  *moved |= !same_winners(t, false);
  return case_plan_get(&t->forward, &t->c, 0, 0);
}

static double difference(check *t, int f, int64_t i, double h, bool *moved) {
  double x = op_case_get(&t->c, f, i);
  double d = (8 * (value_at(t, f, i, x + h, moved) - value_at(t, f, i, x - h, moved)) -
              (value_at(t, f, i, x + 2 * h, moved) - value_at(t, f, i, x - 2 * h, moved))) / (12 * h);
  op_case_set(&t->c, f, i, x);
  return d;
}

typedef enum verdict { GOOD, MOVED, ZERO } verdict;

/* One input. MOVED: a winner changed between probes, so that the point is of no use. ZERO: nothing flows anywhere, which a
 * single relu or a small dropout may do by chance, but not at every draw. */
static verdict check_input(check *t, int f, int output) {
  const op_case *c = &t->c;
  const bool linear = (c->op->flags & IG__LINEAR) != 0, zero = c->probe.in[f].zero_gradient;
  const int64_t count = op_case_count(c, f);
  double most = 0, largest_n = 0;
  bool moved = false;
  for (int64_t i = 0; output && i < count; i++) most = fmax(most, fabs(case_plan_get(&t->backward, c, output, i)));
  for (int64_t i = 0; i < count; i++) {
    double a = output ? case_plan_get(&t->backward, c, output, i) : 0, n = difference(t, f, i, linear ? 0.1 : 1e-3, &moved);
    if (moved) return MOVED;
    double error = zero ? fabs(a) + fabs(n) : fabs(a - n) / (fabs(a) + fabs(n) + 1e-2 * most), bound = linear ? 1e-10 : 1e-8;
    largest_n = fmax(largest_n, fabs(n));
    if (!(a == n || error <= bound))
      test_fail(__FILE__, __LINE__, "%s (%s) probe %d, input %d, element %lld: rule %.17g, difference %.17g, error %.3g > %g",
                c->op->name, ig__isa_name(c->k->isa), c->index, f, (long long)i, a, n, error, bound);
  }
  return !zero && most == 0 && largest_n < 1e-9 ? ZERO : GOOD;
}

static verdict check_point(check *t, uint64_t seed) {
  int output = 0;
  op_case_draw(&t->c, seed);
  case_plan_run(&t->backward, &t->c, t->c.probe.n);
  case_plan_run(&t->forward, &t->c, t->c.probe.n);
  same_winners(t, true);
  for (int i = 0; i < t->c.probe.in_count; i++) {
    if (!differentiable(t, i)) continue;
    bool flows = t->gradient[i] != IG__NONE;
    verdict v = check_input(t, i, flows ? ++output : 0);
    if (v != GOOD) return v;
  }
  return GOOD;
}

static bool check_probe(check *t, const ig__op *op, int index, const ig__kernels *k) {
  if (!op_case_open(&t->c, op, index, k)) return false;
  build_total(t);
  differentiate(t);
  make_plans(t);
  for (uint64_t seed = 1;; seed++) {
    verdict v = check_point(t, seed);
    t->draws++;
    t->redraws += v == MOVED;
    if (v == GOOD) break;
    if (seed == 20)
      test_fail(__FILE__, __LINE__, "%s probe %d: %s", op->name, index,
                v == ZERO ? "its gradient is zero everywhere at every draw, and the probe does not say so"
                          : "no draw stays away from a kink");
  }
  case_plan_free(&t->forward);
  case_plan_free(&t->backward);
  op_case_close(&t->c);
  return true;
}

static void check_op(const ig__op *op, const ig__kernels *k) {
  static check t;
  memset(&t, 0, sizeof t);
  int probes = 0;
  while (check_probe(&t, op, probes, k)) probes++;
  free(t.won);
  if (probes < SMALLEST_PROBES)
    test_fail(__FILE__, __LINE__, "%s has %d probes, %d are asked for", op->name, probes, SMALLEST_PROBES);
  if (t.redraws * 20 > t.draws)
    test_fail(__FILE__, __LINE__, "%s: %d of %d draws lay at a kink", op->name, t.redraws, t.draws);
}

static void check_all(const ig__kernels *k) {
  const char *only = getenv("IMGRAD_TEST_OP");
  for (int i = 0; ig__ops[i]; i++) {
    if (only && strcmp(only, ig__ops[i]->name) != 0) continue;
    if (ig__ops[i]->derive) check_op(ig__ops[i], k);
  }
}

TEST(every_op_on_the_reference_table) { check_all(reference_table(8)); }
TEST(every_op_on_the_best_table) { check_all(best_table(8)); }

TEST(an_op_made_by_the_macro) {
  check_op(&ig__op_smooth_relu, reference_table(8));
  check_op(&ig__op_smooth_relu, best_table(8));
}
