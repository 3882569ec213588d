/* The watch over the learning rate: five causes, each with a rule whose numbers stand below and in docs/learning-rate.md. They were
 * set on runs of textbook, mlp, resnet8 and small under sgd, momentum and adam at rates from a thousandth to a thousand times the
 * default (tests/unit/train/test_rate_watch.c has the ones that must speak and the ones that must not). */
#include "train/rate_watch.h"
#include "base/text.h"

#include <math.h>

#define MEMORY_PICTURES 640  /* of the running mean: 640 pictures, at least 8 steps and 200 at most */
#define DIVERGED 2           /* the running mean over the reference */
#define SWING 0.15           /* of the reference: a rise that counts, and a fall that ends it */
#define SWINGS 3
#define FIRST_BLOCK 25       /* steps */
#define SURE 4               /* standard errors */
#define EVEN 0.6             /* fall of the second half over that of the first: a run that learns slows down more than this */
#define HIGH 0.7             /* of the start: the loss in which a crawling run would end */
#define VERY_FAR 2           /* norm of the weights over that at the start */
#define FAR 1.2              /* the same, for a run whose loss has risen at some time: */
#define SPIKE 1.1            /* the largest running mean over the loss of knowing nothing */
#define FLAT 0.02            /* of the loss of knowing nothing */
#define LONG 400             /* steps without any movement */
#define UNMOVED 0.002        /* of the norm of the weights */

/* ---- values to try ----------------------------------------------------------------------------------------------------- */

/* 1, 2 or 5 times a power of ten, the nearest by ratio; as exact as its text. */
static double round_rate(double v) {
  static const int digits[] = {1, 2, 5};
  double best = v, least = INFINITY;
  for (int ten = -15; ten < 9; ten++)
    for (int i = 0; i < 3; i++) {
      char text[32];
      double c = v;
      ig__snprintf(text, sizeof text, "%de%d", digits[i], ten);
      (void)ig__parse_double(text, &c);
      double ratio = c > v ? c / v : v / c;
      if (ratio < least) best = c;
      least = fmin(ratio, least);
    }
  return best;
}

static bool is_high(int cause) { return cause <= IG_RATE_STUCK; }

/* The first evidence for a direction is told, and no more of it. */
static int tell(ig__rate_watch *w, const ig__rate_step *s, int cause, double factor, double a, double b, double c) {
  for (int i = 0; i < IG_RATE_CAUSES; i++)
    if (w->told[i].step > 0 && is_high(i) == is_high(cause)) return -1;
  w->told[cause].step = (double)s->step;
  w->told[cause].lr = s->base;
  w->told[cause].try_lr = round_rate(s->base * factor);
  w->told[cause].evidence[0] = a;
  w->told[cause].evidence[1] = b;
  w->told[cause].evidence[2] = c;
  return cause;
}

/* ---- the running mean: too high ------------------------------------------------------------------------------------------ */

/* A swing: up from the lowest by a part of the reference, and down again by as much. */
static bool swung(ig__rate_watch *w, double mean) {
  const double enough = SWING * w->reference;
  if (mean < w->low) w->low = mean;
  if (w->high <= 0 && mean > w->low + enough) w->high = mean;
  if (w->high <= 0) return false;
  if (mean > w->high) w->high = mean;
  if (mean > w->high - enough) return false;
  w->high = 0;
  w->low = mean;
  w->swings++;
  return true;
}

static int judge_mean(ig__rate_watch *w, const ig__rate_step *s) {
  double steps = MEMORY_PICTURES / (double)s->pictures, memory = 1 - 1 / (steps < 8 ? 8 : steps > 200 ? 200 : steps);
  w->mean = memory * w->mean + (1 - memory) * s->loss;
  w->weight = memory * w->weight + (1 - memory);
  double mean = w->mean / w->weight;
  if (s->step == 1) w->low = mean;
  if (mean > w->top) w->top = mean;
  if (mean > DIVERGED * w->reference) return tell(w, s, IG_RATE_DIVERGING, 0.1, w->start, mean, 0);
  if (swung(w, mean) && w->swings >= SWINGS) return tell(w, s, IG_RATE_OSCILLATING, 0.3, w->swings, w->start, 0);
  return -1;
}

/* ---- blocks of steps: stuck, crawling, still ------------------------------------------------------------------------------ */

/* Takes the loss in; true when the last block has become full. */
static bool gather(ig__rate_watch *w, double loss) {
  int b = (int)w->blocks;
  if (w->block_steps <= 0) w->block_steps = FIRST_BLOCK;
  w->sum[b] += loss;
  w->squares[b] += loss * loss;
  if (++w->filled < w->block_steps) return false;
  w->filled = 0;
  return ++w->blocks == IG__RATE_BLOCKS;
}

/* Two blocks become one; there is room for as many again. */
static void merge(ig__rate_watch *w) {
  for (int i = 0; i < IG__RATE_BLOCKS; i++) {
    bool low = i < IG__RATE_BLOCKS / 2;
    w->sum[i] = low ? w->sum[2 * i] + w->sum[2 * i + 1] : 0;
    w->squares[i] = low ? w->squares[2 * i] + w->squares[2 * i + 1] : 0;
  }
  w->blocks = IG__RATE_BLOCKS / 2;
  w->block_steps *= 2;
}

/* How the blocks' means fall: over all of them by a straight line, with its standard error; in their first and second half. */
typedef struct trend { double mean, last, fall, error, first, second; } trend;

