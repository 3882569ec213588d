/* What holds for every op of the registry, tried with every probe: tables agree, threads change no bit, a short batch is what
 * a plan for that batch makes, and the registry itself is in order. */
#include "unit/ops/op_case.h"

static bool runs(const ig__op *op) { return op->run[0] || op->lower; }

TEST(registry_is_in_order) {
  for (int i = 0; ig__ops[i]; i++) {
    const ig__op *op = ig__ops[i];
    if (i && strcmp(ig__ops[i - 1]->name, op->name) >= 0) test_fail(__FILE__, __LINE__, "all.def: %s is out of order", op->name);
    CHECK(ig__op_find(op->name) == op);
    if (!op->help || !op->help[0]) test_fail(__FILE__, __LINE__, "%s has no help", op->name);
    if (!op->derive && !op->no_derivative) test_fail(__FILE__, __LINE__, "%s does not say why it has no derivative", op->name);
    if (!runs(op) && !op->build) test_fail(__FILE__, __LINE__, "%s can neither run nor be built", op->name);
    if (runs(op) && !op->infer) test_fail(__FILE__, __LINE__, "%s has no infer", op->name);
    if ((op->flags & IG__LOSS) && !op->build) test_fail(__FILE__, __LINE__, "the loss %s has no build", op->name);
  }
  CHECK(!ig__op_find("no such op"));
  CHECK(!ig__op_find(""));
  CHECK(ig__core_ops_get().add == &ig__op_add);
}

TEST(twenty_probes_each) {
  for (int i = 0; ig__ops[i]; i++) {
    int count = 0;
    ig__probe p;
    if (!ig__ops[i]->probe) continue;
    while (memset(&p, 0, sizeof p), ig__ops[i]->probe(count, &p)) count++;
    if (count < 20) test_fail(__FILE__, __LINE__, "%s has %d probes", ig__ops[i]->name, count);
  }
}

typedef struct results { int outputs; int64_t count[IG__MAX_OUT]; double *value[IG__MAX_OUT]; } results;

static void free_results(results *r) {
  for (int i = 0; i < r->outputs; i++) free(r->value[i]);
}

/* Runs n pictures of the case and keeps the real outputs. */
static results run_case(const op_case *c, int n, int threads) {
  const ig__node *node = ig__tensor_of(c->graph, c->out[0])->node;
  ig__value real[IG__MAX_OUT];
  results r = {0};
  case_plan p;
  for (int i = 0; i < node->out_count; i++)
    if (ig__tensor_of(c->graph, node->out[i])->dtype == IG__REAL) real[r.outputs++] = node->out[i];
  case_plan_new(&p, c, real, r.outputs, threads);
  case_plan_run(&p, c, n);
  for (int i = 0; i < r.outputs; i++) {
    const ig__shape *s = ig__shape_of(c->graph, real[i]);
    r.count[i] = s->batched ? ig__shape_per_picture(s) * n : ig__shape_count(s);
    r.value[i] = malloc((size_t)r.count[i] * sizeof(double));
    for (int64_t k = 0; k < r.count[i]; k++) r.value[i][k] = case_plan_get(&p, c, i, k);
  }
  case_plan_free(&p);
  return r;
}

/* Relative to the largest element of the output. */
static void compare(const op_case *c, const char *what, const results *got, const results *want, double tolerance) {
  CHECK_INT(got->outputs, want->outputs);
  for (int i = 0; i < got->outputs; i++) {
    double most = 0;
    CHECK_INT(got->count[i], want->count[i]);
    for (int64_t k = 0; k < want->count[i]; k++) most = fmax(most, fabs(want->value[i][k]));
    for (int64_t k = 0; k < want->count[i]; k++) {
      double g = got->value[i][k], w = want->value[i][k];
      if (!(fabs(g - w) <= tolerance * most) || (tolerance == 0 && g != w))
        test_fail(__FILE__, __LINE__, "%s probe %d, %s (%s, %d bytes): output %d element %lld is %.17g, want %.17g", c->op->name,
                  c->index, what, ig__isa_name(c->k->isa), c->k->real_size, i, (long long)k, g, w);
    }
  }
}

TEST(tables_agree) {
  op_case *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
  for (int i = 0; ig__ops[i]; i++)
    for (int index = 0; runs(ig__ops[i]) && op_case_open(a, ig__ops[i], index, reference_table(8)); index++) {
      for (int f = 0; f < a->field_count; f++) /* float can hold what all are given */
        for (int64_t k = 0; k < op_case_count(a, f); k++) op_case_set(a, f, k, (double)(float)op_case_get(a, f, k));
      results want = run_case(a, a->probe.n, 1);
      for (int isa = IG__ISA_REFERENCE; isa < IG__ISA_COUNT; isa++)
        for (int size = 4; size <= 8 && ig__isa_usable((ig__isa)isa); size += 4) {
          CHECK(op_case_open(b, ig__ops[i], index, ig__kernels_for((ig__isa)isa, size)));
          for (int f = 0; f < b->field_count; f++)
            for (int64_t k = 0; k < op_case_count(b, f); k++) op_case_set(b, f, k, op_case_get(a, f, k));
          results got = run_case(b, b->probe.n, 1);
          compare(b, "against the reference", &got, &want, size == 8 ? 1e-12 : 2e-5);
          free_results(&got);
          op_case_close(b);
        }
      free_results(&want);
      op_case_close(a);
    }
  free(a);
  free(b);
}

