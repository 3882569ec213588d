/* λ that moves: what it is in each epoch, the derivative that moves it, pictures held back, the same bits, what is refused; and layers that
 * collapse. */
#include "runs.h"
#include "train/lambda.h"

#define SHORT "data", "digits train=200 test=20", "batch", "16", "model", net

static const char *net_of(void) {
  return write_text("net.txt", "input 1 28 28\nconv2d 4 k=5 stride=4 tanh\nflatten\ndense 12 tanh\ndense classes softmax\n");
}

/* ---- schedules ----------------------------------------------------------------------------------------------------------- */

static void follows(const char *schedule, const char *penalty, double start, const double want[4]) {
  ig_context *context = threads(1);
  const char *net = net_of(), *out = in_folder("out");
  remove_run(out);
  RUN(context, SHORT, "epochs", "4", "l2", penalty ? "0" : "0.01", "penalty", penalty ? penalty : "", "lambda-schedule", schedule, "out", out);
  ig__run_state s = state_of(out);
  for (int i = 0; i < 4; i++) CHECK_NEAR(s.history[i].lambda, start * want[i], 1e-12);
  char path[1100];
  snprintf(path, sizeof path, "%s/lambda.csv", out);
  CHECK(!ig__file_exists(path));
  ig__run_state_free(&s);
  ig_context_free(context);
}

/* 180 pictures are 12 steps an epoch; the last of them counts. */
TEST(lambda_follows_a_schedule) {
  follows("constant", NULL, 0.01, (double[]){1, 1, 1, 1});
  follows("step 1 gamma=0.5", NULL, 0.01, (double[]){1, 0.5, 0.25, 0.125});
  follows("linear from=0 to=4.8", NULL, 0.01, (double[]){1.1, 2.3, 3.5, 4.7});
  follows("constant warmup=2", NULL, 0.01, (double[]){12 / 25.0, 24 / 25.0, 1, 1});
  follows("step 2 gamma=0.1", "l1 1e-3", 1e-3, (double[]){1, 1, 0.1, 0.1});
  follows("linear", "max_norm 3, group_lasso 2e-3", 2e-3, (double[]){37 / 48.0, 25 / 48.0, 13 / 48.0, 1 / 48.0});
}

static uint64_t bits_with(ig_context *context, const char *l2, const char *penalty, const char *schedule) {
  const char *net = net_of(), *out = in_folder("bits");
  remove_run(out);
  RUN(context, SHORT, "epochs", "2", "l2", l2, "penalty", penalty, "lambda-schedule", schedule, "out", out);
  return hash_of_model(out);
}

/* A factor of 1 is nothing at all; λ that is brought to nothing leaves the run as without; a bound is no λ. */
TEST(lambda_acts_as_it_says) {
  ig_context *context = threads(2);
  CHECK(bits_with(context, "0.01", "l1 1e-3", "constant") == bits_with(context, "0.01", "l1 1e-3", "linear from=1 to=1"));
  CHECK(bits_with(context, "0.02", "l1 2e-3", "constant") == bits_with(context, "0.01", "l1 1e-3", "linear from=2 to=2"));
  CHECK(bits_with(context, "0", "", "constant") == bits_with(context, "0.01", "l1 1e-3", "linear from=0 to=0"));
  CHECK(bits_with(context, "0", "max_norm 0.5", "constant") == bits_with(context, "0.01", "max_norm 0.5", "linear from=0 to=0"));
  CHECK(bits_with(context, "0.01", "", "constant") != bits_with(context, "0.01", "", "cosine"));
  ig_context_free(context);
}

/* What the loss of validation was in the run, eval says too: with the λ of the weights kept. */
TEST(eval_has_the_lambda_of_the_weights) {
  static const char *const schedules[] = {"linear to=0.1", "step 1", "gap", "hypergradient", "hypergradient per=layer"};
  ig_context *context = threads(2);
  for (size_t i = 0; i < sizeof schedules / sizeof schedules[0]; i++) {
    const char *net = net_of(), *out = in_folder("out");
    ig_eval_options o = ig_eval_options_default();
    ig_train_result r;
    ig_eval_result e;
    remove_run(out);
    CHECK_OK(TRAIN(context, &r, NULL, SHORT, "epochs", "3", "l2", "0.01", "keep", "last", "lambda-schedule", schedules[i], "out", out));
    snprintf(o.run, sizeof o.run, "%s", out);
    snprintf(o.part, sizeof o.part, "val");
    CHECK_OK(ig_eval(context, &o, &e));
    ig__run_state s = state_of(out);
    CHECK_NEAR(e.metrics.penalty, s.history[2].val.penalty, 1e-12);
    CHECK_NEAR(r.val.penalty, s.history[2].val.penalty, 1e-12);
    ig__run_state_free(&s);
    ig_eval_result_free(&e);
  }
  ig_context_free(context);
}

