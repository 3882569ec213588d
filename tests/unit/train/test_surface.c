/* The loss around a solution and between two: what stands at the solutions is what eval says; the directions are as long as the filters;
 * losses whose shape is known have it; no thread changes a bit; what makes no sense is refused. */
#include "optim/groups.h"
#include "runs.h"
#include "train/regularise.h"
#include "train/surface/surface.h"

static ig_status surface_words(ig_context *context, ig_surface_result *r, const ig_surface_events *events, const char *const *words) {
  ig_surface_options o = ig_surface_options_default();
  for (int i = 0; words[i]; i += 2) CHECK_OK(ig_option_set(IG_VERB_SURFACE, &o, words[i], words[i + 1]));
  return ig_surface(context, &o, events, r);
}
#define SURFACE(context, r, events, ...) surface_words(context, r, events, (const char *const[]){__VA_ARGS__, NULL})
#define DIGITS "data", "digits train=300 test=20", "val", "0.2", "epochs", "1"

static void check_is_eval(ig_context *context, const char *run, const char *part, const ig_metrics *m) {
  ig_eval_options o = ig_eval_options_default();
  ig_eval_result r;
  CHECK_OK(ig_option_set(IG_VERB_EVAL, &o, "run", run));
  CHECK_OK(ig_option_set(IG_VERB_EVAL, &o, "part", part));
  CHECK_OK(ig_eval(context, &o, &r));
  CHECK_INT(m->n, r.metrics.n);
  CHECK(m->loss == r.metrics.loss && m->data_loss == r.metrics.data_loss && m->penalty == r.metrics.penalty && m->accuracy == r.metrics.accuracy);
  ig_eval_result_free(&r);
}

/* With batch normalisation, a penalty whose λ has moved, and dropout, which inference leaves out. */
TEST(the_middle_is_what_eval_says) {
  ig_context *context = threads(2);
  ig_surface_result r;
  RUN(context, DIGITS, "model", small_net(), "l2", "1e-3", "lambda-schedule", "linear from=0.3 to=0.5", "out", in_folder("run"));
  CHECK_OK(SURFACE(context, &r, NULL, "run", in_folder("run"), "points", "3", "limit", "0", "out", in_folder("a")));
  CHECK(!r.line && r.parts == 1 && r.side == 3 && r.points == 9 && r.first == 4 && r.last == 4);
  CHECK_STR(r.part[0], "train");
  CHECK(r.point[4].alpha == 0 && r.point[4].beta == 0 && r.point[0].alpha == -1 && r.point[0].beta == -1 && r.point[5].alpha == 1);
  check_is_eval(context, in_folder("run"), "train", &r.point[4].part[0]);
  CHECK(r.point[4].part[0].penalty > 0);
  for (int i = 0; i < 9; i++) CHECK(i == 4 || r.point[i].part[0].loss != r.point[4].part[0].loss);
  ig_surface_result_free(&r);
  CHECK_OK(SURFACE(context, &r, NULL, "run", in_folder("run"), "points", "3", "part", "val", "limit", "0", "out", in_folder("b")));
  check_is_eval(context, in_folder("run"), "val", &r.point[4].part[0]);
  ig_surface_result_free(&r);
  ig_context_free(context);
}

TEST(the_ends_of_a_line_are_what_eval_says) {
  ig_context *context = listening(2);
  ig_surface_result r;
  RUN(context, DIGITS, "model", small_net(), "l2", "1e-3", "out", in_folder("one"));
  RUN(context, DIGITS, "model", small_net(), "l2", "1e-3", "lr", "0.01", "weights", in_folder("one"), "out", in_folder("two"));
  said[0] = 0;
  CHECK_OK(SURFACE(context, &r, NULL, "run", in_folder("one"), "to", in_folder("two"), "points", "13", "limit", "0", "out", in_folder("a")));
  CHECK_STR(said, "");
  CHECK(r.line && r.parts == 2 && r.side == 1 && r.points == 13 && r.first == 2 && r.last == 10);
  CHECK(r.point[0].alpha == -0.25 && r.point[2].alpha == 0 && r.point[10].alpha == 1 && r.point[12].alpha == 1.25);
  CHECK(!strcmp(r.part[0], "train") && !strcmp(r.part[1], "val"));
  for (int p = 0; p < 2; p++) {
    check_is_eval(context, in_folder("one"), r.part[p], &r.point[2].part[p]);
    check_is_eval(context, in_folder("two"), r.part[p], &r.point[10].part[p]);
    double most = 0;
    for (int i = 2; i <= 10; i++)
      most = fmax(most, r.point[i].part[p].loss - (1 - r.point[i].alpha) * r.point[2].part[p].loss - r.point[i].alpha * r.point[10].part[p].loss);
    CHECK_NEAR(r.barrier[p], most, 1e-15);
  }
  ig_surface_result_free(&r);
  ig_context_free(context);
}