TEST(threads_change_no_bit) {
  op_case *c = calloc(1, sizeof *c);
  for (int i = 0; ig__ops[i]; i++)
    for (int index = 0; runs(ig__ops[i]) && op_case_open(c, ig__ops[i], index, best_table(4)); index++) {
      results one = run_case(c, c->probe.n, 1), three = run_case(c, c->probe.n, 3);
      compare(c, "three threads", &three, &one, 0);
      free_results(&one);
      free_results(&three);
      op_case_close(c);
    }
  free(c);
}

TEST(short_batch_is_a_batch) {
  op_case *whole = calloc(1, sizeof *whole), *part = calloc(1, sizeof *part);
  for (int i = 0; ig__ops[i]; i++)
    for (int index = 0; runs(ig__ops[i]) && op_case_open(whole, ig__ops[i], index, best_table(8)); index++) {
      ig__probe p = whole->probe;
      p.n--;
      p.options = whole->options;
      for (int k = 0; k < p.in_count; k++)
        if (p.in[k].shape.batched) p.in[k].shape.dim[0] = p.n;
      if (p.n > 1 || (p.n == 1 && !strstr(whole->op->name, "batchnorm"))) {
        part->index = index;
        op_case_make(part, whole->op, &p, whole->k);
        part->seed = whole->seed;
        for (int f = 0; f < part->field_count; f++)
          for (int64_t k = 0; k < op_case_count(part, f); k++) op_case_set(part, f, k, op_case_get(whole, f, k));
        results got = run_case(whole, p.n, 2), want = run_case(part, p.n, 1);
        compare(whole, "a short batch", &got, &want, 1e-13);
        free_results(&got);
        free_results(&want);
        op_case_close(part);
      }
      op_case_close(whole);
    }
  free(whole);
  free(part);
}

/* ---- channelwise ----------------------------------------------------------------------------------------------------------- */

static int channels_of(const ig__shape *s) { return s->rank == 2 || s->rank == 4 ? s->dim[1] : 0; }

/* The field's channel c of every picture: new numbers, or one number everywhere. */
static void set_channel(op_case *c, int field, int channel, bool constant) {
  const ig__shape *s = &c->shape[field];
  const int64_t plane = ig__shape_per_picture(s) / s->dim[1];
  for (int64_t i = 0; i < op_case_count(c, field); i++)
    if (i / plane % s->dim[1] == channel) op_case_set(c, field, i, constant ? 0.5 : op_case_get(c, field, i) + 0.25);
}

static void check_channels(op_case *c, const results *old, const results *now, bool constant) {
  const ig__shape *s = ig__shape_of(c->graph, c->out[0]);
  const int64_t plane = ig__shape_per_picture(s) / s->dim[1];
  for (int64_t i = 0; i < now->count[0]; i++) {
    const int channel = (int)(i / plane % s->dim[1]);
    const bool last = channel == s->dim[1] - 1;
    if (!last && now->value[0][i] != old->value[0][i]) test_fail(__FILE__, __LINE__, "%s: channel %d reads another", c->op->name, channel);
    if (last && constant && fabs(now->value[0][i] - now->value[0][s->dim[1] * plane - 1]) > 1e-12)
      test_fail(__FILE__, __LINE__, "%s, probe %d: a constant channel does not stay constant", c->op->name, c->index);
  }
}

/* What imgrad prune relies on: the other channels never see the last one, and of a constant one comes a constant one. Only
 * pictures with all inputs alike are tried, which is how lines of a model use these ops. */
TEST(channelwise_ops_keep_channels_apart) {
  int ops = 0;
  for (int i = 0; ig__ops[i]; i++) {
    const ig__op *op = ig__ops[i];
    if (!(op->flags & IG__CHANNELWISE)) continue;
    ops++;
    CHECK(!(op->flags & IG__RANDOM) || strncmp(op->name, "dropout", 7) == 0); /* measured, it is nothing */
    op_case c;
    for (int n = 0; op_case_open(&c, op, n, reference_table(8)); n++) {
      bool all = c.field_count <= 1 || op->min_in > 1;
      for (int f = 0; f < c.field_count; f++) all &= channels_of(&c.shape[f]) > 0;
      const bool random = op->flags & IG__RANDOM;
      if (all && !random) {
        results old = run_case(&c, c.graph->n, 1);
        for (int constant = 0; constant < 2; constant++) {
          for (int f = 0; f < c.field_count; f++) set_channel(&c, f, c.shape[f].dim[1] - 1, constant);
          results now = run_case(&c, c.graph->n, 1);
          check_channels(&c, &old, &now, constant);
          free_results(&now);
        }
        free_results(&old);
      }
      op_case_close(&c);
    }
  }
  CHECK(ops >= 20);
}
