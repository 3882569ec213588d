/* The gradient of what a model answers by the pixels in a program's memory. */
#include "train/predictor.h"

static ig_status take(ig_predictor *p) {
  const size_t batch = (size_t)p->options.batch;
  ig__slopes *s = &p->slopes;
  IG__TRY(ig__slopes_new(p->context, &(ig__slopes_request){.model = p->model->model, .line = -1, .n = p->options.batch,
                         .direct = p->options.direct}, s));
  s->unit = 1; /* floats come as the input line has them */
  const size_t pixels = batch * (size_t)s->pixels, numbers = batch * (size_t)s->numbers;
  p->x = ig__alloc(pixels, sizeof *p->x);
  p->slope = ig__alloc(pixels, sizeof *p->slope);
  p->gradients = ig__alloc(pixels, sizeof *p->gradients);
  p->weight = ig__alloc(numbers, sizeof *p->weight);
  p->number = ig__alloc(numbers, sizeof *p->number);
  p->numbers = ig__alloc(numbers, sizeof *p->numbers);
  return p->x && p->slope && p->gradients && p->weight && p->number && p->numbers ? IG_OK : IG_NO_MEMORY;
}

void ig__predictor_gradient_free(ig_predictor *p) {
  ig__slopes_free(&p->slopes);
  ig__free(p->x);
  ig__free(p->slope);
  ig__free(p->gradients);
  ig__free(p->weight);
  ig__free(p->number);
  ig__free(p->numbers);
  p->x = p->slope = p->weight = p->number = NULL;
  p->gradients = p->numbers = NULL;
}

/* Where pixel i of a planar picture lies among the program's. */
static size_t place_of(const ig_predictor *p, size_t i) {
  const ig_size in = ig_model_input(p->model);
  const size_t plane = (size_t)in.height * (size_t)in.width;
  return p->options.interleaved ? i % plane * (size_t)in.channels + i / plane : i;
}

ig_status ig_predict_gradient(ig_predictor *p, const float *pixels, int n, const float *weights, const float **numbers,
                              const float **gradients) {
  *numbers = *gradients = NULL;
  if (n < 1 || n > p->options.batch)
    return ig__fail(IG_USAGE, "a predictor for 1 to %d pictures at once was given %d", p->options.batch, n);
  if (!p->numbers) {
    ig_status status = take(p);
    if (status != IG_OK) ig__predictor_gradient_free(p);
    IG__TRY(status);
  }
  const size_t size = (size_t)p->slopes.pixels, count = (size_t)n * (size_t)p->slopes.numbers;
  for (size_t k = 0; k < (size_t)n; k++)
    for (size_t i = 0; i < size; i++) p->x[k * size + i] = (double)pixels[k * size + place_of(p, i)];
  for (size_t i = 0; i < count; i++) p->weight[i] = (double)weights[i];
  IG__TRY(ig__slopes_run(&p->slopes, p->x, p->weight, n, p->number, p->slope));
  for (size_t k = 0; k < (size_t)n; k++)
    for (size_t i = 0; i < size; i++) p->gradients[k * size + place_of(p, i)] = (float)p->slope[k * size + i];
  for (size_t i = 0; i < count; i++) p->numbers[i] = (float)p->number[i];
  *numbers = p->numbers;
  *gradients = p->gradients;
  return IG_OK;
}
