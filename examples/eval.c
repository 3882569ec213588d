/* Measures a trained network with imgrad.h alone: eval RUN [PART]. One line a class. */
#include <imgrad.h>

#include <stdio.h>

int main(int argc, char **argv) {
  ig_context *context = NULL;
  ig_eval_options options = ig_eval_options_default();
  ig_eval_result result;
  if (argc < 2) return fprintf(stderr, "usage: %s RUN [PART]\n", argv[0]), 2;
  ig_status status = ig_option_set(IG_VERB_EVAL, &options, "run", argv[1]);
  if (status == IG_OK && argc > 2) status = ig_option_set(IG_VERB_EVAL, &options, "part", argv[2]);
  if (status == IG_OK) status = ig_context_new(&context, NULL);
  if (status == IG_OK) status = ig_eval(context, &options, &result);
  if (status == IG_OK) {
    printf("%s: %.1f %% of %lld right (95 %% interval %.1f to %.1f), baseline %.1f %%\n", result.part,
           100 * result.metrics.accuracy, (long long)result.metrics.n, 100 * result.metrics.accuracy_low,
           100 * result.metrics.accuracy_high, 100 * result.baseline);
    for (int i = 0; i < result.class_count; i++)
      printf("%-10s recall %.3f, precision %.3f\n", result.classes[i].name, result.classes[i].recall, result.classes[i].precision);
    ig_eval_result_free(&result);
  } else {
    fprintf(stderr, "%s: %s\n", ig_status_name(status), ig_last_error());
  }
  ig_context_free(context);
  return ig_status_exit_code(status);
}
