/* Options by name, configuration files, and what a run that is taken up again may and may not change. */
#include "runs.h"

/* A text that nothing may take apart: quotes, backslashes, a comment's sign, control characters, and bytes of all kinds. */
static const char *const odd_texts[] = {
  "", " ", "a: b # c", "\"quoted\" and \\ back", "tab\tline\nend\r", "no", "null", "~", "0x10", "- [x]", "{a: b}", "&a *b !c |", "'single'",
  "Größe 猫", "\x7f\x01\x1f", "latin \xe4\xf6\xfc", "\xff\xfe\x80", "next line\xc2\x85 here", "nbsp\xc2\xa0", "ls\xe2\x80\xa8ps\xe2\x80\xa9",
  "bom\xef\xbb\xbfnone\xef\xbf\xbe", "cut \xe7\x8c", "%41 \\x41 \\u0041", "trailing ",
};

static void check_equal(ig_verb verb, const void *a, const void *b) {
  for (const ig__option *o = ig__verb_table(verb); o->name; o++) {
    const char *x = (const char *)a + o->offset, *y = (const char *)b + o->offset;
    bool same = o->type == IG__OPTION_TEXT ? strcmp(x, y) == 0 : memcmp(x, y, o->size) == 0;
    if (!same) test_fail(__FILE__, __LINE__, "%s is not what was written", o->name);
  }
}

static void round_trip(const ig_train_options *o) {
  ig__buffer text = {0};
  ig_train_options back = ig_train_options_default();
  ig__config_write(o, &text);
  CHECK_OK(ig__config_parse(IG_VERB_TRAIN, &back, text.data, text.size, "config.yaml"));
  ig__buffer_free(&text);
  check_equal(IG_VERB_TRAIN, o, &back);
}

TEST(every_option_reads_back) {
  ig_train_options o = ig_train_options_default();
  round_trip(&o);
  for (const ig__option *row = ig__verb_table(IG_VERB_TRAIN); row->name; row++) {
    char *at = (char *)&o + row->offset, number[32];
    const double tries[] = {row->min, row->max, row->min + (row->max - row->min) / 3};
    for (int i = 0; i < 3 && row->type != IG__OPTION_TEXT; i++) {
      bool whole = row->type == IG__OPTION_INT || row->type == IG__OPTION_I64;
      if (row->type == IG__OPTION_BOOL) snprintf(number, sizeof number, "%s", i ? "yes" : "no");
      else if (whole) snprintf(number, sizeof number, "%.0f", floor(tries[i]));
      else ig__print_double(number, tries[i]);
      CHECK_OK(ig_option_set(IG_VERB_TRAIN, &o, row->name, number));
      round_trip(&o);
    }
    for (size_t i = 0; i < sizeof odd_texts / sizeof odd_texts[0] && row->type == IG__OPTION_TEXT; i++) {
      if (strlen(odd_texts[i]) >= row->size) continue;
      strcpy(at, odd_texts[i]);
      round_trip(&o);
    }
  }
}

TEST(options_by_name) {
  ig_train_options o = ig_train_options_default();
  for (int verb = IG_VERB_TRAIN; verb <= IG_VERB_BENCH; verb++) {
    int count = 0;
    while (ig_option_name((ig_verb)verb, count)) count++;
    CHECK(count > 5);
    CHECK(ig_options_help((ig_verb)verb, NULL, 0) > 200);
  }
  CHECK_OK(ig_option_set(IG_VERB_TRAIN, &o, "l2-scale", "half"));
  CHECK_STR(o.l2_scale, "half");
  CHECK(o.given >> ig__option_row(ig__verb_table(IG_VERB_TRAIN), "l2-scale") & 1);
  CHECK(ig_option_is_switch(IG_VERB_TRAIN, "strict") && !ig_option_is_switch(IG_VERB_TRAIN, "batch"));
  CHECK(ig_option_is_switch(IG_VERB_TRAIN, "watch") && !ig_option_is_switch(IG_VERB_TRAIN, "tensorboard")); /* a port may be left out */
  CHECK_STATUS(ig_option_set(IG_VERB_TRAIN, &o, "bacth", "3"), IG_USAGE);
  CHECK_HAS(ig_last_error(), "batch");
  CHECK_STATUS(ig_option_set(IG_VERB_TRAIN, &o, "batch", "0"), IG_USAGE);
  CHECK_STATUS(ig_option_set(IG_VERB_TRAIN, &o, "batch", "many"), IG_USAGE);
  CHECK_INT(o.batch, 32);
}

