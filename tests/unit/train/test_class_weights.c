/* Weights of classes: what the words mean, the weighted mean, and that batches that are added up are a larger batch; a network with
 * one output for two classes. */
#include "runs.h"

static char names[3][64] = {"cat", "dog=2", "owl"};
static const int64_t even[3] = {30, 10, 20}, uneven[3] = {310, 100, 130}, absent[3] = {60, 0, 20};

static void check_weights(const char *text, const int64_t *counts, const double *want) {
  double *weight;
  CHECK_OK(ig__class_weights(text, names, 3, counts, &weight));
  CHECK(!weight == !want);
  for (int c = 0; want && c < 3; c++) CHECK_NEAR(weight[c], want[c], 1e-15);
  ig__free(weight);
}

TEST(words) {
  check_weights("none", uneven, NULL);
  check_weights("auto", even, NULL);
  check_weights("auto", uneven, (double[]){540.0 / 930, 540.0 / 300, 540.0 / 390});
  check_weights("balanced", even, (double[]){2.0 / 3, 2, 1});
  check_weights("balanced", absent, (double[]){2.0 / 3, 1, 2});
  check_weights("owl=2.5", even, (double[]){1, 1, 2.5});
  check_weights("dog=2=0.25,cat=3", even, (double[]){3, 0.25, 1}); /* a name may hold '=' */
}

static void refused(const char *text, const char *words) {
  double *weight;
  CHECK_STATUS(ig__class_weights(text, names, 3, even, &weight), IG_USAGE);
  CHECK_HAS(ig_last_error(), words);
  CHECK(!weight);
}

TEST(mistakes) {
  refused("cta=2", "did you mean cat");
  refused("cat=0", "above 0");
  refused("cat=-1", "above 0");
  refused("cat=x", "cat=x");
  refused("cat=nan", "above 0");
  refused("balance", "balanced");
  refused("", "balanced");
  refused("cat=1,,owl=2", "CLASS=WEIGHT");
}

/* ---- in a network ---------------------------------------------------------------------------------------------------- */

enum { N = 6, PIXELS = 9 };
typedef struct pictures { uint8_t pixel[N][PIXELS]; int32_t label[N]; uint64_t key[N]; } pictures;

static const ig__source_info info = {
  .field_count = 2, .class_count = 3, .name = "pictures",
  .field = {{.name = "image", .role = IG__ROLE_IMAGE, .type = IG__FIELD_U8, .rank = 3, .dim = {1, 3, 3}},
            {.name = "label", .role = IG__ROLE_LABEL, .type = IG__FIELD_I32}}};

static void draw(pictures *p) {
  ig__rng rng = ig__rng_make(3, IG__FOR_TEST, 0, 0);
  for (int i = 0; i < N; i++) {
    for (int k = 0; k < PIXELS; k++) p->pixel[i][k] = (uint8_t)ig__rng_u32(&rng);
    p->label[i] = i % 3;
    p->key[i] = (uint64_t)i;
  }
}

static ig__batch batch_of(pictures *p, int first, int n) {
  return (ig__batch){.n = n, .field = {p->pixel[first], &p->label[first]}, .key = &p->key[first]};
}

