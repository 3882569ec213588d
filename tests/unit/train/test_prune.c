/* Pruning: on every kind of graph, with filters and channels that were zeroed at random, the smaller network gives the same
 * answers; what must go goes, what must stay stays. */
#include "imgrad/report.h"
#include "runs.h"
#include "train/prune/prune.h"
#include "train/synthetic.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

enum { PICTURES = 3 };

static ig__model *model_from(const char *text, int real_size) {
  ig__model *m;
  CHECK_OK(ig__model_parse(text, strlen(text), "test", 4, &m));
  CHECK_OK(ig__model_bind(m, real_size, 7));
  return m;
}

static void set(const ig__model *m, void *array, int64_t i, double v) {
  if (m->real_size == 8) ((double *)array)[i] = v;
  else ((float *)array)[i] = (float)v;
}

/* Biases, shifts and running statistics as if it had been trained; some gammas are zero. */
static void fill(ig__model *m, ig__rng *rng) {
  for (size_t i = 0; i < m->param_count; i++) {
    const ig__param *p = &m->param[i];
    const bool gamma = strstr(p->name, "gamma");
    for (int64_t k = 0; p->kind != IG__PARAM_WEIGHT && k < p->count; k++)
      set(m, m->params, p->offset + k, gamma && ig__rng_below(rng, 6) == 0 ? 0 : ig__rng_uniform(rng) - (gamma ? -0.5 : 0.5));
  }
  for (size_t i = 0; i < m->state_count; i++)
    for (int64_t k = 0; k < m->state[i].count; k++)
      set(m, m->states, m->state[i].offset + k, strstr(m->state[i].name, "variance") ? 0.5 + ig__rng_uniform(rng) : ig__rng_uniform(rng) - 0.5);
}

static void clear_group(ig__model *m, const ig__param *p, bool rows, int64_t group) {
  const ig__weights w = ig__weights_of(m, p);
  for (int64_t r = 0; r < w.rows; r++)
    for (int64_t i = 0; i < w.inputs; i++)
      for (int64_t k = 0; (rows ? r : i) == group && k < w.window; k++) set(m, m->params, p->offset + (r * w.inputs + i) * w.window + k, 0);
}

/* Of each tensor every `rows`th row and every `columns`th column by lot; 0: none. */
static void clear_some(ig__model *m, ig__rng *rng, uint32_t rows, uint32_t columns) {
  for (size_t i = 0; i < m->param_count; i++) {
    const ig__param *p = &m->param[i];
    if (p->kind != IG__PARAM_WEIGHT) continue;
    for (int k = 0; rows && k < p->shape.dim[0]; k++)
      if (ig__rng_below(rng, rows) == 0) clear_group(m, p, true, k);
    for (int k = 0; columns && k < p->shape.dim[1]; k++)
      if (ig__rng_below(rng, columns) == 0) clear_group(m, p, false, k);
  }
}

static void outputs_of(ig_context *context, ig__model *m, const char *conv, double *out, int64_t *count) {
  ig__source_info info;
  ig__network net;
  ig__batch batch;
  *count = 0;
  CHECK_OK(ig__synthetic_info(m, &info));
  CHECK_OK(ig__network_new(context, &(ig__network_request){.model = m, .data = &info, .n = PICTURES, .every_output = true, .conv = conv}, &net));
  CHECK_OK(ig__synthetic_batch(&info, PICTURES, 5, &batch));
  CHECK_OK(ig__network_run(&net, context, &batch, &(ig__pass_step){.loss_scale = 1}));
  for (int o = 0; o < (int)m->output_count; o++)
    for (int64_t i = 0; i < ig__shape_count(ig__plan_result_shape(net.plan, 1 + o)); i++)
      out[(*count)++] = ig__real_at(m->real_size, ig__network_output(&net, o), i);
  ig__synthetic_batch_free(&batch);
  ig__network_free(&net);
}

#define MOST_OUTPUTS 100000
static double before[MOST_OUTPUTS], after[MOST_OUTPUTS];

