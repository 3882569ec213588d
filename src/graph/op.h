#ifndef IG__OP_H
#define IG__OP_H
/* The interface of an op: everything the graph, the planner, the executor, the command line and the tests want to know of
 * one, in one struct in the op's own file (src/ops/NAME.c, `const ig__op ig__op_NAME`). */

#include "graph/graph.h"
#include "kernels/kernels.h"

/* What an op does with the batch. EACH: picture by picture. SUM: adds over pictures (weight gradients, the mean loss).
 * WHOLE: needs all pictures to make any output (batch statistics). NONE: no pictures at all, only weights. */
typedef enum ig__batch_role { IG__EACH, IG__SUM, IG__WHOLE, IG__NO_BATCH } ig__batch_role;

/* Which layout an op's image inputs may have. ANY: each input its own; the op goes through the views. SAME: all inputs in
 * the block of the output (halos may differ). BLOCKED, PLAIN: that one. The planner converts what does not fit. Image outputs
 * are blocked, but those of a PLAIN op are plain. */
typedef enum ig__layout { IG__LAYOUT_SAME, IG__LAYOUT_ANY, IG__LAYOUT_BLOCKED, IG__LAYOUT_PLAIN } ig__layout;

enum {
  IG__IN_PLACE = 1,      /* output 0 may lie in input 0's memory */
  IG__RANDOM = 2,        /* draws random numbers, from a stream that its options name (graph->random_count) */
  IG__DIRTY_LANES = 4,   /* leaves something in the lanes past the last channel (f(0) ≠ 0); the executor clears them, and
                          * does not cut the op into parts: nobody would know when the last one has written */
  IG__ACTIVATION = 8,    /* may end a line of model text: `conv2d 32 relu` */
  IG__LAYER = 16,        /* may be written in model text */
  IG__LOSS = 32,         /* may be named by --loss; build takes (prediction, target) and makes a scalar */
  IG__SIDE_EFFECT = 64,  /* kept though nobody reads its outputs. It may write the state leaves it reads (running statistics):
                          * nodes appended before it see the old values, later ones the new. A state has one leaf in a graph */
  IG__LINEAR = 128,      /* linear in every differentiable input: the gradient test is stricter */
  IG__KINK = 256,        /* not smooth: the side is the sign of output 0, or the winner is in a u8 output */
  IG__CHANNELWISE = 1024,/* channel c of the output is made of channel c of every input alone, and constant where these are */
  IG__CHEAP = 512        /* one pass over input 0, which a training step keeps for its backward pass anyway: that pass makes
                          * the output again rather than have it kept */
};

/* ---- running ----------------------------------------------------------------------------------------------------- */

/* A tensor in memory. `image` is filled for images (then data == image.data); others are contiguous, n_pitch elements from
 * picture to picture. */
typedef struct ig__view {
  void *data;
  ig__dtype dtype;
  ig__shape shape;
  int64_t n_pitch;
  ig__image image;
} ig__view;

/* What one step brings along. */
typedef struct ig__step { uint64_t seed, step; const uint64_t *key; } ig__step;

/* One call of an op. Which part of the work it is:
 *   EACH      pictures n0 … n1-1. When `parts` answers more than 1: part of parts of all (n0 = 0, n1 = n). When no output has
 *             pictures (work on weights): one call for everything (or its part of parts), n0 = 0, n1 = n too
 *   SUM       without `partial`: outputs' part of parts over all pictures
 *             with `partial`: adds pictures n0 … n1-1 (part of parts) to r->partial, which starts as zeros; `finish` makes
 *             part of parts of the outputs from all partials, and may read the inputs that have no pictures. What an input
 *             without pictures adds is added by the call that has picture 0
 *   WHOLE     part of parts over all pictures
 *   NO_BATCH  part of parts
 * Parts run at the same time, in any order. Late parts may find no pictures: the cut is the planned batch's, n is the run's.
 * The planner cuts by shapes alone, so sums have the same bits whatever the number of threads. */
typedef struct ig__run {
  const ig__node *node;
  const void *options;
  const ig__kernels *k;
  const ig__view *in, *out;
  int n;                   /* pictures in this step: 1/n is a run-time scalar */
  int n0, n1, part, parts;
  void *partial;
  void *scratch;           /* this thread's, scratch() bytes, aligned to 64 */
  const ig__step *step;
} ig__run;

/* ---- rules ------------------------------------------------------------------------------------------------------- */

/* infer: check the inputs and fill shape and dtype of each output (dtype is preset to REAL). Refuses through ig__fail with
 * IG_BAD_MODEL, saying what was asked and what was found. */
typedef struct ig__infer {
  const ig__graph *graph;
  const ig__op *op;
  const void *options;
  int in_count;
  const ig__tensor *in[IG__MAX_IN];
  int out_count;           /* preset to the op's; an op with a variable number may set it */
  ig__tensor out[IG__MAX_OUT];
} ig__infer;

/* derive: given what flows into the outputs, append nodes that make what flows into the inputs. gin is preset to IG__NONE,
 * which is zero. Only inputs that are `wanted` need an answer. */
typedef struct ig__derive {
  ig__graph *graph;
  const ig__node *node;
  const ig__value *gout;   /* IG__NONE where nothing flows */
  ig__value *gin;
  const bool *wanted;
} ig__derive;

