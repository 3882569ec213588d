/* The verb lr-find: a range test (Smith, Cyclical learning rates for training neural networks, WACV 2017). Some hundred steps of
 * training, in which the rate grows by a constant factor; then the rate is chosen from the curve of the loss over the rate. */
#include "imgrad/lr_find.h"
#include "base/text.h"
#include "optim/power.h"
#include "train/lr_find.h"
#include "train/report/report.h"

#include <math.h>
#include <stdio.h>

#define EXPLODED 2           /* the smoothed loss over what it was at first */
#define BEGINNING 10         /* steps: what it was at first */
#define MEMORY 0.9           /* of the running mean that decides about the end */

#define T ig_lr_find_options
const ig__option ig__lr_find_table[] = {
  IG__OPTION(T, from, "1e-6", 1e-12, 1e6, "a step", "rate of the first step"),
  IG__OPTION(T, to, "10", 1e-12, 1e6, "a step", "rate of the last step; it ends earlier when the loss explodes"),
  IG__OPTION(T, steps, "400", 20, 1000000, "steps", "from the first rate to the last"),
  IG__OPTIONS_END};
#undef T

ig_lr_find_options ig_lr_find_options_default(void) {
  ig_lr_find_options o = {.train = ig_train_options_default()};
  ig__options_default(ig__lr_find_table, &o);
  return o;
}

#define WIDTH 0.0375         /* of the bell, as a share of the steps */
#define NEAR 0.1             /* of the largest fall: a loss that is as good as the least */
#define LEAST_FALL 0.02      /* of the first loss: less is noise */

const char ig__lr_find_rule[] =
  "The losses of the steps are smoothed. Around the lowest place of the curve lies the stretch of rates at which nine tenths of the whole fall are "
  "reached. Its middle, on the logarithmic scale, is taken; by half where the least loss is zero, whole where it is hardly below the first, and "
  "evenly between; rounded to two digits. A fall of less than 2 % is taken for none.";

/* ---- the test --------------------------------------------------------------------------------------------------------- */

typedef struct test {
  ig__trainer *trainer;
  const ig_lr_find_options *options;
  const ig_lr_find_events *events;
  ig_lr_find_result *result;
  double running, weight, first; /* the running mean and the sum of its weights; what it was at first */
} test;

static bool has_exploded(test *s, int step, double loss) {
  s->running = MEMORY * s->running + (1 - MEMORY) * loss;
  s->weight = MEMORY * s->weight + (1 - MEMORY);
  double mean = s->running / s->weight;
  if (step < BEGINNING) s->first = mean;
  return !isfinite(mean) || (step >= BEGINNING && mean > EXPLODED * s->first);
}

/* The next step; a new epoch begins when the pictures are used up. */
static ig_status next_step(ig__trainer *t, double rate) {
  int64_t pictures;
  for (bool again = false;; again = true) {
    IG__TRY(ig__trainer_step(t, rate, &pictures));
    if (pictures) return IG_OK;
    if (again) return ig__fail(IG_BAD_DATA, "%s: not one picture of the training part can be read", t->options->data);
    t->state.epoch++;
    t->state.position = 0;
    IG__TRY(ig__trainer_order(t));
    ig__loader_epoch(t->loader, t->state.epoch + 1);
    IG__TRY(ig__loader_start(t->loader, t->order, t->samples.count[IG__TRAIN], 0));
  }
}

static ig_status run_steps(test *s) {
  const ig_lr_find_options *o = s->options;
  ig__trainer *t = s->trainer;
  ig_lr_find_result *r = s->result;
  IG__TRY(ig__trainer_order(t));
  ig__loader_epoch(t->loader, 1);
  IG__TRY(ig__loader_start(t->loader, t->order, t->samples.count[IG__TRAIN], 0));
  for (int i = 0; i < o->steps && !r->exploded; i++) {
    double rate = o->from * ig__power_real(o->to / o->from, (double)i / (o->steps - 1));
    ig_status asked = s->events && s->events->stop ? s->events->stop(s->events->user) : IG_OK;
    IG__TRY(asked == IG_OK ? ig__cancel_check(t->context) : asked);
    ig_status status = next_step(t, rate);
    if (status != IG_DIVERGED) IG__TRY(status);
    double loss = status == IG_DIVERGED ? INFINITY : t->loss;
    r->exploded = has_exploded(s, i, loss);
    if (!isfinite(loss)) break;
    r->rate[r->steps] = rate;
    r->loss[r->steps++] = loss;
    if (s->events && s->events->step) s->events->step(s->events->user, i + 1, o->steps, rate, loss);
  }
  return IG_OK;
}

/* ---- the rule --------------------------------------------------------------------------------------------------------- */

/* A mean of the losses around each step, weighted by a bell; the running mean would lag behind the rate. */
static void smooth(ig_lr_find_result *r, double width) {
  for (int i = 0; i < r->steps; i++) {
    double sum = 0, weight = 0;
    for (int k = 0; k < r->steps; k++) {
      double d = (k - i) / width;
      if (fabs(d) > 3) continue;
      double w = 1 / ig__power_real(M_E, d * d / 2);
      sum += w * r->loss[k];
      weight += w;
    }
    r->smoothed[i] = sum / weight;
  }
}

