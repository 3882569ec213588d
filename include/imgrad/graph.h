#ifndef IMGRAD_GRAPH_H
#define IMGRAD_GRAPH_H
/* Networks written in C. A graph is built line by line, each line in the words of model text; it gets a name in a context, and
 * from then on that name is what options.model may say:
 *
 *   ig_graph *g;
 *   ig_graph_new(&g);
 *   ig_value x = ig_input(g, "1 %d %d", side, side);
 *   x = ig_op(g, x, "conv2d %d k=3 relu", 32);
 *   ig_value y = ig_op(g, x, "conv2d 32 k=3 pad=same");
 *   x = ig_op2(g, x, y, "add relu");
 *   x = ig_op(g, x, "dense classes softmax");
 *   ig_add_graph(context, "mine", g);
 *   ig_graph_free(g);
 *
 * Building is sticky: after a mistake every call answers IG_NO_VALUE, and ig_add_graph tells the first mistake. What is kept is
 * model text (ig_graph_text), so that runs and model files know a network made in C as any other. */

#include "imgrad/context.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct ig_graph ig_graph;
typedef int ig_value;
#define IG_NO_VALUE (-1)

/* An empty graph. IG_NO_MEMORY. Owner: caller, ig_graph_free (NULL is allowed). One thread at a time. */
ig_status ig_graph_new(ig_graph **out);
void ig_graph_free(ig_graph *graph);

/* The input line, first and once: what stands behind `input` in model text, "1 28 28 mean=0.13 std=0.31". */
ig_value ig_input(ig_graph *graph, const char *format, ...) IG_FORMAT(2, 3);
/* A line: NAME [positional …] [key=value …] [ACTIVATION …], with one input, two, or `count`. Answers its value. `imgrad help
 * layers` lists the names; the context's own ops (imgrad/op.h) are among them. In the rules of an own op they append to the graph
 * at hand, and there the arithmetic that layers are made of may be named too: "mul", "add", "sub", "scale 0.5", "mean". */
ig_value ig_op(ig_graph *graph, ig_value x, const char *format, ...) IG_FORMAT(3, 4);
ig_value ig_op2(ig_graph *graph, ig_value x, ig_value y, const char *format, ...) IG_FORMAT(4, 5);
ig_value ig_op_n(ig_graph *graph, int count, const ig_value *in, const char *format, ...) IG_FORMAT(4, 5);

/* The model text so far. Owner: the graph; until the next line. */
const char *ig_graph_text(const ig_graph *graph);

/* Gives a network its name in the context, as text or as a graph; both are copied. The name comes before files and built-in models
 * of that name. IG_BAD_MODEL: the first mistake, with its line; IG_USAGE: the name is no word or taken; IG_NO_MEMORY. */
ig_status ig_add_model(ig_context *context, const char *name, const char *text);
ig_status ig_add_graph(ig_context *context, const char *name, const ig_graph *graph);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