TEST(directions_are_as_long_as_the_filters) {
  static const char text[] = "input 1 12 12\nconv2d 5 k=3 relu\nc = conv2d 4 k=3 bias=no\nbatchnorm relu\nconv2d_transpose 3 k=2 stride=2\n"
                             "dense 7 relu freeze\ndense classes\n";
  ig__model *m;
  ig__mover v;
  int filters = 0;
  CHECK_OK(ig__model_parse(text, strlen(text), "test", 4, &m));
  CHECK_OK(ig__model_bind(m, 8, 3));
  CHECK_OK(ig__mover_around(m, 1, &v));
  for (size_t i = 0; i < m->param_count; i++) {
    const ig__param *p = &m->param[i];
    const ig__weights w = ig__weights_of(m, p);
    for (int k = 0; k < 2; k++) {
      const double *d = v.along[k] + p->offset, *from = v.from + p->offset;
      const bool still = p->kind != IG__PARAM_WEIGHT || p->frozen;
      for (int64_t e = 0; e < p->count; e++) CHECK(still == (d[e] == 0));
      for (int64_t g = 0; !still && g < ig__group_count(&w, true); g++, filters++) {
        double own = 0, drawn = 0, dot = 0;
        for (int64_t e = 0; e < ig__group_size(&w, true); e++) {
          const int64_t at = ig__group_element(&w, true, g, e);
          own += from[at] * from[at];
          drawn += d[at] * d[at];
          dot += from[at] * d[at];
        }
        CHECK_NEAR(sqrt(drawn / own), 1, 1e-12);
        CHECK(fabs(dot) < 0.999 * own);
      }
    }
  }
  CHECK_INT(filters, 2 * (5 + 4 + 3 + 4));
  ig__mover_free(&v);
  ig__model_free(m);
}

/* A step and back; another seed, another direction; the same for float and double. */
TEST(moves_are_what_they_say) {
  static const char text[] = "input 1 6 6\nconv2d 3 k=3 relu\ndense classes\n";
  ig__model *m, *half;
  ig__mover v, other, small;
  CHECK_OK(ig__model_parse(text, strlen(text), "test", 4, &m));
  CHECK_OK(ig__model_parse(text, strlen(text), "test", 4, &half));
  CHECK_OK(ig__model_bind(m, 8, 3));
  CHECK_OK(ig__model_bind(half, 4, 3));
  CHECK_OK(ig__mover_around(m, 1, &v));
  CHECK_OK(ig__mover_around(m, 2, &other));
  CHECK_OK(ig__mover_around(half, 1, &small));
  ig__mover_put(&v, 0.5, -2);
  CHECK_INT(m->version, 2);
  for (int64_t i = 0; i < m->params_size; i++) {
    CHECK(((double *)m->params)[i] == v.from[i] + 0.5 * v.along[0][i] - 2 * v.along[1][i]);
    CHECK(v.along[0][i] == 0 || (v.along[0][i] != v.along[1][i] && v.along[0][i] != other.along[0][i]));
    CHECK_NEAR(small.along[0][i], v.along[0][i], 1e-5);
  }
  ig__mover_put(&v, 0, 0);
  for (int64_t i = 0; i < m->params_size; i++) CHECK(((double *)m->params)[i] == v.from[i]);
  ig__mover_free(&v);
  ig__mover_free(&other);
  ig__mover_free(&small);
  ig__model_free(m);
  ig__model_free(half);
}

/* Squares of a linear model's errors, with λ‖w‖²: along every line of the grid a parabola, so third differences are zero, and the second ones of
 * the penalty are 2λh²‖d‖², where each direction is as long as the weights themselves. */
