/* The verb tune: reads what is to be tried, has the search done, chooses, refits, and writes it all down. */
#include "base/text.h"
#include "sweep/tune.h"

#include <math.h>
#include <string.h>

/* ---- what is asked for ------------------------------------------------------------------------------------------------------------- */

static ig_status check_word(const char *name, const char *text, const char *const *words) {
  char all[128] = "";
  size_t count = 0, at = 0;
  for (; words[count]; count++) {
    if (!strcmp(words[count], text)) return IG_OK;
    at += (size_t)ig__snprintf(all + at, sizeof all - at, "%s%s", count ? ", " : "", words[count]);
  }
  const char *near = ig__nearest(text, words, count);
  if (near) return ig__fail(IG_USAGE, "--%s %s: not known; did you mean %s?", name, text, near);
  return ig__fail(IG_USAGE, "--%s %s: not known; known: %s", name, text, all);
}

static ig_status check_words(const ig_tune_options *o) {
  static const char *const searches[] = {"grid", "random", "halving", "path", NULL}, *const by[] = {"loss", "error", NULL},
                    *const choices[] = {"minimum", "one-se", NULL}, *const yes[] = {"yes", "no", NULL};
  IG__TRY(check_word("search", o->search, searches));
  IG__TRY(check_word("by", o->by, by));
  IG__TRY(check_word("choose", o->choose, choices));
  IG__TRY(check_word("refit", o->refit, yes));
  if (o->spreads < 1)
    return ig__fail(IG_USAGE, "tune: nothing to choose from; give an option of train several values: --l2 1e-6..1e-1:log, or --optimizer sgd,adam");
  if (*o->train.fold || *o->train.test_fold) return ig__fail(IG_USAGE, "tune: it makes the folds itself, by --folds; leave --fold and --test-fold out");
  if (o->folds > 1 && o->train.val > 0)
    return ig__fail(IG_USAGE, "--val %g: with %d folds each of them validates once; give --folds 1 to choose by one validation part", o->train.val, o->folds);
  if (o->nested && o->folds < 2) return ig__fail(IG_USAGE, "--nested: its outer folds are as many as --folds, two at least");
  if (!strcmp(o->refit, "yes") && !strncmp(o->train.lambda_schedule, "gap", 3))
    return ig__fail(IG_USAGE, "--lambda-schedule %s: it looks at the loss of validation, and the refit on all training pictures has none; give --refit no, or "
                    "another schedule", o->train.lambda_schedule);
  if (!strcmp(o->train.epochs, "time"))
    return ig__fail(IG_USAGE, "--epochs time: runs whose length the clock decides cannot be compared; --time limits the search, --epochs says how long a run is");
  return IG_OK;
}

static ig_status read_spreads(ig__tune *t) {
  static const char *const stronger[] = {"l2", "l1", "weight_decay"};
  const ig__option *table = ig__verb_table(IG_VERB_TRAIN);
  t->penalty = -1;
  for (int i = 0; i < t->options->spreads; i++) {
    const ig_tune_spread *s = &t->options->spread[i];
    int row = ig__option_row(table, s->name);
    if (row < 0) return ig__fail(IG_USAGE, "tune: train has no option '%s'", s->name);
    t->option[i] = &table[row];
    IG__TRY(ig__values_parse(&table[row], s->values, &t->values[i]));
    t->dims++;
    if (!strcmp(s->name, "loss") && t->options->by[0] == 'l')
      return ig__fail(IG_USAGE, "--loss %s: the least of two different losses says nothing; choose --by error", s->values);
    for (size_t k = 0; k < sizeof stronger / sizeof stronger[0]; k++)
      if (t->penalty < 0 && !strcmp(s->name, stronger[k])) t->penalty = i;
  }
  return IG_OK;
}

