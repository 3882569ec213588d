/* Says what a trained network sees: predict RUN <pixels. Pixels are raw bytes of the size that the model takes, channel by channel. */
#include <imgrad.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  ig_context *context = NULL;     /* freed in the reverse order of making: predictor, model, context */
  ig_model *model = NULL;
  ig_predictor *predictor = NULL;
  const float *p;                 /* p[c]: the probability of class c; the predictor's, until its next call */
  ig_status status = argc > 1 ? ig_context_new(&context, NULL) : ig_fail(IG_USAGE, "usage: %s RUN <pixels", argv[0]);
  if (status == IG_OK) status = ig_model_open(context, argv[1], &model);
  if (status == IG_OK) status = ig_predictor_new(context, model, NULL, &predictor);
  const ig_size none = {0, 0, 0}, in = model ? ig_model_input(model) : none;
  size_t size = (size_t)in.channels * (size_t)in.height * (size_t)in.width;
  unsigned char *pixels = (unsigned char *)calloc(size + 1, 1);
  for (int n = 1; status == IG_OK && pixels && fread(pixels, 1, size, stdin) == size; n++) {
    status = ig_predict_u8(predictor, pixels, 1, &p);
    for (int c = 0, k = ig_model_output(model, 0).channels; status == IG_OK && c < k; c++)
      printf("picture %d: %s %.3f\n", n, ig_model_class(model, c), (double)p[c]);
  }
  if (status != IG_OK) fprintf(stderr, "%s\n", ig_last_error());
  free(pixels), ig_predictor_free(predictor), ig_model_free(model), ig_context_free(context);
  return ig_status_exit_code(status);
}
