/* What a program brings along: pictures and networks of its own; cancelling; several contexts at once. */
#include "imgrad.h"
#include "runs.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

/* ---- sources --------------------------------------------------------------------------------------------------------- */

#define PICTURES 120
#define VALUES (3 * 4 * 5)

typedef struct pictures { uint8_t planes[PICTURES][VALUES], turned[PICTURES][VALUES]; int32_t label[PICTURES]; } pictures;

/* The class is the brightest channel. */
static pictures *draw(void) {
  pictures *p = ig__alloc(1, sizeof *p);
  CHECK(p != NULL);
  for (int n = 0; n < PICTURES; n++) {
    p->label[n] = n % 3;
    for (int c = 0; c < 3; c++)
      for (int i = 0; i < 20; i++)
        p->turned[n][3 * i + c] = p->planes[n][20 * c + i] = (uint8_t)((n * 31 + i * 17 + c * 7) % 100 + (c == n % 3 ? 120 : 0));
  }
  return p;
}

static ig_arrays arrays_of(const pictures *p, bool interleaved) {
  ig_arrays a = {.channels = 3, .height = 4, .width = 5, .classes = 3, .interleaved = interleaved};
  a.train = (ig_array_part){90, interleaved ? p->turned : p->planes, p->label};
  a.test = (ig_array_part){30, interleaved ? p->turned + 90 : p->planes + 90, p->label + 90};
  return a;
}

static int label_of(void *user, ig_part part, int64_t index) { return ((pictures *)user)->label[index + (part == IG_PART_TEST ? 90 : 0)]; }

static ig_status read_one(void *user, ig_part part, int64_t index, void *pixels) {
  if (part == IG_PART_TRAIN && index == 7) return ig_fail(IG_BAD_DATA, "picture %d is torn", 7);
  memcpy(pixels, ((pictures *)user)->planes[index + (part == IG_PART_TEST ? 90 : 0)], VALUES);
  return IG_OK;
}

static const char net[] = "input 3 4 5\nconv2d 4 k=3 relu\ndense classes softmax\n";

/* Arrays as planes and interleaved train the same network; so does a source of functions, but for the picture that is torn. */
TEST(arrays_and_functions) {
  ig_context *context = listening(1);
  pictures *p = draw();
  ig_arrays planes = arrays_of(p, false), turned = arrays_of(p, true);
  static const char *const names[] = {"red", "green", "blue"};
  ig_custom_source torn = {.name = "torn", .channels = 3, .height = 4, .width = 5, .classes = 3, .class_name = names,
                           .count = {90, 0, 30}, .read = read_one, .label = label_of, .user = p};
  ig_train_result r;
  ig_eval_options eval = ig_eval_options_default();
  ig_eval_result measured;
  CHECK_OK(ig_add_arrays(context, "planes", &planes));
  CHECK_OK(ig_add_arrays(context, "turned", &turned));
  CHECK_OK(ig_add_source(context, &torn));
  CHECK_OK(ig_add_model(context, "net", net));
  CHECK_OK(TRAIN(context, &r, NULL, "data", "planes", "model", "net", "epochs", "6", "lr", "0.02", "out", in_folder("a")));
  CHECK(r.test.n == 30 && r.test.accuracy > 0.9);
  RUN(context, "data", "turned", "model", "net", "epochs", "6", "lr", "0.02", "out", in_folder("b"));
  CHECK(hash_of_model(in_folder("a")) == hash_of_model(in_folder("b")));
  CHECK_OK(TRAIN(context, &r, NULL, "data", "torn", "model", "net", "epochs", "2", "workers", "2", "out", in_folder("c")));
  CHECK_INT(r.broken, 1);
  CHECK_HAS(said, "picture 7 is torn");
  snprintf(eval.run, sizeof eval.run, "%s", in_folder("c"));
  CHECK_OK(ig_eval(context, &eval, &measured)); /* finds the run's data by their name */
  CHECK_STR(measured.classes[2].name, "blue");
  ig_eval_result_free(&measured);
  const char *run = in_folder("c");
  ig_report_options report = ig_report_options_default();
  ig_report_result reported;
  CHECK_OK(ig_report(context, &run, 1, &report, &reported));
  CHECK(reported.complete);
  ig_context_free(context);
  ig__free(p);
}