static trend trend_of(const ig__rate_watch *w) {
  const int n = IG__RATE_BLOCKS;
  double m[IG__RATE_BLOCKS], slope = 0, variance = 0, spread = 0;
  trend t = {.mean = 0};
  for (int i = 0; i < n; i++) {
    double x = i - (n - 1) / 2.0;
    m[i] = w->sum[i] / w->block_steps;
    double scatter = w->squares[i] / w->block_steps - m[i] * m[i];
    t.mean += m[i] / n;
    slope += x * m[i];
    spread += x * x;
    variance += x * x * (scatter > 0 ? scatter : 0) / w->block_steps;
  }
  t.fall = -slope / spread * n;
  t.error = sqrt(variance) / spread * n;
  t.first = (m[0] + m[1]) / 2 - (m[3] + m[4]) / 2;
  t.second = (m[3] + m[4]) / 2 - (m[6] + m[7]) / 2;
  t.last = (m[6] + m[7]) / 2;
  return t;
}

static int judge_blocks(ig__rate_watch *w, const ig__rate_step *s) {
  const trend t = trend_of(w);
  const double steps = w->block_steps * IG__RATE_BLOCKS, left = s->steps > s->step ? (double)(s->steps - s->step) : 0;
  const bool falls = t.fall > SURE * t.error;
  if (falls && t.second > EVEN * t.first && s->steps > 0) {
    double pace = t.fall / steps, end = t.last - pace * left;
    if (end <= HIGH * w->start) return -1;
    /* Three times what would bring the loss down in the time, as far as it falls evenly. */
    double factor = 3 * w->start / (pace * (double)s->steps);
    return tell(w, s, IG_RATE_CRAWLING, factor < 3 ? 3 : factor > 100 ? 100 : factor, steps, w->start - t.last, end);
  }
  const double norm = s->norm(s->user) / w->norm, nothing = s->chance > 0 ? s->chance : w->start, flat = FLAT * nothing;
  const bool far = norm > VERY_FAR || (norm > FAR && w->top > SPIKE * nothing);
  if (far && fabs(t.last - nothing) < flat && fabs(t.second) < flat)
    return tell(w, s, IG_RATE_STUCK, 0.1, steps / 2, t.last, norm);
  if (steps >= LONG && fabs(t.fall) < SURE / 2 * t.error && fabs(norm - 1) < UNMOVED && t.mean > w->reference / 2)
    return tell(w, s, IG_RATE_STILL, 100, steps, t.mean, fabs(norm - 1));
  return -1;
}

int ig__rate_watch_step(ig__rate_watch *w, const ig__rate_step *s) {
  if (s->step == 1) {
    w->start = s->loss;
    w->reference = s->chance > s->loss ? s->chance : s->loss;
    w->norm = s->norm(s->user);
  }
  if (!isfinite(s->loss)) return tell(w, s, IG_RATE_DIVERGING, 0.1, w->start, s->loss, 0);
  int cause = judge_mean(w, s);
  /* While a warm-up or a schedule keeps the rate low, a slow fall says nothing about the run's rate. */
  if (2 * s->lr < s->base || !gather(w, s->loss)) return cause;
  int slow = judge_blocks(w, s);
  merge(w);
  return cause >= 0 ? cause : slow;
}

/* ---- words ---------------------------------------------------------------------------------------------------------------- */

static const char *const names[IG_RATE_CAUSES] = {"diverging", "oscillating", "stuck", "crawling", "still"};

bool ig__rate_watch_told(const ig__rate_watch *w, int cause, ig_rate_warning *out) {
  if (!(w->told[cause].step > 0)) return false;
  const double *e = w->told[cause].evidence;
  char lr[32], try_lr[32], text[240];
  *out = (ig_rate_warning){.cause = (ig_rate_cause)cause, .name = names[cause], .too_high = is_high(cause),
                           .step = (int64_t)w->told[cause].step, .lr = w->told[cause].lr, .try_lr = w->told[cause].try_lr};
  switch (cause) {
  case IG_RATE_DIVERGING:
    if (isfinite(e[1])) ig__snprintf(text, sizeof text, "the loss began at %.3g and is now %.3g, as a mean of the last steps", e[0], e[1]);
    else ig__snprintf(text, sizeof text, "the loss began at %.3g and is no number any more", e[0]);
    break;
  case IG_RATE_OSCILLATING:
    ig__snprintf(text, sizeof text, "%.0f times the loss has risen and fallen again by more than a quarter of the %.3g it began at, as a mean of the last steps",
                 e[0], e[1]);
    break;
  case IG_RATE_STUCK:
    ig__snprintf(text, sizeof text, "for %.0f steps the loss has been %.3g, where knowing nothing is, and the weights have %.3g times their first norm",
                 e[0], e[1], e[2]);
    break;
  case IG_RATE_CRAWLING:
    ig__snprintf(text, sizeof text, "in %.0f steps the loss fell by %.2g, evenly; at this pace it will be %.3g when the run ends", e[0], e[1], e[2]);
    break;
  default:
    ig__snprintf(text, sizeof text, "in %.0f steps the loss stayed at %.3g, and the norm of the weights changed by %.2g%%", e[0], e[1], 100 * e[2]);
  }
  ig__snprintf(out->words, sizeof out->words, "the learning rate %s is too %s (%s): step %lld: %s. Try --lr %s, or ask imgrad lr-find",
               ig__print_double(lr, out->lr), out->too_high ? "high" : "low", out->name, (long long)out->step, text,
               ig__print_double(try_lr, out->try_lr));
  return true;
}
