#ifndef IMGRAD_OP_H
#define IMGRAD_OP_H
/* An op, an activation or a loss of the program's own: a few functions and a name in a context. Model text may use it from then on
 * (`conv2d 32 swish`), ig_train trains through it, and ig_gradcheck tells whether its derivative is right. A model file keeps the
 * name alone, so a program that opens it later adds the op first.
 *
 * The functions see one picture at a time, as plain contiguous numbers: the library gathers and spreads. They are called by all
 * threads of the context at once, and must not change anything but their outputs. */

#include "imgrad/graph.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define IG_OP_INPUTS 8
#define IG_OP_OPTIONS 8
#define IG_SHAPE_RANK 5

/* The shape of a value, without its pictures: 3, {c, h, w} for an image; 1, {k} for k numbers; 0 for one. `pictures` is false for
 * what exists once and not once a picture, such as weights. */
typedef struct ig_shape { bool pictures; int rank; int dim[IG_SHAPE_RANK]; } ig_shape;

/* A number that model text may set: `swish beta=1.5`. */
typedef struct ig_op_option {
  const char *name, *fallback;   /* "beta", "1"; without fallback it must be given */
  double min, max;
  const char *help;
} ig_op_option;

typedef struct ig_op_infer {
  int in_count;
  const ig_shape *in;
  ig_shape out;                  /* preset: the shape of in[0]; for a loss, one number a picture */
  const double *option;          /* the options' values, in the table's order, here and below */
  void *user;
} ig_op_infer;

/* One picture. `in` and `out` point at double in ig_custom_op.run, at float in run_f32. Labels and bytes come as numbers too. */
typedef struct ig_op_run {
  const void *const *in;
  void *const *out;              /* one: out[0] */
  const ig_shape *in_shape, *out_shape;
  const int64_t *in_size;        /* elements of each input; of the output */
  int64_t out_size;
  const double *option;
  void *user;
} ig_op_run;

/* The derivative, as nodes: gin[i] receives what flows into input i when gout flows into the output. For a loss, gout has one number
 * a picture. Only inputs that are `wanted` need an answer. */
typedef struct ig_op_derive {
  ig_graph *graph;
  int in_count;
  const ig_value *in;
  ig_value out, gout;
  ig_value *gin;
  const bool *wanted;
  const double *option;
  void *user;
} ig_op_derive;

/* A layer with weights: appends parameters (ig_parameter) and ops, and answers its value. Naming itself appends `run`. */
typedef struct ig_op_build {
  ig_graph *graph;
  int in_count;
  const ig_value *in;
  const double *option;
  void *user;
} ig_op_build;

typedef enum ig_op_kind {
  IG_OP_LAYER,                   /* a line of model text */
  IG_OP_ACTIVATION,              /* one input; may also end a line */
  IG_OP_LOSS,                    /* inputs prediction and target; one number a picture, whose mean is made small. --loss names it */
  IG_OP_PART                     /* for the rules of others only, such as a gradient with a `run` of its own */
} ig_op_kind;

typedef struct ig_custom_op {
  const char *name, *help;       /* letters, digits and _; no name that the library has */
  ig_op_kind kind;
  int inputs;                    /* 1 … IG_OP_INPUTS */
  ig_op_option option[IG_OP_OPTIONS]; /* the first without a name ends them */
  ig_status (*infer)(ig_op_infer *i);   /* NULL: out as it is preset. Refuses by ig_fail(IG_BAD_MODEL, …) */
  void (*run)(const ig_op_run *r);      /* in double; NULL only beside build */
  void (*run_f32)(const ig_op_run *r);  /* the same in float, for speed; NULL: run serves float too */
  ig_status (*derive)(ig_op_derive *d); /* NULL: refuses to be differentiated */
  ig_value (*build)(ig_op_build *b);    /* NULL: the line is one call of run */
  void *user;
} ig_custom_op;

/* Gives the op its name in the context; the struct is copied, strings and functions must live as long as the context. To be done before
 * models that use it are opened. IG_USAGE: something is missing or out of range, or the name is taken; IG_NO_MEMORY. */
ig_status ig_add_op(ig_context *context, const ig_custom_op *op);

/* In `build`: a trained parameter called LINE.suffix, of this shape (without pictures), `initialiser` as in model text
 * ("glorot_uniform", "constant 0.25"). L1 and L2 act on it unless the suffix is "bias". */
ig_value ig_parameter(ig_graph *graph, const char *suffix, const ig_shape *shape, const char *initialiser);
/* In `derive` and `build`: the shape of a value. */
ig_shape ig_shape_of(const ig_graph *graph, ig_value value);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