/* A run remembers what its pictures were. */
TEST(resumed_with_other_pictures) {
  pictures *p = draw();
  ig_arrays a = arrays_of(p, false);
  ig_train_result r;
  for (int round = 0; round < 3; round++) {
    ig_context *context = threads(1);
    CHECK_OK(ig_add_model(context, "net", net));
    if (round == 2) p->planes[3][5]++;
    CHECK_OK(ig_add_arrays(context, "mine", &a));
    if (round == 0) RUN(context, "data", "mine", "model", "net", "epochs", "1", "out", in_folder("run"));
    else CHECK_STATUS(TRAIN(context, &r, NULL, "resume", in_folder("run"), "epochs", "+1"), round == 1 ? IG_OK : IG_BAD_MODEL);
    ig_context_free(context);
  }
  ig__free(p);
}

static int label_out(void *user, ig_part part, int64_t index) { return user && part == IG_PART_TRAIN && index == 3 ? 9 : (int)index % 3; }

TEST(sources_refused) {
  ig_context *context = threads(1);
  pictures *p = draw();
  ig_arrays a = arrays_of(p, false);
  ig_custom_source s = {.name = "mine", .channels = 3, .height = 4, .width = 5, .classes = 3, .count = {90, 0, 0}, .read = read_one,
                        .label = label_out, .user = p};
  ig_train_result r;
  CHECK_STATUS(ig_add_arrays(context, "two words", &a), IG_USAGE);
  CHECK_STATUS(ig_add_arrays(context, NULL, &a), IG_USAGE);
  p->label[4] = 3;
  CHECK_STATUS(ig_add_arrays(context, "mine", &a), IG_BAD_DATA);
  CHECK_HAS(ig_last_error(), "train picture 4 has the label 3");
  p->label[4] = 1;
  a.test.pixels = NULL;
  CHECK_STATUS(ig_add_arrays(context, "mine", &a), IG_USAGE);
  a.classes = 1;
  CHECK_STATUS(ig_add_arrays(context, "mine", &a), IG_USAGE);
  CHECK_OK(ig_add_source(context, &s));
  CHECK_STATUS(ig_add_source(context, &s), IG_USAGE);
  s.name = "other";
  s.width = 0;
  CHECK_STATUS(ig_add_source(context, &s), IG_USAGE);
  s.width = 5;
  s.read = NULL;
  CHECK_STATUS(ig_add_source(context, &s), IG_USAGE);
  CHECK_OK(ig_add_model(context, "net", net));
  CHECK_STATUS(TRAIN(context, &r, NULL, "data", "mine", "model", "net", "strict", "yes", "val", "0", "out", in_folder("run")), IG_BAD_DATA);
  CHECK_STATUS(TRAIN(context, &r, NULL, "data", "nobodys", "model", "net"), IG_USAGE);
  ig_context_free(context);
  ig__free(p);
}

/* ---- graphs ---------------------------------------------------------------------------------------------------------- */

TEST(graphs_are_text) {
  ig_context *context = threads(1);
  ig_graph *g;
  CHECK_OK(ig_graph_new(&g));
  ig_value x = ig_input(g, "%d %d %d", 1, 28, 28);
  x = ig_op(g, x, "conv2d %d k=3 pad=same relu", 4);
  ig_value y = ig_op(g, x, "conv2d 4 k=3 pad=same");
  y = ig_op2(g, y, x, "add relu");
  const ig_value both[] = {x, y};
  ig_op_n(g, 2, both, "concat");
  ig_op(g, 4, "dense classes softmax");
  CHECK_STR(ig_graph_text(g), "input 1 28 28\n"
                              "conv2d1 = conv2d 4 k=3 pad=same relu\n"
                              "conv2d2 = conv2d 4 k=3 pad=same\n"
                              "add1 = add @conv2d2 @conv2d1 relu\n"
                              "concat1 = concat @conv2d1 @add1\n"
                              "dense1 = dense classes softmax\n");
  CHECK_OK(ig_add_graph(context, "mine", g));
  ig_graph_free(g); /* it was copied */
  RUN(context, "data", "digits train=100 test=20", "model", "mine", "epochs", "1", "out", in_folder("run"));
  ig_model *model;
  CHECK_OK(ig_model_open(context, in_folder("run"), &model)); /* a file has the text */
  CHECK_INT(ig_model_output(model, 0).channels, 10);
  ig_model_free(model);
  ig_context_free(context);
}