/* Two digits say all that is known. */
static double two_digits(double v) {
  char text[32];
  double out = v;
  ig__snprintf(text, sizeof text, "%.1e", v);
  (void)ig__parse_double(text, &out);
  return out;
}

/* The rule of ig__lr_find_rule. A network that soon has little loss left wants finer steps than the test shows, which passes each rate
 * by; one that has much left does not. The steepest place, which others take, was four to ten times too low for runs of some epochs
 * (docs/learning-rate.md has the figures). */
static void choose(ig_lr_find_result *r, const ig_lr_find_options *o) {
  int low = 0, first, last;
  if (!r->steps) return;
  smooth(r, o->steps * WIDTH);
  for (int i = 1; i < r->steps; i++)
    if (r->smoothed[i] < r->smoothed[low]) low = i;
  double level = r->smoothed[low] + NEAR * (r->smoothed[0] - r->smoothed[low]);
  for (first = low; first > 0 && r->smoothed[first - 1] <= level; first--) continue;
  for (last = low; last + 1 < r->steps && r->smoothed[last + 1] <= level; last++) continue;
  r->lowest = r->rate[low];
  r->low_from = r->rate[first];
  r->low_to = r->rate[last];
  double left = r->smoothed[low] / r->smoothed[0];
  if (left < 1 - LEAST_FALL) r->suggestion = two_digits((1 + left) / 2 * sqrt(r->low_from * r->low_to));
}

/* ---- what is left of it ------------------------------------------------------------------------------------------------ */

static ig_status write_csv(const ig_lr_find_result *r) {
  ig__buffer out = {0};
  ig__buffer_text(&out, "step,rate,loss,smoothed\n");
  for (int i = 0; i < r->steps; i++) {
    char text[3][32];
    ig__buffer_text(&out, "%d,%s,%s,%s\n", i + 1, ig__print_double(text[0], r->rate[i]), ig__print_double(text[1], r->loss[i]),
                    ig__print_double(text[2], r->smoothed[i]));
  }
  return ig__folder_write(r->out, "lr_find.csv", &out);
}

static ig_status write_all(const ig__trainer *t, const ig_lr_find_result *r) {
  ig__buffer config = {0}, page = {0};
  ig__config_write(t->options, &config);
  ig_status status = ig__folder_write(r->out, "config.yaml", &config);
  if (status == IG_OK) status = write_csv(r);
  ig__report_lr_find(t->options, r, &page);
  if (status == IG_OK) return ig__folder_write(r->out, "report.html", &page);
  ig__buffer_free(&page);
  return status;
}

static ig_status find(test *s) {
  ig_lr_find_result *r = s->result;
  const ig_lr_find_options *o = s->options;
  ig__trainer *t = s->trainer;
  bool descent;
  if (!(o->from < o->to)) return ig__fail(IG_USAGE, "lr-find: --from is not below --to: the rate is to grow");
  if (*o->train.resume)
    return ig__fail(IG_USAGE, "lr-find: --resume: a run keeps its rate; to start from its weights give --weights %s", o->train.resume);
  if (*o->train.tensorboard) return ig__fail(IG_USAGE, "lr-find: --tensorboard: no epoch ends here; its curve is in lr_find.csv and the report");
  IG__TRY(ig__optimizer_is_descent(o->train.optimizer, &descent));
  if (descent) return ig__fail(IG_USAGE, "lr-find: --optimizer %s finds the length of its steps by a search; there is no rate to find", o->train.optimizer);
  size_t room = (size_t)o->steps;
  r->rate = ig__alloc(room, sizeof *r->rate);
  r->loss = ig__alloc(room, sizeof *r->loss);
  r->smoothed = ig__alloc(room, sizeof *r->smoothed);
  if (!r->rate || !r->loss || !r->smoothed) return IG_NO_MEMORY;
  IG__TRY(ig__trainer_open(t));
  if (*o->train.weights) IG__TRY(ig__trainer_take_weights(t, o->train.weights));
  IG__TRY(ig__folder_make(o->train.out, "lr-find", r->out));
  double began = ig__now();
  IG__TRY(run_steps(s));
  r->seconds = ig__now() - began;
  r->broken = t->broken;
  choose(r, o);
  return write_all(t, r);
}

ig_status ig_lr_find(ig_context *context, const ig_lr_find_options *options, const ig_lr_find_events *events, ig_lr_find_result *result) {
  ig_train_options o = options->train;
  ig__trainer t = {.context = context, .options = &o, .asked = &o, .saved = ig__now(), .began = ig__now()};
  test s = {.trainer = &t, .options = options, .events = events, .result = result};
  *result = (ig_lr_find_result){.steps = 0};
  /* The test has a length and a schedule of its own, and λ as it is given. */
  snprintf(o.lambda_schedule, sizeof o.lambda_schedule, "constant");
  snprintf(o.epochs, sizeof o.epochs, "1");
  o.time[0] = 0;
  ig_status status = ig__options_check(IG_VERB_LR_FIND, options);
  if (status == IG_OK) status = find(&s);
  ig__trainer_close(&t);
  if (status != IG_OK) ig_lr_find_result_free(result);
  return ig__verb_end(context, status);
}

void ig_lr_find_result_free(ig_lr_find_result *r) {
  ig__free(r->rate);
  ig__free(r->loss);
  ig__free(r->smoothed);
  *r = (ig_lr_find_result){.steps = 0};
}
