/* Trains a network with imgrad.h alone: train DATA MODEL FOLDER [KEY=VALUE …]. Ctrl-C writes the checkpoint and ends. */
#include <imgrad.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

static volatile sig_atomic_t interrupted;
static void on_interrupt(int number) { interrupted = number; }

static ig_status stop(void *user) { return (void)user, interrupted ? IG_INTERRUPTED : IG_OK; }
static void epoch(void *user, const ig_epoch *e) {
  fprintf(user, "epoch %d: loss %.4f, validation %.1f %%\n", e->epoch, e->train.loss, 100 * e->val.accuracy);
}

int main(int argc, char **argv) {
  ig_context *context = NULL;
  ig_train_options options = ig_train_options_default();
  ig_train_events events = {.epoch = epoch, .stop = stop, .user = stderr};
  ig_train_result result;
  if (argc < 4) return fprintf(stderr, "usage: %s DATA MODEL FOLDER [KEY=VALUE ...]\n", argv[0]), 2;
  ig_status status = ig_option_set(IG_VERB_TRAIN, &options, "data", argv[1]);
  if (status == IG_OK) status = ig_option_set(IG_VERB_TRAIN, &options, "model", argv[2]);
  if (status == IG_OK) status = ig_option_set(IG_VERB_TRAIN, &options, "out", argv[3]);
  for (int i = 4; i < argc && status == IG_OK; i++) {
    char *value = strchr(argv[i], '=');
    if (value) *value++ = 0;
    status = ig_option_set(IG_VERB_TRAIN, &options, argv[i], value ? value : "yes");
  }
  signal(SIGINT, on_interrupt);
  if (status == IG_OK) status = ig_context_new(&context, NULL);
  if (status == IG_OK) status = ig_train(context, &options, &events, &result);
  if (status == IG_OK) printf("%s: test %.1f %%\n", result.out, 100 * result.test.accuracy);
  else fprintf(stderr, "%s: %s\n", ig_status_name(status), ig_last_error());
  ig_context_free(context);
  return ig_status_exit_code(status);
}