TEST(a_quadratic_is_one) {
  ig_context *context = threads(2);
  ig_surface_result r;
  RUN(context, DIGITS, "model", write_text("linear.txt", "input 1 28 28 scale=1/255\nflatten\ndense classes\n"), "loss", "mse", "l2", "0.01", "precision", "f64",
      "out", in_folder("run"));
  CHECK_OK(SURFACE(context, &r, NULL, "run", in_folder("run"), "points", "7", "range", "0.9", "precision", "f64", "limit", "100", "out",
                   in_folder("a")));
  const ig_surface_point *at = r.point;
  const double scale = at[r.largest].part[0].loss, penalty = at[r.first].part[0].penalty, h = 0.3;
  CHECK(penalty > 0 && scale > at[r.first].part[0].loss);
  for (int line = 0; line < 7; line++)
    for (int turn = 0; turn < 2; turn++) {
      const int first = turn ? line : 7 * line, step = turn ? 7 : 1;
      for (int i = 0; i + 3 < 7; i++) {
        const ig_surface_point *p = &at[first + i * step], *q = p + step, *s = q + step, *t = s + step;
        CHECK_NEAR(t->part[0].loss - 3 * s->part[0].loss + 3 * q->part[0].loss - p->part[0].loss, 0, 1e-12 * scale);
        CHECK_NEAR(s->part[0].penalty - 2 * q->part[0].penalty + p->part[0].penalty, 2 * h * h * penalty, 1e-12 * scale);
      }
    }
  ig_surface_result_free(&r);
  ig_context_free(context);
}

/* Softmax regression is convex: no barrier between any two weights, and no hill on the way. */
TEST(a_convex_line_has_no_barrier) {
  ig_context *context = threads(2);
  ig_surface_result r;
  RUN(context, DIGITS, "model", "softmax", "precision", "f64", "out", in_folder("one"));
  RUN(context, DIGITS, "model", "softmax", "precision", "f64", "seed", "7", "lr", "0.1", "out", in_folder("two"));
  CHECK_OK(SURFACE(context, &r, NULL, "run", in_folder("one"), "to", in_folder("two"), "precision", "f64", "part", "train", "limit", "100", "points", "13",
                   "out", in_folder("a")));
  CHECK_INT(r.points, 13);
  CHECK_INT(r.parts, 1);
  for (int i = 1; i + 1 < r.points; i++)
    CHECK(r.point[i - 1].part[0].loss + r.point[i + 1].part[0].loss - 2 * r.point[i].part[0].loss > -1e-12);
  CHECK(r.barrier[0] <= 1e-12);
  ig_surface_result_free(&r);
  ig_context_free(context);
}

TEST(the_same_bits_for_any_threads) {
  ig_surface_result r[2];
  for (int i = 0; i < 2; i++) {
    ig_context *context = threads(i ? 3 : 1);
    if (!i) RUN(context, DIGITS, "model", small_net(), "out", in_folder("run"));
    CHECK_OK(SURFACE(context, &r[i], NULL, "run", in_folder("run"), "points", "5", "limit", "100", "out", in_folder(i ? "b" : "a")));
    ig_context_free(context);
  }
  CHECK_INT(r[0].point[0].part[0].n, 100);
  CHECK(memcmp(r[0].point, r[1].point, (size_t)r[0].points * sizeof *r[0].point) == 0);
  for (int i = 0; i < 2; i++) ig_surface_result_free(&r[i]);
}

/* Far out numbers overflow; that is an answer, not a failure. */
TEST(what_is_not_finite_is_left_blank) {
  ig_context *context = threads(1);
  ig_surface_result r;
  uint8_t *bytes;
  size_t size;
  char path[1100];
  RUN(context, DIGITS, "model", small_net(), "out", in_folder("run"));
  CHECK_OK(SURFACE(context, &r, NULL, "run", in_folder("run"), "points", "3", "range", "1e6", "limit", "50", "out", in_folder("a")));
  ig_surface_result_free(&r);
  snprintf(path, sizeof path, "%s/surface.csv", in_folder("a"));
  CHECK_OK(ig__file_read(path, 1 << 20, &bytes, &size));
  CHECK_HAS((char *)bytes, "alpha,beta,train/loss,train/data_loss,train/penalty,train/accuracy\n-1000000,-1000000,");
  CHECK(!strstr((char *)bytes, "nan") && !strstr((char *)bytes, "inf"));
  ig__free(bytes);
  ig_context_free(context);
}

static ig_status stop_it(void *user) { return --*(int *)user < 0 ? IG_INTERRUPTED : IG_OK; }
static void count_it(void *user, const ig_surface_point *p, int done, int count) {
  (void)p;
  if (done == count) ++*(int *)user;
}

