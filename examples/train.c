/* Trains a network and keeps it: train DATA MODEL FOLDER [KEY=VALUE …]. For example: train digits textbook run epochs=3
 * DATA is a folder of pictures or a built-in source, FOLDER receives the result. Ctrl-C saves and ends; every step is safe. */
#include <imgrad.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

static ig_context *context;                                            /* threads, instruction set: one for the whole program */
static void on_interrupt(int number) { (void)number, ig_cancel(context); } /* allowed in a signal handler */

static void on_epoch(void *user, const ig_epoch *e) {                  /* called after every pass over the pictures */
  fprintf((FILE *)user, "epoch %d: loss %.4f, validation %.1f %%\n", e->epoch, e->train.loss, 100 * e->val.accuracy);
}

int main(int argc, char **argv) {
  ig_train_options options = ig_train_options_default();
  ig_train_events events = {NULL, on_epoch, NULL, stderr};             /* progress, epoch, stop; user */
  ig_train_result result;
  if (argc < 4) return fprintf(stderr, "usage: %s DATA MODEL FOLDER [KEY=VALUE ...]\n", argv[0]), 2;
  ig_status status = ig_context_new(&context, NULL);
  if (status != IG_OK) return fprintf(stderr, "%s\n", ig_last_error()), ig_status_exit_code(status);
  signal(SIGINT, on_interrupt);

  /* Options have the names of the command line; a mistake is answered by a status, and ig_last_error has the words. */
  status = ig_option_set(IG_VERB_TRAIN, &options, "data", argv[1]);
  if (status == IG_OK) status = ig_option_set(IG_VERB_TRAIN, &options, "model", argv[2]);
  if (status == IG_OK) status = ig_option_set(IG_VERB_TRAIN, &options, "out", argv[3]);
  for (int i = 4; i < argc && status == IG_OK; i++) {
    char *value = strchr(argv[i], '=');
    if (value) *value++ = 0;
    status = ig_option_set(IG_VERB_TRAIN, &options, argv[i], value ? value : "yes");
  }
  if (status == IG_OK) status = ig_train(context, &options, &events, &result);
  if (status == IG_OK) printf("%s: test %.1f %%\n", result.out, 100 * result.test.accuracy);
  else fprintf(stderr, "%s: %s\n", ig_status_name(status), ig_last_error());
  ig_context_free(context);
  return ig_status_exit_code(status);
}