/* Every recipe reads, says what it is, opens its model and its schedule; names are in order and none is a model's. */
TEST(recipes) {
  int count = 0;
  for (; ig_recipe_name(count); count++) {
    const char *name = ig_recipe_name(count);
    ig_train_options o = ig_train_options_default();
    ig__model *model;
    const ig__schedule *schedule;
    void *options;
    CHECK(count == 0 || strcmp(ig_recipe_name(count - 1), name) < 0);
    CHECK(strlen(ig_recipe_help(count)) > 10);
    CHECK_OK(ig_options_load(IG_VERB_TRAIN, &o, name));
    CHECK(o.given != 0);
    CHECK_STR(o.data, "digits");
    CHECK_STR(o.out, "");
    CHECK_OK(ig__model_open(o.model, 10, &model));
    CHECK_OK(ig__schedule_parse(o.schedule, &schedule, &options));
    ig__free(options);
    ig__model_free(model);
    for (int i = 0; ig_model_name(i); i++) CHECK(strcmp(ig_model_name(i), name) != 0);
  }
  CHECK(count > 0 && !ig_recipe_help(count) && !ig_recipe_text(count));
  ig_train_options o = ig_train_options_default();
  CHECK_STATUS(ig_options_load(IG_VERB_TRAIN, &o, "mnist-98"), IG_USAGE);
  CHECK_HAS(ig_last_error(), "did you mean mnist-99?");
  ig_eval_options e = ig_eval_options_default();
  CHECK_STATUS(ig_options_load(IG_VERB_EVAL, &e, "mnist-99"), IG_USAGE);
}

static void refused(const char *text, const char *part) {
  ig_train_options o = ig_train_options_default();
  ig_status status = ig__config_parse(IG_VERB_TRAIN, &o, (const uint8_t *)text, strlen(text), "run.yaml");
  if (status != IG_USAGE) test_fail(__FILE__, __LINE__, "%s: %s", text, ig_status_name(status));
  CHECK_HAS(ig_last_error(), part);
}

TEST(configuration_is_refused_with_its_line) {
  refused("batch: 3\nbacth: 4\n", "run.yaml:2: ");
  refused("bacth: 4\n", "batch");
  refused("# one\n\nlr: much\n", "run.yaml:3: ");
  refused("batch: 3\nlr: 1\nbatch: 4\n", "run.yaml:3: batch is given twice");
  refused("batch: 3\nl2-scale: half\nl2_scale: full\n", "run.yaml:3: ");
  refused("- batch\n", "run.yaml:1: ");
  refused("batch: [1, 2]\n", "run.yaml:1: ");
  refused("train:\n  batch: 3\n", "run.yaml:2: ");
  refused("lr: &a 1\nclip: *a\n", "run.yaml:2: ");
  refused("batch\n", "key: value");
  refused("data: \"open\n", "run.yaml:");
  refused("data: \"a\\0b\"\n", "zero byte");
  refused("data: !bytes \"\\u0100\"\n", "U+00FF");
  refused("batch:\n", "run.yaml:1: ");
}

/* The struct may have been filled in without ig_option_set. */
TEST(numbers_out_of_range_are_refused) {
  ig_context *context = threads(1);
  ig_train_options o = ig_train_options_default();
  ig_train_result result;
  strcpy(o.out, in_folder("never"));
  strcpy(o.model, "softmax");
  o.accumulate = 0;
  CHECK_STATUS(ig_train(context, &o, NULL, &result), IG_USAGE);
  CHECK_HAS(ig_last_error(), "accumulate is 0");
  o.accumulate = 1;
  o.lr = NAN;
  CHECK_STATUS(ig_train(context, &o, NULL, &result), IG_USAGE);
  o.lr = 0;
  memset(o.loss, 'x', sizeof o.loss);
  CHECK_STATUS(ig_train(context, &o, NULL, &result), IG_USAGE);
  o = ig_train_options_default();
  strcpy(o.l2_scale, "third");
  strcpy(o.out, in_folder("never"));
  CHECK_STATUS(ig_train(context, &o, NULL, &result), IG_USAGE);
  CHECK_HAS(ig_last_error(), "third");
  CHECK(!ig__file_exists(in_folder("never")));
  ig_context_free(context);
}

/* ---- taking a run up again --------------------------------------------------------------------------------------------- */

#define TINY "data", "digits train=50 test=10", "model", "softmax", "batch", "16"

static void refused_by_name(ig_context *context, const char *run, const char *key, const char *value) {
  ig_train_result result;
  char name[64];
  CHECK_STATUS(TRAIN(context, &result, NULL, "resume", run, key, value), IG_USAGE);
  snprintf(name, sizeof name, "--%s", key);
  CHECK_HAS(ig_last_error(), name);
}

