/* How long a run is: so many epochs; or, with --time alone, as many steps as the time allows, and the schedule reaches its end when
 * the time is over.
 *
 * The speed of the first steps gives a first plan, which is mended as the run goes on, each time after a tenth of the time that is
 * left: machines are shared, and their speed is not the same for a quarter of an hour. A new plan goes on where the schedule
 * stands: the place in it, 0 … 1, moves evenly from (plan_step, plan_place) to (planned_steps, 1). The plan is part of the
 * checkpoint; a run that is taken up again keeps it as it is. */
#include "base/text.h"
#include "train/train.h"

#include <string.h>

#define FIRST_SHARE 0.02     /* of the time: before the first plan */
#define NEXT_SHARE 0.1       /* of the time left: until the next */
#define LEAST_STEPS 5        /* that speed is measured by */
#define FORWARD_SHARE 0.4    /* of a training step's time that measuring a picture takes, until it was measured */

static bool given(const ig_train_options *o, const char *name) {
  return o->given >> ig__option_row(ig__verb_table(IG_VERB_TRAIN), name) & 1;
}

void ig__plan_epochs_option(ig_train_options *o) {
  if (*o->time && !given(o, "epochs") && !*o->resume) strcpy(o->epochs, "time");
}

/* "10", or "+50" on top of what the run was asked for. */
static ig_status read_number(const ig_train_options *asked, const ig_train_options *o, int *out) {
  int64_t base = 0, n = 0;
  const char *text = given(asked, "epochs") ? asked->epochs : o->epochs;
  bool plus = *text == '+';
  if (!ig__parse_i64(text + plus, &n) || n < 0 || n > 1000000 || (plus && !*asked->resume))
    return ig__fail(IG_USAGE, "--epochs %s: a number up to 1000000 is wanted, or \"time\" (+N with --resume only)", text);
  if (plus && !strcmp(o->epochs, "time"))
    return ig__fail(IG_USAGE, "--epochs %s: the length of this run was planned by --time; say how many epochs it should have in all", text);
  if (plus && (!ig__parse_i64(o->epochs, &base) || base + n > 1000000))
    return ig__fail(IG_USAGE, "--epochs %s: added to %s it is no number up to 1000000", text, o->epochs);
  *out = (int)(base + n);
  return IG_OK;
}

ig_status ig__plan_read(ig__trainer *t, const ig_train_options *asked) {
  const ig_train_options *o = t->options;
  const char *epochs = given(asked, "epochs") ? asked->epochs : o->epochs;
  bool descent;
  if (*o->time && (!ig__parse_seconds(o->time, &t->time_limit) || t->time_limit <= 0))
    return ig__fail(IG_USAGE, "--time %s: a length of time like 90, 10m or 1.5h is wanted", o->time);
  if (strcmp(epochs, "time") != 0) return read_number(asked, o, &t->epochs);
  if (t->time_limit <= 0) return ig__fail(IG_USAGE, "--epochs time: how long? Give --time");
  /* A descent has no schedule to bring to its end: it goes on until the time is over. */
  IG__TRY(ig__optimizer_is_descent(o->optimizer, &descent));
  t->planning = !descent;
  t->epochs = descent ? 1000000 : 1;
  return IG_OK;
}

static int epochs_of(const ig__trainer *t, int64_t steps) { return (int)((steps + t->steps_per_epoch - 1) / t->steps_per_epoch); }

void ig__plan_resume(ig__trainer *t, const ig_train_options *asked) {
  ig__run_state *s = &t->state;
  if (!t->planning) { /* a number of epochs was asked for, now or from the start */
    s->planned_steps = s->plan_step = 0;
    s->plan_place = 0;
    return;
  }
  t->epochs = (int)s->epoch + 1;
  if (!s->planned_steps) return;
  t->epochs = epochs_of(t, s->planned_steps);
  t->planning = false;
  if (!given(asked, "time")) t->time_limit = 0; /* it was the plan's */
}

/* The place in the schedule before update `step`, 0 … 1. */
static double place_at(const ig__run_state *s, int64_t step) {
  if (!s->planned_steps) return 0;
  if (step >= s->planned_steps) return 1;
  return s->plan_place + (1 - s->plan_place) * (double)(step - s->plan_step) / (double)(s->planned_steps - s->plan_step);
}

int64_t ig__plan_steps(const ig__trainer *t) {
  return t->state.planned_steps ? t->state.planned_steps : t->steps_per_epoch * t->epochs;
}

ig__progress ig__plan_progress(const ig__trainer *t, int64_t step) {
  const ig__run_state *s = &t->state;
  int64_t total = ig__plan_steps(t);
  if (s->planned_steps || t->planning) {
    double place = place_at(s, step);
    /* As many steps as would bring this one to its place; before there is a plan, more than there will ever be. */
    total = place > 0 ? (int64_t)((double)step / place + 0.5) : s->planned_steps ? s->planned_steps : INT64_MAX / 2;
    if (place >= 1 && total > step) total = step;
  }
  return (ig__progress){.step = step, .total_steps = total > 0 ? total : 1, .steps_per_epoch = t->steps_per_epoch,
                        .state = s->schedule};
}

bool ig__plan_ended(const ig__trainer *t) {
  const ig__run_state *s = &t->state;
  if (s->planned_steps) return s->step >= s->planned_steps;
  return !t->planning && s->epoch >= t->epochs;
}

/* Steps that can still be made, when those so far took `train_seconds`, with their share of measuring, and with what the end takes. */
static int64_t steps_left(const ig__trainer *t, double left, double train_seconds, int64_t steps) {
  double step = train_seconds / (double)steps, val = (double)t->samples.count[IG__VAL], test = (double)t->samples.count[IG__TEST];
  double picture = t->measured ? t->measure_seconds / (double)t->measured
                               : FORWARD_SHARE * step / ((double)t->options->batch * t->options->accumulate);
  double end = (2 * val + test) * picture, each = val * picture / (double)t->steps_per_epoch;
  double count = (left - end) / (step + each);
  return count > 0 ? (int64_t)count : 0;
}

ig_status ig__plan_mend(ig__trainer *t, double now) {
  ig__run_state *s = &t->state;
  double left = t->began + t->time_limit - now;
  int64_t steps = s->step - t->first_step;
  if (!t->planning || (now < t->next_plan && left > 0) || (steps < LEAST_STEPS && left > 0)) return IG_OK;
  bool first = !s->planned_steps;
  double place = place_at(s, s->step);
  int64_t more = steps > 0 && left > 0 ? steps_left(t, left, now - t->first_time - t->validating_seconds, steps) : 0;
  s->plan_place = place;
  s->plan_step = s->step;
  s->planned_steps = s->step + more > 0 ? s->step + more : 1;
  t->epochs = epochs_of(t, s->planned_steps);
  t->next_plan = now + NEXT_SHARE * left;
  if (!first) return IG_OK;
  ig__log(t->context, IG_LOG_INFO, "about %d epochs are planned, to end after %s; the result depends on the speed of this machine", t->epochs,
          t->options->time);
  return ig__trainer_note(t, "planned by --time %s: %lld steps at first, mended as the speed changes", t->options->time,
                          (long long)s->planned_steps);
}

void ig__plan_start(ig__trainer *t, double now) {
  t->first_time = now;
  t->first_step = t->state.step;
  t->next_plan = now + FIRST_SHARE * t->time_limit;
}

bool ig__plan_out_of_patience(const ig__trainer *t) {
  const ig__run_state *s = &t->state;
  return t->options->patience > 0 && t->samples.count[IG__VAL] && s->best_epoch && s->epoch - s->best_epoch >= t->options->patience;
}