static ig_status check_search(ig__tune *t) {
  const ig_tune_options *o = t->options;
  int64_t epochs = 0;
  if (o->choose[0] == 'o' && (t->penalty < 0 || o->folds < 2))
    return ig__fail(IG_USAGE, "--choose one-se: wants one of l2, l1, weight_decay among what is tuned, and two folds at least: it is the strongest "
                    "penalty within a standard error over the folds");
  if (!strcmp(o->search, "path") && (t->dims != 1 || t->penalty < 0))
    return ig__fail(IG_USAGE, "--search path: goes along one penalty, l2, l1 or weight_decay, and nothing else");
  if (strcmp(o->search, "halving") != 0) return IG_OK;
  for (int d = 0; d < t->dims; d++)
    if (!strcmp(t->option[d]->name, "epochs")) return ig__fail(IG_USAGE, "--search halving: it divides the epochs itself; give --epochs one value");
  bool given = o->train.given >> ig__option_row(ig__verb_table(IG_VERB_TRAIN), "epochs") & 1;
  if (!given && !*o->train.model)
    return ig__fail(IG_USAGE, "--search halving: how long is a whole run? Give --epochs (or --model, for its default of %s)", o->train.epochs);
  if (!ig__parse_i64(o->train.epochs, &epochs) || epochs < 1 || epochs > 1000000)
    return ig__fail(IG_USAGE, "--epochs %s: a number up to 1000000 is wanted", o->train.epochs);
  t->epochs = (int)epochs;
  return IG_OK;
}

/* ---- a new folder, or an old one ------------------------------------------------------------------------------------------------------ */

/* A tune that goes on does so with its own options; what changes no figure may differ. */
static ig_status resume_options(const ig_tune_options *asked, ig_tune_options *out) {
  const ig_tune_options usual = ig_tune_options_default();
  bool other = asked->spreads > 0 || ig__saved_differs(&asked->train, "time");
  for (const ig__option *o = ig__verb_table(IG_VERB_TUNE); o->name; o++)
    other |= o->type == IG__OPTION_TEXT ? strcmp((const char *)asked + o->offset, (const char *)&usual + o->offset) != 0
                                        : memcmp((const char *)asked + o->offset, (const char *)&usual + o->offset, o->size) != 0;
  if (other)
    return ig__fail(IG_USAGE, "--resume goes on with its own options (%s/tune.yaml); only --time, --threads, --workers and --checkpoint-every may be given "
                    "with it", asked->train.resume);
  IG__TRY(ig__tune_load_options(asked->train.resume, out));
  memcpy(out->train.time, asked->train.time, sizeof out->train.time);
  return ig__saved_take(&asked->train, &out->train);
}

static ig_status open_folder(ig__tune *t) {
  const ig_train_options *o = &t->options->train;
  if (*o->resume) {
    memcpy(t->folder, o->resume, sizeof t->folder);
    return IG_OK;
  }
  IG__TRY(ig__folder_make(o->out, "tune", t->folder));
  return ig__tune_save_options(t);
}

/* ---- the search ------------------------------------------------------------------------------------------------------------------------ */

static int number_of(const ig__sweep_run *run, const char *name) {
  for (int i = 0; i < run->settings; i++) {
    const char *text = run->setting[i].value;
    if (strcmp(run->setting[i].name, name) != 0) continue;
    int n = 0;
    for (; *text >= '0' && *text <= '9'; text++) n = 10 * n + (*text - '0');
    return n;
  }
  return 0;
}

static void on_ended(void *user, const ig__sweep_run *run, int done, int count) {
  ig__tune *t = user;
  char setting[IG_PATH_SIZE], folder[2 * IG_PATH_SIZE];
  ig__trial trial = {.rungs = 0};
  if (!t->events || !t->events->run) return;
  for (int d = 0; d < t->dims; d++) trial.value[d] = run->setting[d].value;
  ig__snprintf(folder, sizeof folder, "%s/runs/%s", t->folder, run->name);
  const ig__sweep_result *r = &run->result;
  ig_tune_run told = {.folder = folder, .setting = ig__trial_text(t, &trial, setting), .fold = number_of(run, "fold"),
                      .outer = number_of(run, "test_fold"), .done = done, .count = count, .status = r->status, .epochs = r->epochs,
                      .best_epoch = r->best_epoch, .val = r->val, .test = r->test};
  t->events->run(t->events->user, &told);
}