TEST(refusals_and_stops) {
  ig_context *context = threads(1);
  ig_surface_result r;
  RUN(context, DIGITS, "model", "softmax", "out", in_folder("a"));
  RUN(context, DIGITS, "model", "mlp", "out", in_folder("b"));
  RUN(context, DIGITS, "model", write_text("relu.txt", "input 1 28 28\ndense 8 relu\ndense classes\n"), "out", in_folder("c"));
  RUN(context, DIGITS, "model", write_text("tanh.txt", "input 1 28 28\ndense 8 tanh\ndense classes\n"), "out", in_folder("d"));
  char out[1024];
  snprintf(out, sizeof out, "%s", in_folder("out"));
  CHECK_STATUS(SURFACE(context, &r, NULL, "run", in_folder("a"), "to", in_folder("b"), "out", out), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "different models");
  CHECK_STATUS(SURFACE(context, &r, NULL, "run", in_folder("c"), "to", in_folder("b"), "out", out), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "dense1.weight is 8×784 in one, dense1.weight is 128×784 in the other");
  CHECK_STATUS(SURFACE(context, &r, NULL, "run", in_folder("c"), "to", in_folder("d"), "out", out), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "other answers");
  CHECK_STATUS(SURFACE(context, &r, NULL, "run", in_folder("a"), "points", "4", "out", out), IG_USAGE);
  CHECK_HAS(ig_last_error(), "odd");
  CHECK_STATUS(SURFACE(context, &r, NULL, "run", in_folder("a"), "to", in_folder("a"), "points", "27", "out", out), IG_USAGE);
  CHECK_HAS(ig_last_error(), "6·k + 1");
  CHECK_STATUS(SURFACE(context, &r, NULL, "run", in_folder("a"), "part", "vall", "out", out), IG_USAGE);
  CHECK_STATUS(SURFACE(context, &r, NULL, "run", in_folder("nothing"), "out", out), IG_USAGE);
  CHECK_STATUS(SURFACE(context, &r, NULL, "out", out), IG_USAGE);
  CHECK(!ig__is_folder(out));
  int left = 3, ended = 0;
  const ig_surface_events stops = {.stop = stop_it, .user = &left}, counts = {.point = count_it, .user = &ended};
  CHECK_STATUS(SURFACE(context, &r, &stops, "run", in_folder("a"), "points", "3", "out", in_folder("x")), IG_INTERRUPTED);
  CHECK(!r.point && !r.points);
  CHECK_OK(SURFACE(context, &r, &counts, "run", in_folder("a"), "points", "3", "limit", "20", "out", in_folder("y")));
  CHECK_INT(ended, 1);
  ig_surface_result_free(&r);
  ig_context_free(context);
}

/* The second run may have trained on what validates here. */
TEST(another_split_is_said) {
  ig_context *context = listening(1);
  ig_surface_result r;
  RUN(context, DIGITS, "model", "softmax", "out", in_folder("a"));
  RUN(context, DIGITS, "model", "softmax", "seed", "2", "out", in_folder("b"));
  CHECK_OK(SURFACE(context, &r, NULL, "run", in_folder("a"), "to", in_folder("b"), "points", "7", "limit", "20", "out", in_folder("c")));
  CHECK_HAS(said, "another split");
  ig_surface_result_free(&r);
  ig_context_free(context);
}

TEST(faults) {
  static const char *const kinds[] = {"malloc", "open", "read", "write", "sync", "rename"};
  ig_context *context = threads(1);
  ig_surface_result r;
  const char *run = in_folder("run"), *out = in_folder("out");
  RUN(context, "data", "digits train=40 test=6", "model", write_text("net.txt", "input 1 28 28\nconv2d 2 k=9 stride=9 bias=no\nbatchnorm relu\ndense classes\n"),
      "epochs", "1", "out", run);
  const int64_t before = ig__alloc_outstanding();
  for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
    for (int n = 1;; n++) {
      char spec[32];
      remove_run(out);
      ig_surface_options o = ig_surface_options_default();
      snprintf(o.run, sizeof o.run, "%s", run);
      snprintf(o.to, sizeof o.to, "%s", n % 2 ? run : "");
      snprintf(o.out, sizeof o.out, "%s", out);
      o.points = n % 2 ? 7 : 3;
      snprintf(spec, sizeof spec, "%s@%d", kinds[k], (n + 1) / 2);
      ig__fault_set(spec);
      const ig_status status = ig_surface(context, &o, NULL, &r);
      const bool hit = ig__fault_calls(kinds[k]) >= (uint64_t)((n + 1) / 2);
      ig__fault_set(NULL);
      ig_surface_result_free(&r);
      CHECK_INT(ig__alloc_outstanding(), before);
      if (!hit && n % 2 == 0) break;
      if (hit && status != IG_OK) CHECK(*ig_last_error());
    }
  ig_context_free(context);
}
