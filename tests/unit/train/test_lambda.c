/* λ acts: every penalty under every optimiser and scale, line by line, and what else shapes a step: frozen lines, decoupled
 * decay, clipping, the schedule. */
#include "runs.h"

#include <stdlib.h>

static double norm_of(const ig__model *m, const char *name) {
  double sum = 0;
  for (size_t i = 0; i < m->param_count; i++) {
    const ig__param *p = &m->param[i];
    const double *w = (const double *)m->params + p->offset;
    if (name ? strcmp(p->name, name) != 0 : p->kind != IG__PARAM_WEIGHT) continue;
    for (int64_t k = 0; k < p->count; k++) sum += w[k] * w[k];
  }
  return sqrt(sum);
}

static int64_t zeros_of(const ig__model *m) {
  int64_t zeros = 0;
  for (size_t i = 0; i < m->param_count; i++) {
    const double *w = (const double *)m->params + m->param[i].offset;
    for (int64_t k = 0; m->param[i].kind == IG__PARAM_WEIGHT && k < m->param[i].count; k++) zeros += w[k] == 0;
  }
  return zeros;
}

/* 300 steps on digits: 960 training pictures in batches of 32 are 30 steps an epoch; without validation. */
#define PICTURES 960
#define LONG_RUN "data", "digits train=960 test=10", "val", "0", "batch", "32", "epochs", "10"

/* At ten times the default rate: under plain sgd weights shrink by (1 − 2λ·lr)³⁰⁰ at most, and that is 6 % at its 0.01. */
static ig__model *trained(ig_context *context, const char *optimizer, const char *scale, double l2, double l1) {
  char a[32], b[32], rate[32], name[32];
  const char *out = in_folder("lambda");
  ig__print_double(a, l2);
  ig__print_double(b, l1);
  snprintf(name, sizeof name, "%.*s", (int)strcspn(optimizer, " "), optimizer);
  ig__print_double(rate, 10 * ig__optimiser_find(name)->default_lr);
  remove_run(out);
  RUN(context, LONG_RUN, "model", "mlp", "optimizer", optimizer, "lr", rate, "l2_scale", scale, "l2", a, "l1", b, "out", out);
  return model_of(out, 8);
}

static void smaller_under(const char *optimizer) {
  static const struct { const char *name; double factor; } scales[] = {{"full", 1}, {"half", 2}, {"half_mean", 2 * PICTURES}};
  ig_context *context = threads(2);
  double first[2] = {0, 0};
  for (int i = 0; i < 3; i++) {
    double norm[2];
    for (int k = 0; k < 2; k++) {
      ig__model *m = trained(context, optimizer, scales[i].name, (k ? 1e-2 : 1e-3) * scales[i].factor, 0);
      norm[k] = norm_of(m, NULL);
      ig__model_free(m);
    }
    if (!(norm[1] <= 0.8 * norm[0]))
      test_fail(__FILE__, __LINE__, "%s, %s: the norm goes from %g to %g only", optimizer, scales[i].name, norm[0], norm[1]);
    /* The same strength said in another way is the same run, up to the rounding of λ. */
    for (int k = 0; k < 2; k++) {
      if (i == 0) first[k] = norm[k];
      CHECK_NEAR(norm[k], first[k], 1e-3 * first[k]);
    }
  }
  ig_context_free(context);
}

TEST(l2_under_every_optimiser) {
  for (int i = 0; ig__optimisers[i]; i++) smaller_under(ig__optimisers[i]->name);
}

TEST(l2_with_momentum) { smaller_under("sgd momentum=0.5 nesterov=yes"); }

TEST(l1_makes_zeros_under_every_optimiser) {
  ig_context *context = threads(2);
  for (int i = 0; ig__optimisers[i]; i++) {
    int64_t zeros[2];
    for (int k = 0; k < 2; k++) {
      ig__model *m = trained(context, ig__optimisers[i]->name, "full", 0, k ? 1e-2 : 1e-3);
      zeros[k] = zeros_of(m);
      ig__model_free(m);
    }
    if (!(zeros[1] >= 2 * zeros[0] && zeros[1] > 1000))
      test_fail(__FILE__, __LINE__, "%s: %lld zeros, then %lld", ig__optimisers[i]->name, (long long)zeros[0], (long long)zeros[1]);
  }
  ig_context_free(context);
}

/* ---- one line at a time ---------------------------------------------------------------------------------------------- */

