/* How the training went, in a sentence, from rules that the report states with the figures they looked at. */
#include "base/text.h"
#include "train/lambda.h"
#include "train/report/report.h"

#include <math.h>
#include <string.h>

/* The rules' numbers. */
#define RISE 1.1       /* the validation loss at the end over its least value */
#define GAP 0.05       /* training accuracy − validation accuracy */
#define FALLING 0.9    /* the validation loss at the end over that a fifth of the epochs before */
#define LOW 0.9        /* training accuracy */
#define ENOUGH 0.99    /* accuracy from which on a falling loss changes little */

static bool same_sign_gap(const ig_epoch *e) { return e->val.n > 0 && e->train.accuracy - e->val.accuracy >= GAP; }

static int least_loss(const ig__run_state *s) {
  int least = 0;
  for (int i = 1; i < (int)s->history_count; i++)
    if (s->history[i].val.data_loss < s->history[least].val.data_loss) least = i;
  return least;
}

/* The validation loss has turned round while the training loss went on falling. The end is the mean of the last two epochs:
 * one epoch alone jumps on small validation parts. */
static bool has_turned(const ig__run_state *s, int *since, char why[512]) {
  int count = (int)s->history_count, least = least_loss(s);
  const ig_epoch *h = s->history;
  if (least > count - 3) return false;
  double end = (h[count - 1].val.data_loss + h[count - 2].val.data_loss) / 2, before = h[least].val.data_loss;
  double train = h[count - 1].train.data_loss;
  if (!(end >= RISE * before) || !(train < h[least].train.data_loss)) return false;
  *since = h[least].epoch + 1;
  ig__snprintf(why, 512, "the validation loss was least after epoch %d (%.4g) and has risen to %.4g since, while the training loss went on "
               "falling from %.4g to %.4g", h[least].epoch, before, end, h[least].train.data_loss, train);
  return true;
}

/* Training and validation have come apart, and stayed so to the end. */
static bool has_gap(const ig__run_state *s, int *since, char why[512]) {
  int i = (int)s->history_count - 1;
  const ig_epoch *last = &s->history[i];
  if (!same_sign_gap(last) || last->val.accuracy_high >= last->train.accuracy) return false;
  while (i > 0 && same_sign_gap(&s->history[i - 1])) i--;
  *since = s->history[i].epoch;
  ig__snprintf(why, 512, "the training pictures are answered %.1f %% right and the validation pictures %.1f %%: more than %.0f points apart from "
               "epoch %d on", 100 * last->train.accuracy, 100 * last->val.accuracy, 100 * GAP, *since);
  return true;
}

static bool is_learning(const ig__run_state *s, char why[512]) {
  int count = (int)s->history_count, back = count / 5 > 1 ? count / 5 : 1;
  if (count < 2) return false;
  const ig_epoch *end = &s->history[count - 1], *before = &s->history[count - 1 - back];
  bool val = end->val.n > 0;
  double now = val ? end->val.data_loss : end->train.data_loss, then = val ? before->val.data_loss : before->train.data_loss;
  if (!(now < FALLING * then) || (val ? &end->val : &end->train)->accuracy >= ENOUGH || (val && least_loss(s) != count - 1)) return false;
  ig__snprintf(why, 512, "the %s loss was still falling when training ended, from %.4g to %.4g %s", val ? "validation" : "training", then, now,
               back == 1 ? "in the last epoch" : "in the last fifth of the epochs");
  return true;
}

static bool is_low(const ig_epoch *last, char why[512]) {
  if (!(last->train.accuracy < LOW)) return false;
  ig__snprintf(why, 512, "only %.1f %% of the training pictures themselves are answered right", 100 * last->train.accuracy);
  return true;
}

ig__verdict ig__report_judge(const ig__run_state *s, double baseline, int *since, char why[512]) {
  *since = 0;
  why[0] = 0;
  if (!s->history_count) return IG__VERDICT_NONE;
  const ig_epoch *last = &s->history[s->history_count - 1];
  bool val = last->val.n > 0;
  const ig_metrics *m = val ? &last->val : &last->train;
  if (m->accuracy_low <= baseline) {
    ig__snprintf(why, 512, "%.1f %% of the %s pictures are answered right, and always answering the commonest class gives %.1f %%",
                 100 * m->accuracy, val ? "validation" : "training", 100 * baseline);
    return IG__VERDICT_NOTHING;
  }
  if (val && (has_turned(s, since, why) || has_gap(s, since, why))) return IG__VERDICT_OVER;
  if (is_learning(s, why) || is_low(last, why)) return IG__VERDICT_UNDER;
  ig__snprintf(why, 512, val ? "the validation loss is near its least value, and training and validation are not far apart (%.1f %% and %.1f %%)"
                             : "%.1f %% of the training pictures are answered right; without a validation part over-fitting cannot be seen",
               100 * last->train.accuracy, 100 * last->val.accuracy);
  return IG__VERDICT_GOOD;
}