/* ---- the derivative ------------------------------------------------------------------------------------------------------ */

typedef struct { double loss, slope[3], lambda[3]; size_t count; } look;

/* The loss of the held-back pictures after `steps` updates, the last of them with log λ of number `which` moved by `by`. */
static look look_at(ig_context *context, const char *optimizer, const char *schedule, int steps, size_t which, double by) {
  ig_train_options o = ig_train_options_default();
  ig__trainer t = {.context = context, .options = &o, .asked = &o};
  const char *const words[][2] = {{"data", "digits train=200 test=20"}, {"model", net_of()}, {"batch", "16"}, {"precision", "f64"}, {"l2", "0.005"},
                                  {"lr", "0.02"}, {"optimizer", optimizer}, {"lambda-schedule", schedule}, {"lr-scale", "dense1.*=0.5"}};
  look l = {0};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) CHECK_OK(ig_option_set(IG_VERB_TRAIN, &o, words[i][0], words[i][1]));
  CHECK_OK(ig__trainer_open(&t));
  CHECK_OK(ig__trainer_order(&t));
  CHECK_OK(ig__loader_start(t.loader, t.order, t.samples.count[IG__TRAIN], 0));
  for (int s = 0; s < steps; s++) {
    int64_t pictures;
    double *factor = &t.state.moves.move[which].state[0];
    if (s == steps - 1) *factor = (*factor > 0 ? *factor : 1) * exp(by);
    CHECK_OK(ig__trainer_step(&t, 0.02, &pictures));
  }
  l.loss = ig__held_loss(t.lambda->held);
  l.count = t.state.moves.count;
  for (size_t g = 0; g < l.count; g++) l.slope[g] = ig__held_slope(t.lambda->held)[g];
  ig__trainer_close(&t);
  return l;
}

static void check_derivative(ig_context *context, const char *optimizer, const char *schedule, int steps, size_t moves) {
  const double h = 1e-4;
  const look here = look_at(context, optimizer, schedule, steps, 0, 0);
  CHECK_INT(here.count, moves);
  for (size_t g = 0; g < moves; g++) {
    const double up = look_at(context, optimizer, schedule, steps, g, h).loss, down = look_at(context, optimizer, schedule, steps, g, -h).loss;
    const double want = (up - down) / (2 * h);
    if (!(fabs(here.slope[g] - want) <= 1e-4 * fabs(want) + 1e-12))
      test_fail(__FILE__, __LINE__, "%s, %s, λ %zu: %.10g, by differences %.10g", optimizer, schedule, g, here.slope[g], want);
  }
}

TEST(slopes_are_derivatives) {
  static const char *const optimizers[] = {"sgd", "sgd momentum=0.9", "sgd momentum=0.9 nesterov=yes", "adam", "adam amsgrad=yes", "adamw", "rmsprop",
                                           "rmsprop momentum=0.5", "adagrad"};
  ig_context *context = threads(2);
  for (size_t i = 0; i < sizeof optimizers / sizeof optimizers[0]; i++) check_derivative(context, optimizers[i], "hypergradient", 3, 1);
  check_derivative(context, "sgd momentum=0.9", "hypergradient per=layer hold=0.2", 4, 3);
  check_derivative(context, "adam", "hypergradient per=layer", 2, 3);
  ig_context_free(context);
}

/* ---- pictures held back -------------------------------------------------------------------------------------------------- */

TEST(held_pictures_are_apart) {
  ig_context *context = threads(1);
  ig_train_options o = ig_train_options_default();
  ig__trainer t = {.context = context, .options = &o, .asked = &o};
  const char *const words[][2] = {{"data", "digits train=400 test=20"}, {"model", "softmax"}, {"l2", "0.005"}, {"lambda-schedule", "hypergradient hold=0.1"}};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) CHECK_OK(ig_option_set(IG_VERB_TRAIN, &o, words[i][0], words[i][1]));
  CHECK_OK(ig__trainer_open(&t));
  CHECK_INT(t.samples.count[IG__VAL], 40);
  CHECK_INT(t.samples.held_count, 36);
  CHECK_INT(t.samples.count[IG__TRAIN], 324);
  int of_class[10] = {0};
  for (int64_t i = 0; i < t.samples.held_count; i++) {
    const ig__ref *ref = &t.samples.held[i];
    of_class[t.source->kind->label(t.source, ref->part, ref->index)]++;
    for (int part = 0; part < IG__PARTS; part++)
      for (int64_t k = 0; k < t.samples.count[part]; k++)
        CHECK(t.samples.ref[part][k].part != ref->part || t.samples.ref[part][k].index != ref->index);
  }
  for (int c = 0; c < 10; c++) CHECK(of_class[c] >= 3 && of_class[c] <= 5);
  ig__trainer_close(&t);
  ig_context_free(context);
}

