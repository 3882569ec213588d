/* --penalty in training: groups die and bounds hold under every optimiser, λ goes by patterns, what makes no sense is refused;
 * and what is said of exact zeros. */
#include "runs.h"
#include "train/regularise.h"

#include <math.h>

#define NET "input 1 28 28\nconv2d 8 k=5 stride=3 relu\na = dense 20 relu\nb = dense classes softmax\n"
#define SHORT "data", "digits train=320 test=10", "val", "0", "batch", "32", "epochs", "6"

static ig__model *trained(ig_context *context, const char *optimizer, const char *penalty) {
  char rate[32], name[32];
  const char *out = in_folder("run");
  snprintf(name, sizeof name, "%.*s", (int)strcspn(optimizer, " "), optimizer);
  ig__print_double(rate, 5 * ig__optimiser_find(name)->default_lr);
  remove_run(out);
  RUN(context, SHORT, "model", write_text("net.txt", NET), "optimizer", optimizer, "lr", rate, "penalty", penalty, "out", out);
  return model_of(out, 4);
}

TEST(filters_die_under_every_optimiser) {
  ig_context *context = threads(2);
  for (int i = 0; ig__optimisers[i]; i++) {
    const char *name = ig__optimisers[i]->name;
    ig__model *m = trained(context, name, "group_lasso 3 on=a.weight");
    const ig__zeros a = ig__zeros_of(m, param_of(m, "a.weight")), b = ig__zeros_of(m, param_of(m, "b.weight"));
    if (!(a.dead == 20 && a.zeros == param_of(m, "a.weight")->count && b.dead == 0))
      test_fail(__FILE__, __LINE__, "%s: %lld of %lld dead, beside it %lld", name, (long long)a.dead, (long long)a.filters, (long long)b.dead);
    ig__model_free(m);
  }
  ig_context_free(context);
}

TEST(norms_stay_within_their_bound) {
  ig_context *context = threads(2);
  for (int i = 0; ig__optimisers[i]; i++) {
    ig__model *m = trained(context, ig__optimisers[i]->name, "max_norm 0.3");
    const ig__kernels *k = ig__kernels_for(IG__ISA_REFERENCE, 4);
    double most = 0;
    for (size_t p = 0; p < m->param_count; p++) {
      if (m->param[p].kind != IG__PARAM_WEIGHT) continue;
      const int64_t row = m->param[p].count / m->param[p].shape.dim[0];
      for (int r = 0; r < m->param[p].shape.dim[0]; r++)
        most = fmax(most, sqrt(k->sum_squares((float *)m->params + m->param[p].offset + r * row, row)));
    }
    CHECK(most <= 0.3 * (1 + 1e-6) && most > 0.29);
    ig__model_free(m);
  }
  ig_context_free(context);
}

static double penalty_of(ig_context *context, ig__model *m, const char *penalty, const char *l1) {
  ig_train_options o = ig_train_options_default();
  double value;
  CHECK_OK(ig_option_set(IG_VERB_TRAIN, &o, "penalty", penalty));
  CHECK_OK(ig_option_set(IG_VERB_TRAIN, &o, "l1", l1));
  CHECK_OK(ig__penalty_of_run(context, m, &o, 1, &value));
  return value;
}

static double sum_abs(const ig__model *m, const char *name) {
  const ig__param *p = param_of(m, name);
  double sum = 0;
  for (int64_t i = 0; i < p->count; i++) sum += fabs(((double *)m->params)[p->offset + i]);
  return sum;
}