TEST(resume_refuses_what_changes_results) {
  static const char *const others[][2] = {
    {"data", "random"}, {"model", "mlp"}, {"weights", "x"}, {"optimizer", "sgd"}, {"schedule", "cosine"}, {"loss", "mse"}, {"augment", "flip"},
    {"freeze", "dense1.bias"}, {"lr_scale", "*=0.5"},
    {"precision", "f64"}, {"gradient", "numeric"}, {"conv", "direct"}, {"lr", "0.5"}, {"momentum", "0.5"}, {"l2", "0.5"}, {"l1", "0.5"}, {"penalty", "max_norm 1"}, {"average", "ema"}, {"l2_scale", "half"}, {"lambda_schedule", "cosine"},
    {"class_weights", "auto"}, {"balanced", "yes"}, {"weight_decay", "0.5"}, {"clip", "0.5"}, {"batch", "5"}, {"accumulate", "5"},
    {"val", "0.5"}, {"test", "0.5"}, {"keep", "last"}, {"fold", "1/5"}, {"test_fold", "1/5"}, {"limit", "5"}, {"seed", "5"}, {"restarts", "5"}, {"start", "5"}, {"strict", "yes"}, {"out", "elsewhere"}};
  static const char *const free_ones[] = {"resume", "threads", "workers", "time", "epochs", "patience", "checkpoint_every", "min_accuracy",
                                           "report", "tensorboard", "watch"};
  ig_context *context = threads(1);
  const char *run = in_folder("resumed");
  size_t count = sizeof others / sizeof others[0] + sizeof free_ones / sizeof free_ones[0], options = 0;
  while (ig_option_name(IG_VERB_TRAIN, (int)options)) options++;
  CHECK_INT(count, options); /* a new option stands in one of the two lists */
  RUN(context, TINY, "epochs", "1", "out", run);
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) refused_by_name(context, run, others[i][0], others[i][1]);
  RUN(context, "resume", run, "epochs", "2", "workers", "2", "time", "1h", "checkpoint_every", "5", "batch", "16");
  ig_train_result result;
  CHECK_STATUS(TRAIN(context, &result, NULL, "resume", in_folder("nowhere")), IG_USAGE);
  CHECK_STATUS(TRAIN(context, &result, NULL, TINY, "epochs", "+1", "out", in_folder("new")), IG_USAGE);
  CHECK_STATUS(TRAIN(context, &result, NULL, TINY, "out", run), IG_USAGE);
  ig_context_free(context);
}

/* A run whose configuration was changed by hand since is another run. */
TEST(resume_refuses_another_fingerprint) {
  ig_context *context = threads(1);
  ig_train_result result;
  const char *run = in_folder("resumed");
  RUN(context, TINY, "epochs", "1", "out", run);
  write_text("resumed/config.yaml", "data: digits train=50 test=10\nmodel: softmax\nbatch: 16\nepochs: 2\nseed: 2\n");
  CHECK_STATUS(TRAIN(context, &result, NULL, "resume", run), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "config.yaml");
  ig_context_free(context);
}

static void check_epochs(const char *run, int64_t epochs) {
  ig__run_state s = state_of(run);
  CHECK_INT(s.epoch, epochs);
  CHECK_INT(s.history_count, epochs);
  ig__run_state_free(&s);
}

TEST(runs_are_extended) {
  ig_context *context = threads(1);
  ig_train_result result;
  const char *run = in_folder("extended"), *whole = in_folder("whole");
  RUN(context, TINY, "epochs", "5", "out", whole);
  RUN(context, TINY, "epochs", "1", "out", run);
  RUN(context, "resume", run);
  check_epochs(run, 1);
  RUN(context, "resume", run, "epochs", "+1");
  check_epochs(run, 2);
  RUN(context, "resume", run, "epochs", "+1");
  check_epochs(run, 3);
  /* Stopped within what was added: --resume alone goes on to the new end. */
  stopper s = {1};
  ig_train_events events = {.stop = stop_after, .user = &s};
  CHECK_INT(TRAIN(context, &result, &events, "resume", run, "epochs", "+2"), IG_INTERRUPTED);
  RUN(context, "resume", run);
  check_epochs(run, 5);
  CHECK(hash_of_run(run) == hash_of_run(whole) && hash_of_model(run) == hash_of_model(whole));
  char *a = results_of(run), *b = results_of(whole);
  CHECK_STR(a, b);
  ig__free(a);
  ig__free(b);
  ig_context_free(context);
}
