#ifndef IG__MODEL_H
#define IG__MODEL_H
/* A model: the lines of its text with their parsed options, the table of its parameters and running states, and the two flat
 * arrays that hold them. It is no graph: each plan asks it to build its lines into a graph of its own, in that plan's mode.
 *
 * Parameters are found the first time the lines are built (ig__model_bind): names, shapes, kinds and initialisers come from
 * the ops' build hooks through ig__layer. Later builds look them up by name. */

#include "base/file.h"
#include "data/data.h"
#include "ops/ops.h"
#include "optim/optim.h"

typedef struct ig__param {
  char *name;                /* "line.weight" */
  ig__shape shape;
  ig__param_kind kind;
  int64_t offset, count;     /* elements in the flat array; every span is padded by zeros to a multiple of 16 */
  char *initialiser;
  double fan_in, fan_out;
  int line;                  /* index of its line */
  bool frozen;
  double l2, l1;             /* this line's own λ; NaN: the run's */
} ig__param;

typedef struct ig__state { char *name; ig__shape shape; int64_t offset, count; double initial; } ig__state;

/* Preprocessing, part of the `input` line. scale applies to 8-bit pixels; float pictures are taken as they are; then
 * (x − mean) / std by channel (a single number serves all channels). */
typedef struct ig__input_options {
  int channels, height, width; /* 0: open, written `*`, until ig__model_fix_input */
  int fit;                   /* ig__fit: how pictures of another shape become this one */
  double scale;
  ig__list mean, std;
} ig__input_options;

typedef struct ig__line {
  char *name;                /* given, or made: op name and number among its like, "conv2d1" */
  const ig__op *op;          /* NULL for `input` */
  void *options;
  char *text;                /* the line as written */
  int number;                /* in the text, from 1 */
  int in_count, in[IG__MAX_IN]; /* lines it reads, by index */
  int share;                 /* index of the line whose parameters it uses; −1: its own */
  bool frozen, is_output;
  char *output_name;         /* when is_output */
  double l2, l1;             /* NaN: the run's */
} ig__line;

typedef struct ig__model {
  char *text;                /* the text as given, blocks and comments included */
  char *name;
  char *loss;                /* that its weights were trained with, of a loaded model; NULL: not known */
  char *lambda;              /* what its run's λ was multiplied by at these weights, "0.5" or one a layer; NULL: it did not move */
  ig__input_options input;
  ig__line *line;
  size_t line_count, line_capacity;
  int *output;               /* lines that are outputs, in order */
  size_t output_count;
  ig__param *param;
  size_t param_count, param_capacity;
  ig__state *state;
  size_t state_count, state_capacity;
  int class_count;
  char (*class_name)[64];    /* may be NULL */
  int real_size;             /* 4 or 8, after bind */
  bool bf16;                 /* graphs that are built of it may round operands of convolutions (ig__graph.bf16); set by a verb */
  void *params, *states;     /* flat arrays, after bind */
  int64_t params_size, states_size; /* elements */
  int64_t *param_offset, *state_offset; /* by number, for plans */
  uint64_t version;          /* counts updates of params; starts at 1 */
} ig__model;

/* Parses model text. `place` stands in messages ("model.txt"). The word `classes` may stand for a number anywhere in a
 * positional: it is replaced by `classes` (≥ 1). IG_BAD_MODEL: "model.txt:7: …" with what was asked, what was found and the
 * nearest known word. The text is untrusted: at most 1 MiB, 10,000 lines after blocks are unfolded, blocks 16 deep. */
ig_status ig__model_parse_with(const ig__own_ops *own, const char *text, size_t size, const char *place, int classes,
                               ig__model **out);
static inline ig_status ig__model_parse(const char *text, size_t size, const char *place, int classes, ig__model **out) {
  return ig__model_parse_with(NULL, text, size, place, classes, out);
}
/* Gives the sizes that the input line leaves open (`input * * *`) these values; sizes that it has stay. The model's text then says
 * them too, so that what is saved stands for itself. Before bind. */
ig_status ig__model_fix_input(ig__model *model, int channels, int height, int width);
static inline bool ig__model_is_open(const ig__model *model) {
  return !model->input.channels || !model->input.height || !model->input.width;
}
/* Builds the lines once to find shapes and parameters, allocates the flat arrays and fills them from (seed). */
ig_status ig__model_bind(ig__model *model, int real_size, uint64_t seed);
/* Fills all parameters and states anew from the seed: each parameter's draws are keyed by (seed, its name). */
ig_status ig__model_initialise(ig__model *model, uint64_t seed);
void ig__model_free(ig__model *model);

typedef struct ig__built { ig__value image; ig__value output[8]; int output_count; ig__value *line; } ig__built;
/* Appends the model to a graph (its n and mode). The picture enters as field 0 of dtype U8, F32 or REAL through `preprocess`.
 * `line` (in the graph's arena) has the value of every line. */
ig_status ig__model_build(ig__model *model, ig__graph *graph, ig__dtype picture, ig__built *out);

/* The models and the recipes (configurations of runs) inside the command. NULL-terminated, alphabetical. */
typedef struct ig__builtin { const char *name, *help, *text; } ig__builtin;
extern const ig__builtin ig__builtins[], ig__recipes[];
/* What --model says: a file's path, or the name of a built-in model. */
ig_status ig__model_open_with(const ig__own_ops *own, const char *name, int classes, ig__model **out);
static inline ig_status ig__model_open(const char *name, int classes, ig__model **out) {
  return ig__model_open_with(NULL, name, classes, out);
}

/* ---- weights as files (safetensors) --------------------------------------------------------------------------------- */

/* A file of named tensors: F32 or F64, rank ≤ 6, plus text metadata. Bytes are untrusted. */
typedef struct ig__tensors_entry { char *name; int real_size; ig__shape shape; const void *data; } ig__tensors_entry;
typedef struct ig__tensors {
  ig__tensors_entry *entry; size_t count;
  char **key, **value; size_t meta_count;   /* metadata */
  uint8_t *bytes; size_t size;              /* the file; entries point into it */
} ig__tensors;
ig_status ig__tensors_parse(uint8_t *bytes, size_t size, const char *place, ig__tensors *out); /* takes bytes in any case */
const char *ig__tensors_meta(const ig__tensors *t, const char *key);
void ig__tensors_free(ig__tensors *t);

/* Model text, class names and `meta` (key, value, key, value, …, NULL) go into the metadata; parameters and states in their
 * plain order, "state:" before a state's name is not used: states are named like parameters, "bn1.running_mean". */
ig_status ig__model_save(const ig__model *model, const char *path, const char *const *meta);
/* A model with its weights from a file that ig__model_save wrote. */
ig_status ig__model_load_with(const ig__own_ops *own, const char *path, int real_size, ig__model **out);
static inline ig_status ig__model_load(const char *path, int real_size, ig__model **out) {
  return ig__model_load_with(NULL, path, real_size, out);
}
/* The same from memory; takes bytes in any case. `place` stands in messages. */
ig_status ig__model_load_bytes(const ig__own_ops *own, uint8_t *bytes, size_t size, const char *place, int real_size,
                               ig__model **out);
/* Weights by name and shape into a bound model; *matched tells how many tensors were taken, and what did not match is
 * listed in `unmatched` as text lines (may be NULL). With `classes`, a file of other classes gives the last layer the rows of those classes that
 * both have, and the line says which (nothing when the classes are the same). IG_BAD_MODEL when nothing matches. */
ig_status ig__model_load_weights(ig__model *model, const char *path, int *matched, ig__buffer *unmatched, ig__buffer *classes);

#endif