/* Prunes, compares, and answers the smaller model. */
static ig__model *pruned(ig_context *context, ig__model *m, double tolerance, const char *what) {
  ig__prune p;
  ig__model *small;
  int64_t count, again;
  double most = 0, difference = 0;
  CHECK_OK(ig__prune_find(context, m, &p));
  CHECK_OK(ig__prune_shrink(&p, "test", &small));
  ig__prune_free(&p);
  outputs_of(context, m, "auto", before, &count);
  outputs_of(context, small, "auto", after, &again);
  CHECK_INT(again, count);
  for (int64_t i = 0; i < count; i++) {
    most = fmax(most, fabs(before[i]));
    difference = fmax(difference, fabs(before[i] - after[i]));
  }
  CHECK(most > 0);
  if (!(difference <= tolerance * most)) test_fail(__FILE__, __LINE__, "%s: off by %g of %g\n%s", what, difference, most, small->text);
  return small;
}

static int64_t parameters_of(const ig__model *m) {
  int64_t count = 0;
  for (size_t i = 0; i < m->param_count; i++) count += m->param[i].count;
  return count;
}

static const char *const graphs[] = {
  "input 1 20 20\nconv2d 8 k=3 relu\nmaxpool2d 2\nconv2d 20 k=3 relu\nmaxpool2d 2\nflatten\ndense 16 relu\ndense classes softmax\n",
  "input 3 12 12 mean=0.5 std=0.25 # a comment\nconv2d 18 k=3 pad=1 bias=no\nbatchnorm relu\navgpool2d 2\nconv2d 7 k=3 bias=no\nbatchnorm relu\n"
  "global_avgpool2d\ndense classes\n",
  "block plain f\n  conv2d f k=3 pad=1 bias=no\n  batchnorm relu\n  conv2d f k=3 pad=1 bias=no\n  batchnorm\n  add @. @in relu\nend\n"
  "input 3 9 9\nconv2d 9 k=3 relu\nplain 9\ns = plain 9\nglobal_avgpool2d\ndropout 0.5\ndense classes softmax\n",
  "input 1 16 16\na = conv2d 6 k=3 pad=1 relu\nmaxpool2d 2\nb = conv2d 12 k=3 pad=same gelu\nconv2d_transpose 6 k=2 stride=2\nconcat @. @a\n"
  "c = conv2d 5 k=3 pad=1 relu l2=0.5\nupsample2d 2 mode=bilinear\noutput mask = conv2d 2 k=1\n",
  "input 3 10 10\nconv2d 17 k=1 relu\nconv2d 17 k=3 groups=17 bias=no\nbatchnorm relu\nconv2d 9 k=1 relu\nconv2d 9 k=3 pad=1 groups=3\ndropout2d 0.1\n"
  "flatten\ndense 6 tanh\ndense classes\n",
  "input 1 9 9\nconv2d 8 k=3 sigmoid\npad 1\nconv2d 8 k=3 leaky_relu\npad 1 mode=replicate\ncrop 1\nconv2d 6 k=2 stride=2 silu\ndense classes\n",
  "input 1 8 8\na = conv2d 6 k=3 pad=1 relu\nb = conv2d 6 k=3 pad=1 relu\nb2 = conv2d 6 k=3 pad=1 share=b relu\nc = mul @a @b2\nsub @c @b\n"
  "s = slice first=1 count=3\noutput y = dense 5 relu\ndense @s 9 relu\noutput z = dense 3\n",
  "input 1 6 6\nflatten\ndense 12 relu\nbatchnorm\ndense 9 elu\ndense 9\nscale 2\nshift 1\ndense classes\n",
};