static ig_status on_stop(void *user) {
  ig__tune *t = user;
  return t->events && t->events->stop ? t->events->stop(t->events->user) : IG_OK;
}

/* Outer folds: the search on what each leaves, the choice trained on that and measured on the fold, which no choice has seen. */
static ig_status search_outer(ig__tune *t) {
  int outers = t->options->folds;
  if (!t->options->nested) return IG_OK;
  if (!(t->outer = ig__arena_take(t->arena, (size_t)outers, sizeof *t->outer))) return IG_NO_MEMORY;
  t->outers = outers;
  for (int j = 0; j < outers; j++) {
    ig__search *s = &t->outer[j];
    s->outer = j + 1;
    s->minimum = s->one_se = s->chosen = -1;
    if (ig__sweep_is_over(t->sweep)) continue;
    IG__TRY(ig__search_do(t, s));
    if (s->complete && s->chosen >= 0) IG__TRY(ig__search_refit(t, s));
  }
  return IG_OK;
}

static ig_status do_all(ig__tune *t, ig_tune_result *r) {
  double seconds = 0;
  if (*t->options->train.time && (!ig__parse_seconds(t->options->train.time, &seconds) || seconds <= 0))
    return ig__fail(IG_USAGE, "--time %s: a length of time like 90, 10m or 1.5h is wanted", t->options->train.time);
  if (seconds > 0) ig__sweep_set_deadline(t->sweep, t->began + seconds);
  IG__TRY(ig__search_do(t, &t->search));
  if (t->search.chosen >= 0) IG__TRY(search_outer(t));
  if (ig__sweep_is_over(t->sweep)) r->stopped = "time";
  if (t->search.chosen < 0 && t->search.complete)
    return ig__fail(IG_DIVERGED, "%s: every setting diverged; a smaller learning rate or --clip 1 may help", t->folder);
  if (t->search.chosen < 0) {
    ig__log(t->context, IG_LOG_WARNING, "the time was over before any setting had been tried on every fold; nothing is chosen yet");
    return IG_OK;
  }
  /* One run more, whatever the time: without it the search would be for nothing. */
  ig__sweep_set_deadline(t->sweep, 0);
  return !strcmp(t->options->refit, "yes") ? ig__search_refit(t, &t->search) : IG_OK;
}

/* ---- the result ------------------------------------------------------------------------------------------------------------------------ */

static void fill_nested(const ig__tune *t, ig_tune_result *r) {
  double accuracy[100], loss[100];
  for (int j = 0; j < t->outers; j++) {
    const ig__sweep_run *run = t->outer[j].refit;
    if (!run || run->result.status == IG_DIVERGED) continue;
    accuracy[r->nested] = run->result.test.accuracy;
    loss[r->nested++] = run->result.test.data_loss;
  }
  r->nested_accuracy = ig__score_of(accuracy, r->nested);
  r->nested_loss = ig__score_of(loss, r->nested);
}

static void fill(const ig__tune *t, ig_tune_result *r) {
  const ig__search *s = &t->search;
  r->settings = s->trials;
  for (int i = 0; i < s->trials; i++) {
    r->complete += s->trial[i].complete;
    r->diverged += s->trial[i].diverged;
  }
  fill_nested(t, r);
  if (s->minimum >= 0) ig__trial_text(t, &s->trial[s->minimum], r->minimum);
  if (s->one_se >= 0) ig__trial_text(t, &s->trial[s->one_se], r->one_se);
  if (s->chosen < 0) return;
  ig__trial_text(t, &s->trial[s->chosen], r->chosen);
  r->accuracy = s->trial[s->chosen].accuracy;
  r->loss = s->trial[s->chosen].loss;
  if (!s->refit) return;
  ig__snprintf(r->refit, sizeof r->refit, "%s/runs/%s", t->folder, s->refit->name);
  r->refit_epochs = s->refit->result.epochs;
  r->refit_val = s->refit->result.val;
  r->refit_test = s->refit->result.test;
}

static ig_status write_all(const ig__tune *t, ig_tune_result *r) {
  fill(t, r);
  r->seconds = ig__now() - t->began;
  IG__TRY(ig__tune_write_table(t));
  if (t->search.chosen >= 0) IG__TRY(ig__tune_write_best(t));
  return ig__tune_write_page(t, r);
}