/* ---- bounds, threads, stops ---------------------------------------------------------------------------------------------- */

TEST(lambda_stays_within_bounds) {
  ig_context *context = threads(2);
  const char *net = net_of(), *out = in_folder("out");
  RUN(context, SHORT, "epochs", "6", "l2", "0.01", "lambda-schedule", "hypergradient rate=1 low=0.009 high=0.011", "out", out);
  ig__run_state s = state_of(out);
  for (int i = 0; i < 6; i++) CHECK(s.history[i].lambda > 0.009 * (1 - 1e-12) && s.history[i].lambda < 0.011 * (1 + 1e-12));
  CHECK(s.history[5].lambda != 0.01);
  ig__run_state_free(&s);
  ig_context_free(context);
}

/* The bounds are of the λ that multiplies ‖w‖², whatever the scale it is given in. */
TEST(bounds_are_of_the_full_scale) {
  ig_context *context = threads(1);
  const char *net = net_of(), *out = in_folder("out");
  RUN(context, SHORT, "epochs", "3", "l2", "1", "l2_scale", "half_mean", "lambda-schedule", "hypergradient rate=1", "out", out);
  ig__run_state s = state_of(out);
  const double pictures = 171; /* 200, without 20 of validation and 9 that are held back */
  for (int i = 0; i < 3; i++) CHECK(s.history[i].lambda <= 0.01 * 2 * pictures * (1 + 1e-12));
  CHECK(s.history[0].lambda != 1);
  ig__run_state_free(&s);
  ig_context_free(context);
}

TEST(threads_change_no_lambda) {
  uint64_t first = 0;
  for (int n = 1; n <= 4; n++) {
    ig_context *context = threads(n);
    const char *out = in_folder("threads");
    remove_run(out);
    RUN(context, "data", "digits train=150 test=10", "model", "mlp", "epochs", "2", "batch", "8", "l2", "1e-3", "lambda-schedule", "hypergradient per=layer rate=0.3",
        "out", out);
    const uint64_t hash = hash_of_model(out);
    if (n == 1) first = hash;
    CHECK(hash == first);
    ig_context_free(context);
  }
}

static char *text_of(const char *folder, const char *name) {
  char path[1100];
  uint8_t *bytes;
  size_t size;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  CHECK_OK(ig__file_read(path, SIZE_MAX, &bytes, &size));
  return (char *)bytes;
}

static void stop_and_go_on(const char *schedule, const char *optimizer, bool several) {
  ig_context *context = threads(2);
  const char *net = net_of(), *whole = in_folder("whole"), *part = in_folder("part");
  ig_train_result result;
  ig_status status = IG_INTERRUPTED;
#define OPTIONS \
  "data", "digits train=70 test=10", "model", net, "batch", "16", "epochs", "3", "l2", "0.01", "optimizer", optimizer, "lambda-schedule", schedule
  remove_run(whole);
  remove_run(part);
  RUN(context, OPTIONS, "out", whole);
  for (int turn = 0; status == IG_INTERRUPTED && turn < 40; turn++) {
    stopper s = {1};
    ig_train_events events = {.stop = stop_after, .user = &s};
    status = turn ? TRAIN(context, &result, &events, "resume", part) : TRAIN(context, &result, &events, OPTIONS, "out", part);
  }
  CHECK_OK(status);
  CHECK(hash_of_run(whole) == hash_of_run(part) && hash_of_model(whole) == hash_of_model(part));
  char *want = results_of(whole), *got = results_of(part);
  CHECK_STR(got, want);
  ig__free(want);
  ig__free(got);
  if (several) {
    want = text_of(whole, "lambda.csv");
    got = text_of(part, "lambda.csv");
    CHECK_STR(got, want);
    CHECK_HAS(got, "epoch,conv2d1,dense1,dense2\n1,");
    ig__free(want);
    ig__free(got);
  }
  ig_context_free(context);
#undef OPTIONS
}