/* Σ weight·loss / Σ weight, which is CrossEntropyLoss(weight) of PyTorch; gradients too. */
TEST(the_weighted_mean) {
  static const char text[] = "input 1 3 3\ndense classes softmax\n";
  static const double weight[3] = {0.5, 3, 1.25};
  ig_context *context = threads(1);
  ig__model *m;
  ig__network plain, weighted;
  pictures p;
  double grad[2][64] = {{0}}, loss = 0, sum = 0;
  draw(&p);
  CHECK_OK(ig__model_parse(text, strlen(text), "m", 3, &m));
  CHECK_OK(ig__model_bind(m, 8, 1));
  CHECK(m->params_size <= 64);
  ig__network_request q = {.model = m, .data = &info, .loss = "cross_entropy", .n = N, .training = true, .gradients = true,
                           .accumulates = true};
  CHECK_OK(ig__network_new(context, &q, &plain));
  q.class_weight = weight;
  CHECK_OK(ig__network_new(context, &q, &weighted));
  for (int i = 0; i < N; i++) {
    const double w = weight[p.label[i]];
    ig__batch one = batch_of(&p, i, 1);
    CHECK_OK(ig__network_run(&plain, context, &one, &(ig__pass_step){.grads = grad[0], .accumulate = i > 0, .loss_scale = w}));
    CHECK(plain.weight == 1);
    loss += w * ig__network_loss(&plain);
    sum += w;
  }
  ig__batch all = batch_of(&p, 0, N);
  CHECK_OK(ig__network_run(&weighted, context, &all, &(ig__pass_step){.grads = grad[1], .loss_scale = 1}));
  CHECK_NEAR(weighted.weight, sum, 1e-14);
  CHECK_NEAR(ig__network_loss(&weighted), loss / sum, 1e-14);
  for (int k = 0; k < m->params_size; k++) CHECK_NEAR(grad[1][k], grad[0][k] / sum, 1e-14);
  ig__network_free(&plain);
  ig__network_free(&weighted);
  ig__model_free(m);
  ig_context_free(context);
}

static double *params_of(const char *folder, int64_t *count) {
  char path[1100];
  ig__model *m;
  snprintf(path, sizeof path, "%s/model.safetensors", folder);
  CHECK_OK(ig__model_load(path, 8, &m));
  double *copy = ig__alloc((size_t)m->params_size, sizeof *copy);
  memcpy(copy, m->params, (size_t)m->params_size * sizeof *copy);
  *count = m->params_size;
  ig__model_free(m);
  return copy;
}

#define RUN_OF "data", "digits train=96 test=10", "val", "0", "model", "softmax", "epochs", "2", "optimizer", "sgd momentum=0.9", \
  "precision", "f64", "class_weights", "3=5,7=0.5"

TEST(accumulated_batches_are_a_larger_one) {
  ig_context *context = threads(2);
  int64_t count, same;
  RUN(context, RUN_OF, "batch", "32", "out", in_folder("whole"));
  RUN(context, RUN_OF, "batch", "8", "accumulate", "4", "out", in_folder("parts"));
  RUN(context, RUN_OF, "batch", "32", "class_weights", "none", "out", in_folder("plain"));
  double *a = params_of(in_folder("whole"), &count), *b = params_of(in_folder("parts"), &same);
  double *c = params_of(in_folder("plain"), &same), apart = 0;
  for (int64_t i = 0; i < count; i++) {
    CHECK_NEAR(a[i], b[i], 1e-13);
    apart = fmax(apart, fabs(a[i] - c[i]));
  }
  CHECK(apart > 1e-3);
  ig__run_state s = state_of(in_folder("whole")), t = state_of(in_folder("parts"));
  CHECK_NEAR(s.history[1].train.loss, t.history[1].train.loss, 1e-12);
  ig__run_state_free(&s);
  ig__run_state_free(&t);
  ig__free(a), ig__free(b), ig__free(c);
  ig_context_free(context);
}

/* The weighted mean over all pictures is one function, however it is streamed: the same descent. */
TEST(full_batch_descent_weighs) {
  ig_context *context = threads(2);
  ig_train_result result;
  RUN(context, RUN_OF, "momentum", "-1", "optimizer", "lbfgs", "epochs", "4", "batch", "32", "out", in_folder("whole"));
  RUN(context, RUN_OF, "momentum", "-1", "optimizer", "lbfgs", "epochs", "4", "batch", "7", "out", in_folder("parts"));
  ig__run_state s = state_of(in_folder("whole")), t = state_of(in_folder("parts"));
  for (int i = 0; i < 4; i++) CHECK_NEAR(s.history[i].train.loss, t.history[i].train.loss, 1e-10);
  CHECK(s.history[3].train.loss < s.history[0].train.loss);
  ig__run_state_free(&s);
  ig__run_state_free(&t);
  CHECK_STATUS(TRAIN(context, &result, NULL, RUN_OF, "optimizer", "gd", "balanced", "yes", "out", in_folder("no")), IG_USAGE);
  CHECK_HAS(ig_last_error(), "balanced");
  ig_context_free(context);
}