#define SHORT_RUN "data", "digits train=200 test=10", "val", "0", "batch", "20", "epochs", "3", "optimizer", "sgd momentum=0.9"

TEST(lines_have_their_own_lambda) {
  ig_context *context = threads(1);
  const char *plain = write_text("plain.txt", "input 1 28 28\na = dense 16 relu\nb = dense classes softmax\n");
  const char *own = write_text("own.txt", "input 1 28 28\na = dense 16 l2=1 relu\nb = dense classes l2=0 l1=1 softmax\n");
  RUN(context, SHORT_RUN, "model", plain, "out", in_folder("plain"));
  RUN(context, SHORT_RUN, "model", own, "l2", "1e-9", "out", in_folder("own"));
  RUN(context, SHORT_RUN, "model", own, "l2", "0.1", "l1", "1e-9", "out", in_folder("other"));
  ig__model *p = model_of(in_folder("plain"), 8), *o = model_of(in_folder("own"), 8), *q = model_of(in_folder("other"), 8);
  CHECK(norm_of(o, "a.weight") < 0.5 * norm_of(p, "a.weight"));
  CHECK(zeros_of(o) > 20); /* line b */
  /* The run's λ changes nothing on lines with their own; where only one kind is said, the run's other kind acts. */
  CHECK_NEAR(norm_of(q, "b.weight"), norm_of(o, "b.weight"), 1e-3);
  ig__model_free(p);
  ig__model_free(o);
  ig__model_free(q);
  ig_context_free(context);
}

static void check_still(const char *line, const char *name, bool still) {
  ig_context *context = threads(1);
  char text[256];
  const char *out = in_folder("frozen"), *begin = in_folder("begin");
  remove_run(out);
  remove_run(begin);
  snprintf(text, sizeof text, "input 1 28 28\n%sb = dense classes softmax\n", line);
  const char *model = write_text("frozen.txt", text);
  RUN(context, SHORT_RUN, "model", model, "epochs", "0", "out", begin);
  RUN(context, SHORT_RUN, "model", model, "l2", "0.01", "l1", "0.001", "weight_decay", "0.1", "out", out);
  ig__model *was = model_of(begin, 8), *is = model_of(out, 8);
  const ig__param *p = param_of(was, name);
  int moved = memcmp((double *)was->params + p->offset, (double *)is->params + p->offset, (size_t)p->count * sizeof(double));
  if (still != (moved == 0)) test_fail(__FILE__, __LINE__, "%s %s", name, still ? "moved" : "stood still");
  ig__model_free(was);
  ig__model_free(is);
  ig_context_free(context);
}

TEST(frozen_lines_do_not_move) {
  check_still("a = dense 16 freeze relu\n", "a.weight", true);
  check_still("a = dense 16 freeze relu\n", "a.bias", true);
  check_still("a = dense 16 freeze relu\n", "b.weight", false);
  check_still("a = dense 16 relu\n", "a.weight", false);
}

/* A line that no loss depends on feels its penalty and nothing else: 30 steps of w -= lr·2λw. */
TEST(lines_without_gradient_feel_the_penalty_once) {
  ig_context *context = threads(1);
  const char *model = write_text("beside.txt", "input 1 28 28\noutput a = dense classes softmax\noutput side = dense @a 5\n");
  const char *out = in_folder("beside"), *begin = in_folder("begin");
  RUN(context, SHORT_RUN, "optimizer", "sgd", "lr", "0.1", "model", model, "epochs", "0", "out", begin);
  RUN(context, SHORT_RUN, "optimizer", "sgd", "lr", "0.1", "model", model, "l2", "0.1", "out", out);
  ig__model *was = model_of(begin, 8), *is = model_of(out, 8);
  CHECK_NEAR(norm_of(is, "side.weight") / norm_of(was, "side.weight"), pow(1 - 0.1 * 2 * 0.1, 30), 1e-4);
  ig__model_free(was);
  ig__model_free(is);
  ig_context_free(context);
}

/* ---- decay, clipping, schedule ---------------------------------------------------------------------------------------- */

/* On a line that the loss does not depend on, decay is exactly (1 − lr·decay)^steps under every optimiser, however large its
 * own steps would be. */