static void every_graph(int real_size, double tolerance) {
  ig_context *context = threads(2);
  for (size_t g = 0; g < sizeof graphs / sizeof graphs[0]; g++) {
    int64_t large = 0, small = 0;
    for (int trial = 0; trial < 8; trial++) {
      ig__model *m = model_from(graphs[g], real_size);
      ig__rng rng = ig__rng_make(11, IG__FOR_INIT, g * 100 + (uint64_t)trial, 0);
      fill(m, &rng);
      clear_some(m, &rng, trial % 4 ? 3 : 0, trial % 3 ? 4 : 0);
      ig__model *s = pruned(context, m, tolerance, graphs[g]);
      for (size_t i = 0; i < s->param_count; i++)
        for (size_t k = 0; k < m->param_count; k++) /* the smaller network may have biases that the larger one has not */
          if (!strcmp(s->param[i].name, m->param[k].name))
            CHECK(s->param[i].l2 == m->param[k].l2 || (isnan(s->param[i].l2) && isnan(m->param[k].l2)));
      large += parameters_of(m);
      small += parameters_of(s);
      ig__model_free(m);
      ig__model_free(s);
    }
    if (!((double)small < 0.9 * (double)large)) test_fail(__FILE__, __LINE__, "%lld of %lld numbers are left of\n%s", (long long)small, (long long)large, graphs[g]);
  }
  ig_context_free(context);
}

/* In double nothing but the order of sums differs. */
TEST(same_answers_in_double) { every_graph(8, 1e-13); }
TEST(same_answers_in_float) { every_graph(4, 2e-5); }

static void builtin(const char *name, uint32_t rows, uint32_t columns) {
  ig_context *context = threads(2);
  ig__model *m;
  CHECK_OK(ig__model_open(name, 10, &m));
  if (ig__model_is_open(m)) CHECK_OK(ig__model_fix_input(m, 3, 16, 16));
  CHECK_OK(ig__model_bind(m, 4, 3));
  ig__rng rng = ig__rng_make(2, IG__FOR_INIT, 0, 0);
  fill(m, &rng);
  clear_some(m, &rng, rows, columns);
  ig__model *s = pruned(context, m, 2e-5, name);
  CHECK(parameters_of(s) < parameters_of(m));
  /* A second time nothing is found. */
  ig__model *again = pruned(context, s, 2e-5, name);
  CHECK_INT(parameters_of(again), parameters_of(s));
  CHECK_STR(strchr(again->text, '\n'), strchr(s->text, '\n'));
  ig__model_free(m);
  ig__model_free(s);
  ig__model_free(again);
  ig_context_free(context);
}
TEST(models_inside) {
  builtin("lenet5", 3, 5);
  builtin("resnet8", 3, 5);
  builtin("small", 2, 0);
}

/* ---- what goes and what stays -------------------------------------------------------------------------------------------- */

/* Filters left of conv2d1, whose filter 2 has no weights but this bias. */
static int left(const char *text, double bias) {
  ig_context *context = threads(1);
  ig__model *m = model_from(text, 8);
  const ig__param *w = param_of(m, "conv2d1.weight"), *b = param_of(m, "conv2d1.bias");
  clear_group(m, w, true, 2);
  set(m, m->params, b->offset + 2, bias);
  ig__model *s = pruned(context, m, 1e-13, text);
  const int filters = param_of(s, "conv2d1.weight")->shape.dim[0];
  ig__model_free(m);
  ig__model_free(s);
  ig_context_free(context);
  return filters;
}

#define FIRST "input 1 8 8\nconv2d 5 k=3"
TEST(constants_move_on_where_they_can) {
  CHECK_INT(left(FIRST " relu\nconv2d 3 k=3\ndense classes\n", 0.5), 4);        /* into the biases behind */
  CHECK_INT(left(FIRST " relu\nconv2d 3 k=3 bias=no\ndense classes\n", 0.5), 4); /* which are made for it */
  CHECK_INT(left(FIRST " relu\nconv2d 3 k=3 pad=1\ndense classes\n", 0.5), 5);  /* zeros around it are other numbers */
  CHECK_INT(left(FIRST " relu\nconv2d 3 k=3 pad=1\ndense classes\n", -0.5), 4); /* relu makes it zero too */
  CHECK_INT(left(FIRST " sigmoid\nmaxpool2d 2 pad=1\ndense classes\n", 0.5), 4); /* pooling reads no padding */
  CHECK_INT(left(FIRST "\nconv2d_transpose 2 k=3\ndense classes\n", 0.5), 5);   /* borders are covered less often */
  CHECK_INT(left(FIRST "\nconv2d_transpose 2 k=3\ndense classes\n", 0), 4);
  CHECK_INT(left(FIRST "\nsoftmax\ndense classes\n", 0), 5);                    /* mixes channels */
}