TEST(resume_linear) { stop_and_go_on("linear to=0.1 warmup=1", "adam", false); }
TEST(resume_gap) { stop_and_go_on("gap step=3", "sgd momentum=0.9", false); }
TEST(resume_hypergradient) { stop_and_go_on("hypergradient hold=0.2 rate=0.5", "sgd momentum=0.9", false); }
TEST(resume_hypergradient_by_layer) { stop_and_go_on("hypergradient per=layer hold=0.6", "adam", true); }

/* ---- refused ------------------------------------------------------------------------------------------------------------- */

static void refused(const char *key, const char *value, const char *schedule, const char *words) {
  ig_context *context = threads(1);
  ig_train_result r;
  const char *net = net_of();
  CHECK_STATUS(TRAIN(context, &r, NULL, SHORT, "l2", "0.01", "lambda-schedule", schedule, "out", in_folder("refused"), key, value), IG_USAGE);
  CHECK_HAS(ig_last_error(), words);
  CHECK(!ig__is_folder(in_folder("refused")));
  ig_context_free(context);
}

TEST(what_makes_no_sense_is_refused) {
  refused("l2", "0", "cosine", "no penalty acts");
  refused("val", "0", "gap", "no validation part");
  refused("optimizer", "lbfgs", "cosine", "goes down one function");
  refused("penalty", "l1 1e-3", "hypergradient", "penalty l1");
  refused("penalty", "max_norm 2", "hypergradient", "penalty max_norm");
  refused("clip", "1", "hypergradient", "--clip 1");
  refused("limit", "10", "hypergradient", "that is none");
  refused("l2", "1e-3", "hypergradient low=0.005", "low=0.005 and high=0.01 are its bounds");
  refused("l2", "0.1", "hypergradient", "begins with λ 0.1,");
  refused("l2", "1e-3", "hypergradient low=2 high=1", "is above high");
  refused("l2", "1e-3", "hypergradint", "did you mean hypergradient");
  refused("schedule", "gap", "constant", "--lambda-schedule");
}

/* ---- collapse ------------------------------------------------------------------------------------------------------------ */

static int count_of(const char *text, const char *word) {
  int count = 0;
  for (const char *at = text; (at = strstr(at, word)); at++) count++;
  return count;
}

/* Every layer once, with its name, the epoch, λ; in the log of the context and of the run; and no more when the run is taken up again. */
TEST(collapse_is_named_once) {
  ig_context *context = listening(1);
  const char *net = net_of(), *out = in_folder("out");
  ig_train_result r;
  CHECK_OK(TRAIN(context, &r, NULL, SHORT, "optimizer", "sgd", "lr", "0.1", "l2", "4", "epochs", "3", "out", out));
  CHECK_INT(r.collapsed, 3);
  CHECK_OK(TRAIN(context, &r, NULL, "resume", out, "epochs", "+2"));
  CHECK_INT(r.collapsed, 3);
  char *log = text_of(out, "log.txt");
  static const char *const layers[] = {"layer conv2d1 has collapsed (epoch 1, step 12)", "layer dense1 has collapsed", "layer dense2 has collapsed"};
  for (int i = 0; i < 3; i++) {
    CHECK_INT(count_of(said, layers[i]), 1);
    CHECK_INT(count_of(log, layers[i]), 1);
  }
  CHECK_HAS(log, "Its λ was 4; try 0.4");
  ig__free(log);
  ig_context_free(context);
}

/* l1 makes exact zeros of one layer alone; the others live. */
TEST(collapse_of_one_layer) {
  ig_context *context = listening(1);
  const char *net = net_of(), *out = in_folder("out");
  ig_train_result r;
  CHECK_OK(TRAIN(context, &r, NULL, SHORT, "optimizer", "sgd", "lr", "0.1", "penalty", "l1 1 on=dense1.*", "epochs", "2", "out", out));
  CHECK_INT(r.collapsed, 1);
  CHECK_HAS(said, "layer dense1 has collapsed");
  CHECK_HAS(said, "the norm of its weights is 0,");
  CHECK_OK(TRAIN(context, &r, NULL, SHORT, "optimizer", "sgd", "lr", "0.1", "l2", "1e-3", "epochs", "2", "out", in_folder("other")));
  CHECK_INT(r.collapsed, 0);
  ig_context_free(context);
}

#ifdef IG__FAULTS
/* Allocations fail one after the other, in steps: a status, no leak. */
TEST(faults_of_a_lambda) {
  ALLOCATIONS_FAIL(13, "data", "digits train=60 test=6", "model", net_of(), "epochs", "2", "l2", "0.01", "lambda_schedule", "hypergradient per=layer");
}
#endif
