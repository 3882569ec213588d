#ifndef IMGRAD_MODEL_H
#define IMGRAD_MODEL_H
/* A trained model in a program's own hands: opened once, asked what it takes, and then predicting from pixels in memory.
 *
 *   ig_model *model; ig_predictor *predictor; const float *answers;
 *   ig_model_open(context, "runs/train", &model);
 *   ig_predictor_new(context, model, NULL, &predictor);
 *   ig_predict_u8(predictor, pixels, 1, &answers);          // answers[c] is the probability of class c
 *
 * Lifetimes nest: context > model > predictor; each is freed before what it was made from. A model is never written: any number
 * of predictors, of this and of other contexts, may use it at the same time. A predictor, like its context, is used by one thread
 * at a time: a program that predicts in several threads gives each a context and a predictor of its own. */

#include "imgrad/context.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct ig_model ig_model;
typedef struct ig_predictor ig_predictor;

/* channels × height × width of a picture, in this order in memory unless said otherwise. Classes are channels × 1 × 1. */
typedef struct ig_size { int channels, height, width; } ig_size;

/* Opens a run folder or a .safetensors file. IG_USAGE: there is none; IG_BAD_MODEL: it is no model, is damaged, or names an op that
 * neither the library nor the context has; IG_IO; IG_NO_MEMORY. Owner: caller, ig_model_free (NULL is allowed). */
ig_status ig_model_open(ig_context *context, const char *path, ig_model **out);
/* The same from the bytes of a .safetensors file, which are copied: a model that is part of the program. `name` stands in
 * messages. */
ig_status ig_model_open_memory(ig_context *context, const void *bytes, size_t size, const char *name, ig_model **out);
void ig_model_free(ig_model *model);

/* What it takes: the scale, mean and deviation of its input line are applied inside, so bytes go in as they are. */
ig_size ig_model_input(const ig_model *model);
/* What it answers: output `index`, 0 × 0 × 0 past the last. Most models have one. One number for two classes counts as two. */
ig_size ig_model_output(const ig_model *model, int index);
/* The name of class `index`, NULL past the last. Owner: the model. */
const char *ig_model_class(const ig_model *model, int index);

typedef struct ig_predictor_options {
  int batch;                    /* pictures at once, at most; memory grows with it, and so does the speed up to some 32 */
  bool interleaved;             /* pixels come as height × width × channels, as cameras and picture files have them */
  bool direct;                  /* no convolution by Winograd: a little slower, and rounded a little less */
} ig_predictor_options;

ig_predictor_options ig_predictor_options_default(void); /* batch 32, planar, Winograd */

/* Makes ready to predict; `options` NULL means the defaults. IG_USAGE: batch is out of range, 1 … 2^20; IG_BAD_MODEL;
 * IG_NO_MEMORY. Owner: caller, ig_predictor_free (NULL is allowed). */
ig_status ig_predictor_new(ig_context *context, const ig_model *model, const ig_predictor_options *options, ig_predictor **out);
void ig_predictor_free(ig_predictor *predictor);

/* Predicts n pictures, 1 … batch, that lie one after the other, each of ig_model_input's size. Bytes are 0 … 255; floats are
 * what the input line calls scaled: 0 … 1 for most models. *answers receives n times output 0, one after the other: the
 * probabilities of the classes, or pictures. They stay until the next call with this predictor. Where a model ends in the logits
 * of its loss, or in logarithms, they are made probabilities here; those of sigmoids do not add up to 1, and a model that was
 * trained to other numbers (mse) gives these. The first call of each kind compiles a plan (milliseconds); later ones allocate
 * nothing. IG_USAGE: n is out of range; IG_NO_MEMORY. The same picture gives the same bits at any place
 * among any n, and for any number of threads. */
ig_status ig_predict_u8(ig_predictor *predictor, const uint8_t *pixels, int n, const float **answers);
ig_status ig_predict_f32(ig_predictor *predictor, const float *pixels, int n, const float **answers);

/* A picture of any size: height × width × channels, of 1 (grey), 3 (red, green, blue) or 4 channels (the last is not looked at),
 * rows `pitch` bytes apart (0: without gaps). */
typedef struct ig_pixels { const uint8_t *data; int channels, height, width; size_t pitch; } ig_pixels;
/* Predicts any number of pictures, each brought to the model's size and channels as the pictures of files are in training.
 * `answers` receives count times output 0. IG_USAGE: no such picture (its number, from 0, is said); IG_BAD_MODEL: the model takes
 * neither grey nor coloured pictures. */
ig_status ig_predict_pixels(ig_predictor *predictor, const ig_pixels *pictures, int count, float *answers);

/* How the answer changes with each pixel. The numbers are those of output 0 before a softmax, log_softmax or sigmoid that ends it, n
 * times as many as ig_model_output says (one number z for two classes is −z/2 and z/2); `weights` has one for each of them, and what is
 * derived is for each picture the sum of weights times numbers: 1 for one class and 0 for all others asks for that class. *numbers
 * receives the numbers, *gradients the derivatives by the pixels, which are floats as for ig_predict_f32 and in the same order; dropout
 * does nothing here and batch normalisation uses its running statistics. Both stay until the next call of this function with this
 * predictor; ig_predictor_output does not change. The first call compiles two plans, later ones allocate nothing. IG_USAGE: n is out of
 * range; IG_BAD_MODEL: the output does not depend on the picture, or an op has no derivative; IG_NO_MEMORY. `imgrad ascend`
 * (ascend.h) is made of it. */
ig_status ig_predict_gradient(ig_predictor *predictor, const float *pixels, int n, const float *weights, const float **numbers,
                              const float **gradients);

/* Output `index` of the last call; NULL when there is none. */
const float *ig_predictor_output(const ig_predictor *predictor, int index);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