TEST(graphs_refused) {
  ig_context *context = threads(1);
  ig_graph *g;
  CHECK_OK(ig_graph_new(&g));
  CHECK_INT(ig_op(g, 0, "dense 10"), IG_NO_VALUE); /* no input yet; everything after it changes nothing */
  CHECK_INT(ig_input(g, "1 28 28"), IG_NO_VALUE);
  CHECK_STATUS(ig_add_graph(context, "a", g), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "ig_input");
  ig_graph_free(g);
  static const char *const lines[] = {"", "dense 10\ndense 10", "dense 10 # ten", "dense 10 @x"};
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    CHECK_OK(ig_graph_new(&g));
    CHECK_INT(ig_op(g, ig_input(g, "1 28 28"), "%s", lines[i]), IG_NO_VALUE);
    CHECK_STATUS(ig_add_graph(context, "a", g), IG_BAD_MODEL);
    ig_graph_free(g);
  }
  CHECK_OK(ig_graph_new(&g));
  ig_op(g, ig_input(g, "1 28 28"), "densee 10");
  CHECK_STATUS(ig_add_graph(context, "a", g), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "a:2: the op 'densee' is not known; did you mean dense?");
  ig_graph_free(g);
  CHECK_OK(ig_graph_new(&g));
  CHECK_INT(ig_op(g, 5, "dense 10"), IG_NO_VALUE);
  CHECK_INT(ig_op(g, ig_input(g, "1 28 28") + 1, "dense 10"), IG_NO_VALUE);
  ig_graph_free(g);
  CHECK_STATUS(ig_add_model(context, "no name", "input 1 2 2\nflatten\n"), IG_USAGE);
  CHECK_OK(ig_add_model(context, "b", "input 1 2 2\nflatten\n"));
  CHECK_STATUS(ig_add_model(context, "b", "input 1 2 2\nflatten\n"), IG_USAGE);
  ig_context_free(context);
}

/* ---- cancelling -------------------------------------------------------------------------------------------------------- */

static void cancel_at(void *user, const ig_progress *p) {
  if (p->step == 3) ig_cancel(user);
}

TEST(cancelled_and_resumed) {
  ig_context *context = threads(1);
  ig_train_events events = {.progress = cancel_at, .user = context};
  ig_train_result r;
  RUN(context, "data", "digits train=300 test=20", "model", "softmax", "epochs", "2", "out", in_folder("whole"));
  CHECK_STATUS(TRAIN(context, &r, &events, "data", "digits train=300 test=20", "model", "softmax", "epochs", "2", "out", in_folder("cut")),
               IG_INTERRUPTED);
  CHECK_STR(r.stopped, "cancelled");
  CHECK_HAS(ig_last_error(), "cancelled");
  RUN(context, "resume", in_folder("cut")); /* and nothing of the cancel is left */
  CHECK(hash_of_run(in_folder("whole")) == hash_of_run(in_folder("cut")));
  ig_gradcheck_options o = ig_gradcheck_options_default();
  ig_gradcheck_result checked;
  ig_cancel(context);
  CHECK_STATUS(ig_gradcheck(context, &o, &checked), IG_INTERRUPTED);
  ig_eval_options eval = ig_eval_options_default();
  ig_eval_result measured;
  snprintf(eval.run, sizeof eval.run, "%s", in_folder("cut"));
  ig_cancel(context);
  CHECK_STATUS(ig_eval(context, &eval, &measured), IG_INTERRUPTED);
  CHECK_OK(ig_eval(context, &eval, &measured));
  ig_eval_result_free(&measured);
  ig_cancel(context);
  CHECK_STATUS(TRAIN(context, &r, NULL, "resume", in_folder("nowhere")), IG_USAGE); /* a verb that never began has ended it too */
  ig_bench_options bench = ig_bench_options_default();
  ig_bench_result timed;
  ig_summary_options summary = ig_summary_options_default();
  ig_summary_result described;
  CHECK_OK(ig_summary(context, &summary, &described));
  ig_summary_result_free(&described);
  ig_cancel(context);
  CHECK_STATUS(ig_bench(context, &bench, &timed), IG_INTERRUPTED);
  ig_context_free(context);
}

/* ---- several contexts ---------------------------------------------------------------------------------------------------- */

typedef struct trainer { const char *model, *out; bool ok; } trainer;

static void *train_one(void *arg) {
  trainer *t = arg;
  ig_context *context = threads(2);
  ig_train_result r;
  t->ok = TRAIN(context, &r, NULL, "data", "digits train=300 test=30", "model", t->model, "epochs", "2", "batch", "16", "out", t->out) == IG_OK;
  ig_context_free(context);
  return NULL;
}