TEST(weight_decay_is_decoupled) {
  ig_context *context = threads(1);
  for (int i = 0; ig__optimisers[i]; i++) {
    const char *model = write_text("beside.txt", "input 1 28 28\noutput a = dense classes softmax\noutput side = dense @a 5\n");
    const char *out = in_folder("decay"), *begin = in_folder("begin"), *name = ig__optimisers[i]->name;
    remove_run(out);
    remove_run(begin);
    RUN(context, SHORT_RUN, "optimizer", name, "lr", "0.01", "model", model, "epochs", "0", "out", begin);
    RUN(context, SHORT_RUN, "optimizer", name, "lr", "0.01", "model", model, "weight_decay", "2", "out", out);
    ig__model *was = model_of(begin, 8), *is = model_of(out, 8);
    CHECK_NEAR(norm_of(is, "side.weight") / norm_of(was, "side.weight"), pow(1 - 0.01 * 2, 30), 1e-5);
    ig__model_free(was);
    ig__model_free(is);
  }
  ig_context_free(context);
}

/* adamw decays by 0.01 unless told otherwise, in its own words or by the option, which comes first. */
TEST(adamw_decays_by_itself) {
  static const struct { const char *optimizer, *option; double decay; } cases[] = {
    {"adamw", "-1", 0.01}, {"adamw weight_decay=3", "-1", 3}, {"adamw weight_decay=3", "2", 2}, {"adamw", "0", 0}, {"adam", "-1", 0}};
  ig_context *context = threads(1);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const char *model = write_text("beside.txt", "input 1 28 28\noutput a = dense classes softmax\noutput side = dense @a 5\n");
    const char *out = in_folder("decay"), *begin = in_folder("begin"), *name = cases[i].optimizer;
    remove_run(out);
    remove_run(begin);
    RUN(context, SHORT_RUN, "optimizer", name, "lr", "0.01", "model", model, "epochs", "0", "out", begin);
    RUN(context, SHORT_RUN, "optimizer", name, "lr", "0.01", "model", model, "weight_decay", cases[i].option, "out", out);
    ig__model *was = model_of(begin, 8), *is = model_of(out, 8);
    CHECK_NEAR(norm_of(is, "side.weight") / norm_of(was, "side.weight"), pow(1 - 0.01 * cases[i].decay, 30), 1e-5);
    ig__model_free(was);
    ig__model_free(is);
  }
  ig_context_free(context);
}

/* With sgd a step is lr times the gradient, so one step shows the clipped norm. */
TEST(clip_limits_the_norm) {
  ig_context *context = threads(1);
  const double clips[] = {1e-3, 1e9};
  double moved[2] = {0, 0};
  for (int i = 0; i < 2; i++) {
    char clip[32];
    const char *out = in_folder("clip"), *begin = in_folder("begin");
    ig__print_double(clip, clips[i]);
    remove_run(out);
    remove_run(begin);
    RUN(context, "data", "digits train=20 test=10", "val", "0", "model", "mlp", "precision", "f64", "epochs", "0", "out", begin);
    RUN(context, "data", "digits train=20 test=10", "val", "0", "model", "mlp", "precision", "f64", "epochs", "1", "optimizer", "sgd",
        "lr", "1", "clip", clip, "out", out);
    ig__model *was = model_of(begin, 8), *is = model_of(out, 8);
    for (int64_t k = 0; k < is->params_size; k++) {
      double d = ((double *)is->params)[k] - ((double *)was->params)[k];
      moved[i] += d * d;
    }
    ig__model_free(was);
    ig__model_free(is);
  }
  CHECK_NEAR(sqrt(moved[0]), 1e-3, 1e-12);
  CHECK(sqrt(moved[1]) > 0.01);
  ig_context_free(context);
}

/* The rate of each row is that of the epoch's last step. */
TEST(results_show_the_schedule) {
  ig_context *context = threads(1);
  const char *out = in_folder("schedule");
  RUN(context, "data", "digits train=100 test=10", "val", "0", "batch", "10", "epochs", "4", "model", "softmax", "lr", "0.1", "schedule",
      "step every=2 gamma=0.5 warmup=1", "out", out);
  ig__run_state s = state_of(out);
  const double want[] = {0.1 * 10 / 11, 0.1, 0.05, 0.05};
  CHECK_INT(s.history_count, 4);
  for (int i = 0; i < 4; i++) CHECK_NEAR(s.history[i].lr, want[i], 1e-15);
  ig__run_state_free(&s);
  ig_context_free(context);
}