/* Drawn evenly and weighed: for any threads, and after stopping at every step. */
TEST(balanced_runs_resume) {
  ig_context *context = threads(1), *other = threads(3);
  ig_train_result result;
  ig_status status = IG_INTERRUPTED;
  const char *whole = in_folder("whole"), *part = in_folder("part");
#define OPTIONS "data", "digits train=70 test=10", "model", small_net(), "batch", "16", "epochs", "3", "balanced", "yes", \
  "class_weights", "balanced"
  RUN(context, OPTIONS, "out", whole);
  for (int turn = 0; status == IG_INTERRUPTED && turn < 40; turn++) {
    stopper s = {1};
    ig_train_events events = {.stop = stop_after, .user = &s};
    status = turn ? TRAIN(other, &result, &events, "resume", part) : TRAIN(other, &result, &events, OPTIONS, "out", part);
  }
  CHECK_OK(status);
  CHECK(hash_of_run(whole) == hash_of_run(part));
  ig_context_free(context);
  ig_context_free(other);
#undef OPTIONS
}

/* ---- one output for two classes ---------------------------------------------------------------------------------------- */

static void two_classes(const char *lines, const char *loss) {
  ig_context *context = threads(1);
  ig_train_result result;
  char text[256];
  const char *out = in_folder("binary");
  remove_run(out);
  snprintf(text, sizeof text, "input 1 4 4\n%s\n", lines);
  /* Noise that is learned by heart. */
  CHECK_OK(TRAIN(context, &result, NULL, "data", "random count=20 classes=2 height=4 width=4", "val", "0", "model",
                 write_text("binary.txt", text), "loss", loss, "epochs", "200", "batch", "5", "lr", "0.02", "out", out));
  ig__run_state s = state_of(out);
  CHECK(s.history[199].train.accuracy == 1);
  ig__run_state_free(&s);
  ig_eval_options e = ig_eval_options_default();
  ig_eval_result r;
  snprintf(e.run, sizeof e.run, "%s", out);
  snprintf(e.part, sizeof e.part, "train");
  CHECK_OK(ig_eval(context, &e, &r));
  CHECK(r.metrics.accuracy == 1);
  CHECK_INT(r.class_count, 2);
  CHECK_INT(r.confusion[0] + r.confusion[3], 20);
  ig_eval_result_free(&r);
  ig_context_free(context);
}

TEST(one_output) {
  two_classes("dense 16 gelu\ndense 1 sigmoid", "binary_cross_entropy");
  two_classes("dense 16 silu\ndense 1", "binary_cross_entropy");
  two_classes("dense 16 relu\ndense 1 sigmoid", "focal");
}

TEST(one_output_is_no_softmax) {
  ig_context *context = threads(1);
  ig_train_result result;
  const char *model = write_text("binary.txt", "input 1 4 4\ndense 1\n");
  CHECK_STATUS(TRAIN(context, &result, NULL, "data", "random count=20 classes=2 height=4 width=4", "model", model, "out", in_folder("no")),
               IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "binary_cross_entropy");
  CHECK_STATUS(TRAIN(context, &result, NULL, "data", "random count=20 classes=3 height=4 width=4", "model", model, "loss",
                     "binary_cross_entropy", "out", in_folder("no")), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "answers 1 classes");
  ig_context_free(context);
}

/* A logarithm of what is not positive is caught before the update, by step and layer. */
TEST(logarithm_of_nothing) {
  ig_context *context = threads(1);
  ig_train_result result;
  const char *model = write_text("log.txt", "input 1 28 28\na = dense 8 relu\nlog\ndense classes softmax\n");
  CHECK_STATUS(TRAIN(context, &result, NULL, "data", "digits train=40 test=10", "model", model, "out", in_folder("log")), IG_DIVERGED);
  CHECK_HAS(ig_last_error(), "step 1");
  CHECK_HAS(ig_last_error(), "a.weight");
  ig_context_free(context);
}