/* Two threads training two models at once give the bits of one after the other. */
TEST(two_at_once) {
  const char *small = small_net();
  trainer alone[2] = {{small, in_folder("a0"), false}, {"lenet5", in_folder("a1"), false}};
  trainer both[2] = {{small, in_folder("b0"), false}, {"lenet5", in_folder("b1"), false}};
  pthread_t thread[2];
  for (int i = 0; i < 2; i++) train_one(&alone[i]);
  for (int i = 0; i < 2; i++) CHECK(!pthread_create(&thread[i], NULL, train_one, &both[i]));
  for (int i = 0; i < 2; i++) pthread_join(thread[i], NULL);
  for (int i = 0; i < 2; i++) {
    CHECK(alone[i].ok && both[i].ok);
    CHECK(hash_of_run(alone[i].out) == hash_of_run(both[i].out));
    CHECK(hash_of_model(alone[i].out) == hash_of_model(both[i].out));
  }
}

/* ---- memory that is not there -------------------------------------------------------------------------------------------- */

#ifdef IG__FAULTS
static void twice(const ig_op_run *r) {
  for (int64_t i = 0; i < r->out_size; i++) ((double *)r->out[0])[i] = 2 * ((const double *)r->in[0])[i];
}

static const ig_custom_op twice_op = {.name = "twice", .kind = IG_OP_ACTIVATION, .inputs = 1, .option = {{"unused", "1", 0, 9, ""}},
                                      .run = twice};

/* Everything that a program may bring along, and a prediction. */
static ig_status bring_all(const pictures *p, const uint8_t *bytes, size_t size) {
  ig_context *context = NULL;
  ig_graph *g = NULL;
  ig_model *model = NULL;
  ig_predictor *predictor = NULL;
  ig__source *source = NULL;
  const float *answers;
  ig_arrays a = arrays_of(p, true);
  ig_predictor_options o = ig_predictor_options_default();
  o.interleaved = true;
  ig_context_options one = ig_context_options_default();
  one.threads = 1;
  ig_status status = ig_context_new(&context, &one);
  if (status == IG_OK) status = ig_add_op(context, &twice_op);
  if (status == IG_OK) status = ig_add_arrays(context, "mine", &a);
  if (status == IG_OK) status = ig__data_open(context, "mine", NULL, &source);
  if (status == IG_OK) status = ig_graph_new(&g);
  if (status == IG_OK) {
    ig_op(g, ig_op(g, ig_input(g, "3 4 5"), "conv2d 4 k=3 twice"), "dense classes");
    status = ig_add_graph(context, "net", g);
  }
  if (status == IG_OK) status = ig_model_open_memory(context, bytes, size, "embedded", &model);
  if (status == IG_OK) status = ig_predictor_new(context, model, &o, &predictor);
  if (status == IG_OK) status = ig_predict_u8(predictor, p->turned[0], 2, &answers);
  ig__source_close(source);
  ig_graph_free(g);
  ig_predictor_free(predictor);
  ig_model_free(model);
  ig_context_free(context);
  return status;
}

TEST(allocations_fail) {
  ig_context *context = threads(1);
  pictures *p = draw();
  ig_arrays a = arrays_of(p, false);
  uint8_t *bytes;
  size_t size;
  CHECK_OK(ig_add_arrays(context, "planes", &a));
  CHECK_OK(ig_add_model(context, "net", net));
  RUN(context, "data", "planes", "model", "net", "epochs", "1", "out", in_folder("run"));
  ig_context_free(context);
  CHECK_OK(ig__file_read(in_folder("run/model.safetensors"), 1 << 20, &bytes, &size));
  int64_t before = ig__alloc_outstanding();
  ig_status status = IG_NO_MEMORY;
  int n = 1;
  for (; status != IG_OK; n++) {
    char spec[32];
    snprintf(spec, sizeof spec, "malloc@%d", n);
    ig__fault_set(spec);
    status = bring_all(p, bytes, size);
    ig__fault_set(NULL);
    if (status != IG_OK) CHECK_INT(status, IG_NO_MEMORY);
    CHECK_INT(ig__alloc_outstanding(), before);
  }
  CHECK(n > 100);
  ig__free(bytes);
  ig__free(p);
}
#endif