/* What nobody reads goes, weights or not. */
TEST(unread_channels_go) {
  ig_context *context = threads(1);
  ig__model *m = model_from(FIRST " relu\nmaxpool2d 2\nconv2d 4 k=2\nflatten\ndense classes\n", 8);
  clear_group(m, param_of(m, "conv2d2.weight"), false, 1);
  clear_group(m, param_of(m, "conv2d2.weight"), false, 3);
  for (int f = 0; f < 4; f++) clear_group(m, param_of(m, "dense1.weight"), false, 8 + f % 4); /* channel 2 of 2 × 2 pixels */
  ig__model *s = pruned(context, m, 1e-13, "unread");
  CHECK_INT(param_of(s, "conv2d1.weight")->shape.dim[0], 3);
  CHECK_INT(param_of(s, "conv2d2.weight")->shape.dim[0], 3);
  CHECK_INT(param_of(s, "conv2d2.weight")->shape.dim[1], 3);
  CHECK_INT(param_of(s, "dense1.weight")->shape.dim[1], 12);
  ig__model_free(m);
  ig__model_free(s);
  ig_context_free(context);
}

/* A network whose every filter is dead keeps one channel a line and its answers. */
TEST(nothing_left_is_one_channel) {
  ig_context *context = threads(1);
  ig__model *m = model_from(graphs[1], 8);
  ig__rng rng = ig__rng_make(1, IG__FOR_INIT, 0, 0);
  fill(m, &rng);
  clear_some(m, &rng, 1, 0);
  ig__model *s = pruned(context, m, 1e-13, "dead");
  CHECK_INT(param_of(s, "conv2d1.weight")->shape.dim[0], 1);
  CHECK_INT(param_of(s, "conv2d2.weight")->shape.dim[0], 1);
  ig__model_free(m);
  ig__model_free(s);
  ig_context_free(context);
}

/* Blocks are written out, and every parameter has the name it had. */
TEST(names_stay) {
  ig_context *context = threads(1);
  ig__model *m = model_from(graphs[2], 8);
  ig__rng rng = ig__rng_make(4, IG__FOR_INIT, 0, 0);
  fill(m, &rng);
  clear_some(m, &rng, 3, 0);
  ig__model *s = pruned(context, m, 1e-13, "names");
  CHECK_INT(s->param_count, m->param_count);
  for (size_t i = 0; i < m->param_count; i++) CHECK_STR(s->param[i].name, m->param[i].name);
  for (size_t i = 0; i < m->state_count; i++) CHECK_STR(s->state[i].name, m->state[i].name);
  CHECK(strstr(s->text, "s.conv2d1 = conv2d "));
  CHECK(!strstr(s->text, "block"));
  ig__model_free(m);
  ig__model_free(s);
  ig_context_free(context);
}

/* ---- the verb ---------------------------------------------------------------------------------------------------------------- */

static ig_status prune_to(ig_context *context, const char *run, const char *out, double threshold, ig_prune_result *r) {
  ig_prune_options o = ig_prune_options_default();
  CHECK_OK(ig_option_set(IG_VERB_PRUNE, &o, "run", run));
  CHECK_OK(ig_option_set(IG_VERB_PRUNE, &o, "out", out));
  o.threshold = threshold;
  return ig_prune(context, &o, r);
}

static double accuracy_of(ig_context *context, const char *run) {
  ig_eval_options o = ig_eval_options_default();
  ig_eval_result r;
  snprintf(o.run, sizeof o.run, "%s", run);
  CHECK_OK(ig_eval(context, &o, &r));
  const double accuracy = r.metrics.accuracy;
  ig_eval_result_free(&r);
  return accuracy;
}