/* lower: append to the plan's graph what computes this node best there (packed weights, fused neighbours), and set out.
 * Runs after differentiation, so what it appends needs no derivative. */
typedef struct ig__lower {
  ig__graph *graph;        /* the plan's */
  const ig__graph *from;
  const ig__node *node;    /* in `from` */
  const ig__value *in;     /* its inputs in the plan's graph */
  ig__value *out;
  const ig__kernels *k;
  const int *uses;         /* how often each value of `from` is read (outputs asked for count) */
} ig__lower;
/* The plan's node that makes input i, if its op is `op` and nobody else reads that value: then it may be rewritten. */
ig__node *ig__lower_producer(const ig__lower *l, int i, const ig__op *op);

/* ---- layers: what a line of model text appends ------------------------------------------------------------------------- */

typedef enum ig__param_kind { IG__PARAM_WEIGHT, IG__PARAM_BIAS, IG__PARAM_NORM } ig__param_kind;

typedef struct ig__layer ig__layer;
struct ig__layer {
  ig__graph *graph;
  const char *name;        /* the line's name; parameters are called name.suffix */
  /* Parameter `suffix`, a leaf. `initialiser` as text ("glorot_uniform"). Penalties act on WEIGHT only. */
  ig__value (*parameter)(ig__layer *l, const char *suffix, ig__shape shape, ig__param_kind kind, const char *initialiser,
                         double fan_in, double fan_out);
  /* Running state, saved with the model but not optimised; every element starts as `initial`. */
  ig__value (*state)(ig__layer *l, const char *suffix, ig__shape shape, double initial);
  const ig__value *weight; /* for losses: how much each picture counts, [n], of mean 1; NULL: all alike */
  const ig__op *op;        /* of the line */
};

/* ---- probes: what the tests try an op with ---------------------------------------------------------------------------- */

typedef enum ig__draw {
  IG__DRAW_NORMAL,         /* deviation 1 */
  IG__DRAW_APART,          /* all values differ by ≥ 0.01: winners of a pooling window stay winners */
  IG__DRAW_AWAY,           /* |x| ≥ 0.05: away from a kink at zero */
  IG__DRAW_POSITIVE,       /* 0.15 … 2 */
  IG__DRAW_PROBABILITIES,  /* rows sum to 1 */
  IG__DRAW_INDEX,          /* u8 or i32 in 0 … limit-1 */
  IG__DRAW_ONE_HOT         /* rows of zeros with a single 1 */
} ig__draw;

typedef struct ig__probe_in {
  ig__shape shape;
  ig__dtype dtype;
  ig__draw draw;
  int limit;
  bool no_gradient;        /* not differentiated by this input */
  bool zero_gradient;      /* its gradient is zero everywhere, and right so */
} ig__probe_in;

typedef struct ig__probe {
  const void *options;     /* the op's struct; or NULL and `text` */
  const char *text;        /* options as text; NULL or "" for defaults */
  bool training;
  int n;                   /* pictures */
  int in_count;
  ig__probe_in in[IG__MAX_IN];
} ig__probe;

/* ---- the op ------------------------------------------------------------------------------------------------------ */

typedef void (*ig__run_fn)(const ig__run *r);

struct ig__op {
  const char *name, *help;
  const void *owner;       /* of an op that a program brought along: whose it is; else NULL */
  const ig__option *options;
  size_t options_size;
  int min_in, max_in, outputs;
  ig__batch_role role;
  ig__layout layout;
  unsigned flags;

  ig_status (*infer)(ig__infer *i);
  /* NULL: refuses (batchnorm's statistics …), or has nothing differentiable (`no_derivative` says which). */
  ig_status (*derive)(ig__derive *d);
  const char *no_derivative;
  ig_status (*lower)(ig__lower *l);                    /* NULL: runs as it is */
  /* What its line appends; NULL: one node with the line's inputs. Answers the line's value. */
  ig__value (*build)(ig__layer *l, const void *options, int in_count, const ig__value *in);

  /* By real type (0 float, 1 double): IG__RUN_BOTH(f) where only kernels are called. */
  ig__run_fn run[2];
  /* All of these but finish see a run whose views have shapes and layouts but no data yet (halo and layout_of: no pitches
   * either, and the inputs as they are before conversion). NULL: 1 part, no partial, no scratch, no halo, the op's own
   * layout. */
  int (*parts)(const ig__run *r);
  size_t (*partial)(const ig__run *r);                 /* elements of one partial */
  void (*finish)(const ig__run *r, void *const *partials, int count); /* part of parts of the outputs */
  size_t (*scratch)(const ig__run *r);                 /* bytes a thread */
  int (*halo)(const ig__run *r, int input);            /* pixels of zeros it reads around input's planes */
  ig__layout (*layout_of)(const ig__run *r, int input);
  double (*work)(const ig__run *r);                    /* multiply-adds for all pictures; NULL: none worth counting */
  double (*effort)(const ig__run *r);                  /* as how many at the peak of a core they should take (forecast.c); NULL: see there */

  /* Fills probe number `index` (0, 1, …); false when there are no more. At least 20. */
  bool (*probe)(int index, ig__probe *p);
};

#define IG__RUN_BOTH(f) { f, f }

#endif
