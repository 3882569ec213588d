#ifndef IG__GRAPH_H
#define IG__GRAPH_H
/* The graph: values and the nodes that make them, in the order they were appended, which is a topological order. A graph is
 * built for one mode (training or not) and one planned number of pictures, serves one plan, and is freed whole.
 *
 * Building is sticky: after a failure every call answers IG__NONE and ig__graph_status() tells the first failure, so a rule
 * or a layer is written as straight code and checked once.
 *
 * The backward pass is graph too: ig__gradients appends ordinary nodes through the ops' derivative rules, so applying it
 * again gives second derivatives. */

#include "base/alloc.h"
#include "base/file.h"
#include "base/options.h"

typedef struct ig__op ig__op;

typedef int32_t ig__value;
#define IG__NONE ((ig__value)-1)
#define IG__MAX_RANK 6
#define IG__MAX_IN 16
#define IG__MAX_OUT 4

/* REAL is the plan's real type, float or double; F32 is float whatever the plan's type is (fields of a batch). */
typedef enum ig__dtype { IG__REAL, IG__F32, IG__U8, IG__I32 } ig__dtype;

/* Sizes, outermost first. A batched tensor has the pictures as dim[0] (the planned number; a run may have fewer). A batched
 * tensor of rank 4 is an image, n c h w. Rank 0 is a scalar. */
typedef struct ig__shape { int rank; int dim[IG__MAX_RANK]; bool batched; } ig__shape;

int64_t ig__shape_count(const ig__shape *s);         /* elements, pictures included; shapes in a graph never overflow */
int64_t ig__shape_per_picture(const ig__shape *s);   /* elements of one picture (of all, when not batched) */
bool ig__shape_equal(const ig__shape *a, const ig__shape *b);
bool ig__shape_is_image(const ig__shape *s);         /* batched and of rank 4 */
const char *ig__shape_text(char out[96], const ig__shape *s); /* "n×32×26×26", "64×32×3×3", "scalar" */

typedef enum ig__leaf {
  IG__LEAF_NOT,     /* made by a node */
  IG__LEAF_PARAM,   /* span of the flat parameters; index: the parameter's number */
  IG__LEAF_STATE,   /* span of the flat running state */
  IG__LEAF_FIELD,   /* a field of the batch, contiguous; index: the field's number */
  IG__LEAF_SCALAR   /* a run-time scalar; index: ig__scalar */
} ig__leaf;

typedef enum ig__scalar { IG__SCALAR_ONE, IG__SCALAR_LOSS_SCALE, IG__SCALARS } ig__scalar;

typedef struct ig__node ig__node;

typedef struct ig__tensor {
  ig__shape shape;
  ig__dtype dtype;
  ig__node *node;          /* the producer; NULL for a leaf */
  int output;              /* which of its outputs */
  ig__leaf leaf;
  int leaf_index;
} ig__tensor;

struct ig__node {
  const ig__op *op;
  void *options;           /* a copy of the op's struct, in the graph's arena */
  const char *line;        /* the model line it came from, for messages and profiles; "" if none */
  int order;               /* 0: forward; 1: appended by a differentiation (also by one of a gradient) */
  int id, in_count, out_count;
  ig__value in[IG__MAX_IN], out[IG__MAX_OUT];
};

/* Where an op can be computed in several ways: what lowering has taken, "question: way" in lines. A run keeps them, so that it goes
 * on by the same ways under another version of this library, which may price them otherwise. */
typedef struct ig__choices {
  ig__buffer made;
  const char *given;       /* answers of an earlier run, in the same form; where a question is not among them, the cheapest way is taken */
} ig__choices;

/* The two ops that differentiation and planning themselves append; the registry of ops hands them in. */
typedef struct ig__core_ops { const ig__op *add, *convert; } ig__core_ops;

typedef struct ig__graph {
  ig__arena *arena;
  ig__core_ops core;
  int n;                   /* planned number of pictures */
  bool training;
  bool direct;             /* set by the builder: no way of computing that rounds more than the plain sum does (Winograd) */
  ig__choices *choices;    /* set by the builder, or NULL; read and filled when a plan of this graph is lowered */
  bool bf16;               /* set by the builder: operands of convolutions may be rounded to bf16 */
  const char *line;        /* given to the nodes that are appended now */
  int order;               /* the same */
  ig_status status;
  ig__tensor **tensor;     /* by value; tensors stay where they are while the array grows */
  size_t tensor_count, tensor_capacity;
  ig__node **node;
  size_t node_count, node_capacity;
  int random_count;        /* numbers the random nodes, so that each has a stream of its own */
} ig__graph;

/* n ≥ 1. */
ig_status ig__graph_new(ig__graph **out, ig__core_ops core, int n, bool training);
void ig__graph_free(ig__graph *graph);
ig_status ig__graph_status(const ig__graph *graph);
/* Makes the graph fail with the present message (an op's rule that refuses). Answers IG__NONE. */
ig__value ig__graph_fail(ig__graph *graph, ig_status status);

/* The tensor behind a value; a scalar dummy for IG__NONE, so that rules need no checks. */
const ig__tensor *ig__tensor_of(const ig__graph *graph, ig__value value);
const ig__shape *ig__shape_of(const ig__graph *graph, ig__value value);

ig__shape ig__shape_make(int rank, const int *dim, bool batched);

/* Was `way` given as the answer to the question? No text holds a line feed; choices may be NULL. */
bool ig__choices_give(const ig__choices *choices, const char *question, const char *way);
/* Notes an answer, the first time that the question is asked. */
void ig__choices_note(ig__choices *choices, const char *question, const char *way);

ig__value ig__leaf_add(ig__graph *graph, ig__leaf leaf, int index, ig__dtype dtype, ig__shape shape);

/* Appends a node: copies the options, infers the outputs' shapes, answers output 0 (`out`, if given, receives all;
 * it has room for the op's outputs, which are IG__NONE after a failure). */
ig__value ig__node_add(ig__graph *graph, const ig__op *op, const void *options, int in_count, const ig__value *in,
                       ig__value *out);
/* The common cases. */
ig__value ig__node1(ig__graph *graph, const ig__op *op, const void *options, ig__value a);
ig__value ig__node2(ig__graph *graph, const ig__op *op, const void *options, ig__value a, ig__value b);
ig__value ig__node3(ig__graph *graph, const ig__op *op, const void *options, ig__value a, ig__value b, ig__value c);

/* For each of `count` values (leaves or any others) what flows into it from `value`, into which `seed` of the same shape flows:
 * Σ seed·∂value/∂of, the gradient when value is a scalar and seed 1 (IG__NONE, for scalars only). The seed itself is not
 * differentiated, whatever it depends on. out[i] is IG__NONE where nothing flows, and for IG__NONE itself. IG_BAD_MODEL names
 * an op on the way that refuses to be differentiated, and its line. */
ig_status ig__gradients(ig__graph *graph, ig__value value, ig__value seed, const ig__value *of, int count, ig__value *out);

#endif