static const char *const advice[5][5] = {
  [IG__VERDICT_NOTHING] = {"another learning rate: ten times smaller, then ten times larger (<code>--lr</code>)",
                           "whether the labels fit the pictures: see the training pictures below", "more epochs (<code>--epochs</code>)", NULL},
  [IG__VERDICT_OVER] = {"more training pictures, which help most",
                        "an L2 penalty, <code>--l2 1e-4</code>, then three times more or less; or <code>--weight-decay 0.01</code>",
                        "<code>dropout 0.5</code> before the last layer of the model", "fewer epochs, or a smaller model", NULL},
  [IG__VERDICT_UNDER] = {"more epochs: <code>imgrad train --resume RUN --epochs +10</code>",
                         "a learning rate three times larger (<code>--lr</code>)", "a larger model, or less of what holds it back (λ, dropout)", NULL},
  [IG__VERDICT_GOOD] = {"a look at the pictures that were wrong: labels may be",
                        "several seeds (<code>--seed</code>) before two runs are compared: they differ by more than one thinks", NULL},
};

static void rules(ig__buffer *out) {
  char share[4][48];
  ig__html_details(out, "How this is judged");
  ig__buffer_text(out, "<p>The first rule that holds decides. Losses are those of the data, without penalties.</p><ol>"
    "<li><b>Has learnt nothing</b>: the 95&nbsp;%% interval of the accuracy reaches down to that of always answering the commonest class.</li>"
    "<li><b>Over-fitting</b>: the validation loss, as the mean of the last two epochs, is %.0f&nbsp;%% above its least value, at least two epochs have "
    "passed since, and the training loss is lower than it was then; or the training accuracy is %s above that of validation, which it exceeds by "
    "more than chance (95&nbsp;%%). The epoch named is the first after the least loss, or the first of the gap.</li>"
    "<li><b>Under-fitting</b>: the validation loss was least at the end and fell by more than %s in the last fifth of the epochs, with an accuracy below %s; or the training "
    "accuracy is below %s.</li><li><b>Good</b>: none of these.</li></ol><p class=\"soft\">Training figures are means over an epoch, taken while the "
    "weights move and with dropout and augmentation at work, so they lag behind those of validation.</p>\n", 100 * (RISE - 1),
    ig__unit_text(share[0], IG__UNIT_SHARE, GAP), ig__unit_text(share[1], IG__UNIT_SHARE, 1 - FALLING), ig__unit_text(share[2], IG__UNIT_SHARE, ENOUGH),
    ig__unit_text(share[3], IG__UNIT_SHARE, LOW));
  ig__html_details_end(out);
}

/* What the watch over the learning rate saw. */
static void rate_warnings(const ig__run_view *view, ig__buffer *out) {
  ig_rate_warning w;
  for (int i = 0; i < IG_RATE_CAUSES; i++) {
    if (!ig__rate_watch_told(&view->state->watch, i, &w)) continue;
    ig__buffer_text(out, "<p data-name=\"rate.%s\" data-value=\"%lld\">", w.name, (long long)w.step);
    ig__html_text(out, w.words);
    ig__buffer_text(out, "</p>\n");
  }
}

/* Layers that went to nothing. */
static void collapses(const ig__run_view *view, ig__buffer *out) {
  const ig__layer_norms *s = &view->state->norms;
  char words[320];
  for (size_t i = 0; i < s->count; i++) {
    if (!(s->layer[i].step > 0)) continue;
    ig__norms_words(&s->layer[i], words);
    ig__buffer_text(out, "<p data-name=\"collapsed.%zu\" data-value=\"%.0f\">", i, s->layer[i].epoch);
    ig__html_text(out, words);
    ig__buffer_text(out, "</p>\n");
  }
}

void ig__report_verdict(const ig__run_view *view, ig__buffer *out) {
  static const char *const word[] = {"none", "nothing", "over", "under", "good"};
  static const char *const title[] = {"No epoch has ended", "It has learnt nothing", "Over-fitting", "Under-fitting", "Good"};
  char why[512];
  int since;
  ig__verdict v = ig__report_judge(view->state, view->baseline, &since, why);
  ig__buffer_text(out, "<section id=\"verdict\" class=\"verdict %s\" data-name=\"verdict\" data-value=\"%s\">\n<h2>How it went</h2>\n<p><b>%s", word[v],
                  word[v], title[v]);
  if (since) ig__buffer_text(out, " since epoch <span data-name=\"verdict.since\" data-value=\"%d\">%d</span>", since, since);
  ig__buffer_text(out, "</b>%s", *why ? ": " : ".");
  ig__html_text(out, why);
  ig__buffer_text(out, *why ? ".</p>\n" : "</p>\n");
  if (v == IG__VERDICT_OVER && view->state->best_epoch > 0)
    ig__buffer_text(out, "<p>The weights kept are those of epoch %lld, the best of validation, so the model does not carry the worst of it.</p>\n",
                    (long long)view->state->best_epoch);
  rate_warnings(view, out);
  collapses(view, out);
  if (advice[v][0]) ig__buffer_text(out, "<p>Worth trying:</p><ul>");
  for (int i = 0; advice[v][i]; i++) ig__buffer_text(out, "<li>%s</li>", advice[v][i]);
  if (advice[v][0]) ig__buffer_text(out, "</ul>\n");
  rules(out);
  ig__html_section_end(out);
}