/* Folds measure what the refit will be: no validation part chooses its epoch, so none should choose theirs, or settings whose figures
 * jump about would look good at their best moment. (λ = 0.0077 on 1,000 pictures of MNIST: 93.7 % at the best epochs, the best of ten
 * settings; 94.4 % on the test part at the last epoch, where λ = 0 has 95.6 %.) With a patience, the refit trains as long as the runs
 * were kept on the mean. */
static void keep_last(ig__tune *t) {
  bool given = t->base.given >> ig__option_row(ig__verb_table(IG_VERB_TRAIN), "keep") & 1, patience = t->base.patience > 0;
  for (int d = 0; d < t->dims; d++) patience |= !strcmp(t->option[d]->name, "patience") || !strcmp(t->option[d]->name, "keep");
  if (!given && !patience) strcpy(t->base.keep, "last");
}

static ig_status judge(const ig__tune *t, const ig_tune_result *r) {
  ig_status status = t->search.refit->result.status;
  if (status == IG_DIVERGED) return ig__fail(status, "%s: on all training pictures the choice diverged, as it did on no fold", r->refit);
  if (status != IG_BELOW_BAR) return status;
  return ig__fail(status, "%s: accuracy %.4f is below the %.4f asked for", r->refit, r->refit_test.n ? r->refit_test.accuracy : r->refit_val.accuracy,
                  t->options->train.min_accuracy);
}

static ig_status run(ig__tune *t, ig_tune_result *r) {
  const ig__sweep_events events = {.ended = on_ended, .stop = on_stop, .user = t};
  char *runs = NULL;
  IG__TRY(ig__options_check(IG_VERB_TUNE, t->options));
  IG__TRY(check_words(t->options));
  IG__TRY(read_spreads(t));
  IG__TRY(check_search(t));
  t->base = t->options->train;
  t->base.min_accuracy = 0; /* a bar is for the refit */
  strcpy(t->base.report, "no");
  keep_last(t);
  IG__TRY(open_folder(t));
  memcpy(r->out, t->folder, sizeof r->out);
  if (!(runs = ig__arena_format(t->arena, "%s/runs", t->folder))) return IG_NO_MEMORY;
  IG__TRY(ig__sweep_new(&(ig__sweep_options){.context = t->context, .folder = runs, .base = &t->base, .events = &events}, &t->sweep));
  ig_status status = do_all(t, r);
  /* A sweep that was stopped shows how far it came; its own words stay the last. */
  char message[IG__MESSAGE_SIZE];
  ig__message_take(message);
  ig_status written = t->search.trials ? write_all(t, r) : IG_OK;
  if (status == IG_OK) status = written;
  else ig__message_give(message);
  return status == IG_OK && t->search.refit ? judge(t, r) : status;
}

ig_status ig_tune(ig_context *context, const ig_tune_options *options, const ig_tune_events *events, ig_tune_result *result) {
  ig__tune *t = ig__alloc(1, sizeof *t);
  ig_tune_options *own = ig__alloc(1, sizeof *own);
  const ig_tune_score none = {(double)NAN, (double)NAN};
  *result = (ig_tune_result){.stopped = "", .accuracy = none, .loss = none, .nested_accuracy = none, .nested_loss = none};
  ig_status status = t && own && (t->arena = ig__arena_new()) ? IG_OK : IG_NO_MEMORY;
  if (status == IG_OK) {
    *own = *options;
    t->context = context;
    t->options = own;
    t->events = events;
    t->began = ig__now();
    t->search.minimum = t->search.one_se = t->search.chosen = -1;
    if (*options->train.resume) status = resume_options(options, own);
    if (status == IG_OK) status = run(t, result);
    ig__sweep_free(t->sweep);
    for (int d = 0; d < t->dims; d++) ig__values_free(&t->values[d]);
  }
  if (t) ig__arena_free(t->arena);
  ig__free(t);
  ig__free(own);
  return ig__verb_end(context, status);
}