/* Trained, pruned, measured, reported, and trained on. */
TEST(a_pruned_run_is_a_run) {
  ig_context *context = threads(2);
  ig_prune_result r;
  ig_report_options ro = ig_report_options_default();
  ig_report_result rr;
  char config[1200];
  const char *run = in_folder("sparse"), *out = in_folder("less"), *on = in_folder("on");
  RUN(context, "data", "digits train=300 test=100", "model", write_text("net.txt", "input 1 28 28\nconv2d 16 k=5 stride=3 relu\ndense 24 relu\ndense classes softmax\n"),
      "epochs", "8", "val", "0", "lr", "0.003", "penalty", "group_lasso 0.18 by=both on=*1.weight, l1 1e-5 on=dense2.weight", "out", run);
  CHECK_OK(prune_to(context, run, out, 0, &r));
  CHECK(r.removed > 0 && r.parameters_left < r.parameters && r.macs_left < r.macs && r.difference <= 1e-5);
  CHECK_STR(r.out, out);
  ig_prune_result_free(&r);
  CHECK_NEAR(accuracy_of(context, out), accuracy_of(context, run), 0.011);
  CHECK_INT(prune_to(context, run, out, 0, &r), IG_USAGE); /* it is there already */
  CHECK_OK(ig_report(context, (const char *const[]){out}, 1, &ro, &rr));
  CHECK(rr.complete);
  snprintf(config, sizeof config, "%s/config.yaml", out);
  ig_train_options o = ig_train_options_default();
  CHECK_OK(ig_options_load(IG_VERB_TRAIN, &o, config));
  snprintf(o.weights, sizeof o.weights, "%s", out);
  snprintf(o.out, sizeof o.out, "%s", on);
  snprintf(o.epochs, sizeof o.epochs, "1");
  ig_train_result t;
  CHECK_OK(ig_train(context, &o, NULL, &t));
  CHECK_OK(prune_to(context, run, in_folder("coarse"), 0.1, &r));
  CHECK(r.removed > 0);
  ig_prune_result_free(&r);
  ig_context_free(context);
}

TEST(mistakes) {
  ig_context *context = threads(1);
  ig_prune_result r;
  ig_prune_options o = ig_prune_options_default();
  CHECK_INT(ig_prune(context, &o, &r), IG_USAGE);
  CHECK(strstr(ig_last_error(), "--out"));
  CHECK_INT(prune_to(context, in_folder("nowhere"), in_folder("x"), 0, &r), IG_USAGE);
  CHECK(!ig__is_folder(in_folder("x")));
  CHECK_INT(prune_to(context, write_text("text.safetensors", "no tensors"), in_folder("x"), 0, &r), IG_BAD_MODEL);
  ig_context_free(context);
}

#ifdef IG__FAULTS
/* Every allocation and every call of the file layer fails once: a status, no leak. */
TEST(faults) {
  static const char *const kinds[] = {"malloc", "open", "read", "write", "sync", "rename"};
  ig_context *context = threads(1);
  ig_prune_result r;
  const char *run = in_folder("run"), *out = in_folder("out");
  RUN(context, "data", "digits train=40 test=6", "model", write_text("net.txt", "input 1 28 28\nconv2d 2 k=9 stride=9 bias=no\nbatchnorm relu\ndense classes\n"),
      "epochs", "1", "out", run);
  CHECK_OK(prune_to(context, run, out, 0.05, &r));
  ig_prune_result_free(&r);
  const int64_t before_it = ig__alloc_outstanding();
  for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
    for (int n = 1;; n++) {
      char spec[32];
      remove_run(out);
      snprintf(spec, sizeof spec, "%s@%d", kinds[k], n);
      ig__fault_set(spec);
      ig_prune_options o = ig_prune_options_default();
      snprintf(o.run, sizeof o.run, "%s", run);
      snprintf(o.out, sizeof o.out, "%s", out);
      const ig_status status = ig_prune(context, &o, &r);
      const bool hit = ig__fault_calls(kinds[k]) >= (uint64_t)n;
      ig__fault_set(NULL);
      ig_prune_result_free(&r);
      CHECK_INT(ig__alloc_outstanding(), before_it);
      if (!hit) break;
      if (status == IG_OK) ig__model_free(model_of(out, 4)); /* what a failure did not touch is whole */
      else CHECK(*ig_last_error());
    }
  ig_context_free(context);
}
#endif