/* Ω by hand: which λ acts where. */
TEST(lambda_by_pattern) {
  ig_context *context = threads(1);
  ig__model *m;
  const char *text = "input 1 8 8\na = conv2d 3 k=3 relu l1=7\nbatchnorm\nb = dense 4\n";
  CHECK_OK(ig__model_parse(text, strlen(text), "net", 2, &m));
  CHECK_OK(ig__model_bind(m, 8, 1));
  const double a = sum_abs(m, "a.weight"), b = sum_abs(m, "b.weight");
  CHECK_NEAR(penalty_of(context, m, "", "2"), 7 * a + 2 * b, 1e-9);
  CHECK_NEAR(penalty_of(context, m, "l1 3", "2"), 3 * a + 3 * b, 1e-9);               /* in the place of all others */
  CHECK_NEAR(penalty_of(context, m, "l1 3 on=b.*", "2"), 7 * a + 3 * b, 1e-9);        /* b.bias is not meant */
  CHECK_NEAR(penalty_of(context, m, "l1 3, l1 0 on=a.*", "2"), 3 * b, 1e-9);
  CHECK_NEAR(penalty_of(context, m, "elastic_net 1 ratio=1 on=b.*", "0"), 7 * a + b, 1e-9);
  CHECK_NEAR(penalty_of(context, m, "l1 0.5 on=*.gamma", "0"), 7 * a + 0.5 * 3, 1e-9);  /* asked for by name */
  CHECK_NEAR(penalty_of(context, m, "max_norm 1", "0"), 7 * a, 1e-9);
  ig__model_free(m);
  ig_context_free(context);
}

static void refused(const char *model, const char *penalty, const char *optimizer, const char *words) {
  ig_context *context = threads(1);
  ig_train_result r;
  CHECK_INT(TRAIN(context, &r, NULL, SHORT, "model", write_text("net.txt", model), "penalty", penalty, "optimizer", optimizer, "out", in_folder("refused")),
            IG_USAGE);
  if (!strstr(ig_last_error(), words)) test_fail(__FILE__, __LINE__, "'%s' does not say '%s'", ig_last_error(), words);
  CHECK(!ig__is_folder(in_folder("refused")));
  ig_context_free(context);
}

TEST(what_makes_no_sense_is_refused) {
  const char *groups = "input 1 28 28\nconv2d 4 k=3\nc = conv2d 4 k=3 groups=2\ndense classes\n";
  refused(NET, "grup_lasso 1", "adam", "did you mean group_lasso");
  refused(NET, "group_lasso", "adam", "lambda");
  refused(NET, "group_lasso 1 on=conv7*", "adam", "no parameter of");
  refused(NET, "l1 1,", "adam", "a name is missing");
  refused(NET, "max_norm 0", "adam", "out of range");
  refused(NET, "group_lasso 1", "lbfgs", "needs a smooth loss");
  refused(NET, "max_norm 1", "gd", "needs a smooth loss");
  refused(groups, "group_lasso 1 by=channels", "adam", "cut into groups");
}

/* The sums of the result and layers.csv. */
TEST(zeros_are_told) {
  ig_context *context = listening(1);
  ig_train_result r;
  uint8_t *bytes;
  size_t size;
  char path[1100];
  const char *out = in_folder("told");
  CHECK_OK(TRAIN(context, &r, NULL, SHORT, "model", write_text("net.txt", NET), "penalty", "group_lasso 5 on=conv2d1.*", "out", out));
  CHECK_INT(r.filters, 8 + 20 + 10);
  CHECK_INT(r.dead, 8);
  CHECK_INT(r.zeros, 8 * 25);
  CHECK_INT(r.weights, 8 * 25 + 20 * 512 + 200);
  CHECK(strstr(said, "conv2d1.weight: 100.0 % of 200 weights are exactly zero, 8 of 8 filters dead"));
  snprintf(path, sizeof path, "%s/layers.csv", out);
  CHECK_OK(ig__file_read(path, 1 << 20, &bytes, &size));
  CHECK(strstr((char *)bytes, "conv2d1.weight,8×1×5×5,200,200,8,8\n"));
  ig__free(bytes);
  ig_context_free(context);
}

TEST(threads_change_no_group) {
  uint64_t first = 0;
  for (int n = 1; n <= 3; n++) {
    ig_context *context = threads(n);
    const char *out = in_folder("threads");
    remove_run(out);
    RUN(context, "data", "digits train=100 test=10", "model", "lenet5", "epochs", "1", "penalty", "elastic_net 1e-3, group_lasso 1e-2 by=both, max_norm 1",
        "out", out);
    if (n == 1) first = hash_of_model(out);
    CHECK(hash_of_model(out) == first);
    ig_context_free(context);
  }
}
