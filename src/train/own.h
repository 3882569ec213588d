#ifndef IG__TRAIN_OWN_H
#define IG__TRAIN_OWN_H
/* What a program brings along: graphs written in C, ops and sources of its own. */

#include "imgrad/graph.h"
#include "imgrad/op.h"
#include "imgrad/source.h"
#include "train/train.h"

/* Two kinds of graph behind one interface. Written by the program, it is model text. In the rules of an own op, it is a view of the
 * graph that is being built: values are that graph's. */
struct ig_graph {
  ig__graph *graph;            /* NULL: text */
  ig__layer *layer;            /* in a build rule; else NULL */
  const ig__own_ops *own;
  const ig__op *self;          /* the op whose rule it is: named inside, it is a node, not its rule again */
  /* Of the graph at hand: layers inside a build rule are numbered, so that their parameters have names of their own. */
  int inner;
  /* Of text. */
  ig__buffer text;
  char **name;                 /* by value; 0 is the input */
  size_t count, capacity;
  ig_status status;
  char message[IG__MESSAGE_SIZE]; /* of the first mistake */
};

/* Is this a name that a word of model text or of an option can be? The message is set when not. */
ig_status ig__own_name(const char *what, const char *name);
/* The context's own model, source or op of this name; NULL: none. */
const ig__builtin *ig__own_model(const ig_context *context, const char *name);
ig__own_source *ig__own_source_find(const ig_context *context, const char *name);
void ig__own_free(ig_context *context);

#endif
