#ifndef IG__DESCENT_H
#define IG__DESCENT_H
/* Full-batch descent: methods that look at the whole objective, with line searches and stopping rules, as against the
 * optimisers, which take a step on the gradient of each batch. None knows what the function is made of. All vectors are
 * double, whatever the real type of the network below: sums over hundreds of thousands of weights decide here. */

#include "optim/optim.h"

/* A function of `count` variables. */
typedef struct ig__objective {
  void *user;
  int64_t count;
  /* f(x), and its gradient when g is not NULL. A value that is not finite is an answer: the search turns back from there. */
  ig_status (*evaluate)(void *user, const double *x, double *value, double *g);
  /* hv = H·v, H the second derivative at x or its Gauss–Newton part, which is never negative. NULL: there is none. */
  ig_status (*curvature)(void *user, const double *x, const double *v, bool gauss_newton, double *hv);
} ig__objective;

/* Everything besides the memory that is needed to go on. Plain numbers: a checkpoint keeps them as they are. */
typedef struct ig__descent_state {
  double value, norm;      /* f(x); largest |element| of its gradient */
  double first;            /* length of the gradient at the beginning */
  double change;           /* (previous f − f) / max(|f|, |previous f|); 1 before the first step */
  double length;           /* of the last step, as a multiple of its direction */
  double damping;          /* newton */
  double cost;             /* in gradients: a value counts a third, a gradient 1, a Hessian–vector product 2 */
  int64_t iteration;
  int64_t products;        /* Hessian–vector products */
  int64_t pairs;           /* lbfgs: taken up so far */
  int64_t idle;            /* steps in succession without any gain */
} ig__descent_state;

/* The options struct of every method begins with these three, and its table with these rows. */
typedef struct ig__descent_rules { double gtol, ftol, budget; } ig__descent_rules;
#define IG__DESCENT_RULES(T)                                                                     \
  IG__OPTION(T, gtol, "1e-6", 0, 1e30, "", "stop when no element of the gradient is larger"),    \
  IG__OPTION(T, ftol, "1e-9", 0, 1, "", "stop when a step changes the loss by no larger share; 0: never"), \
  IG__OPTION(T, budget, "0", 0, 1e12, "gradients", "stop when so many gradients of all pictures were computed; 0: never")

typedef struct ig__descent ig__descent;

/* One file in descents/, one line in all.def. */
typedef struct ig__descent_method {
  IG__IS_THING;
  int (*vectors)(const void *options); /* that it keeps and works in, besides x and g */
  /* One step from d->x, whose value and gradient are known; leaves x, g and the state's value. Sets `stuck` when no lower
   * point is found. */
  ig_status (*step)(ig__descent *d);
} ig__descent_method;

struct ig__descent {
  const ig__descent_method *method;
  void *options;
  ig__objective f;
  ig__descent_state state;
  double *memory;          /* x, g, then the method's vectors, `count` each */
  size_t memory_count;     /* doubles */
  double *x, *g;
  bool stuck;
  const char *stopped;     /* "gradient", "loss", "budget", "no lower point", or NULL */
};

extern const ig__descent_method *const ig__descent_methods[];
const ig__descent_method *ig__descent_method_find(const char *name);
ig_status ig__descent_method_parse(const char *text, const ig__descent_method **thing, void **options);

/* text: "lbfgs memory=20". IG_USAGE: unknown, or a method that needs curvature for an objective without. Owner: caller. */
ig_status ig__descent_new(const char *text, const ig__objective *f, ig__descent **out);
void ig__descent_free(ig__descent *d);
/* Evaluates at d->x, which the caller has filled. IG_DIVERGED: the function is not finite there. */
ig_status ig__descent_begin(ig__descent *d);
/* One outer iteration. Afterwards `stopped` says whether a rule has fired. */
ig_status ig__descent_step(ig__descent *d);

/* ---- for the methods ------------------------------------------------------------------------------------------------ */

/* The method's i-th vector. */
static inline double *ig__descent_vector(ig__descent *d, int i) { return d->memory + (2 + i) * d->f.count; }
/* Sums run in blocks, and the blocks' sums are added. */
double ig__dot(const double *a, const double *b, int64_t count);
double ig__largest(const double *a, int64_t count);              /* largest |element|; NaN when one is */
void ig__axpy(double a, const double *x, double *y, int64_t count); /* y += a·x */

ig_status ig__descent_evaluate(ig__descent *d, const double *x, double *value, double *g); /* and counts the cost */
ig_status ig__descent_curvature(ig__descent *d, const double *v, bool gauss_newton, double *hv);

/* Line searches from d->x along `direction`, trying `length` first; to_x and to_g are room for the point tried. On success
 * x, g, value and length are those of the new point, and to_x and to_g hold the old one; else d->stuck is set, and x, g and
 * value are as they were.
 * armijo: goes back until f falls by 10⁻⁴ of what the slope promises. wolfe: also |slope| ≤ `flatness` of that at the
 * start, so that y·s > 0. (Nocedal & Wright, Numerical Optimization, 2nd ed., 3.1 and algorithms 3.5, 3.6.) */
ig_status ig__search_armijo(ig__descent *d, const double *direction, double length, double *to_x, double *to_g);
ig_status ig__search_wolfe(ig__descent *d, const double *direction, double length, double flatness, double *to_x, double *to_g);

#endif
