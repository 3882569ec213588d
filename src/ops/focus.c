/* focus: l·(1 − e⁻ˡ)^gamma, what the loss focal makes of a cross entropy l ≥ 0, of which e⁻ˡ is the probability that the right
 * answer had. With q = 1 − e⁻ˡ: the slope is q^γ·(γ·e⁻ˡ·l/q + 1), where l/q goes to 1 at l = 0. */
#include "ops/elementwise.h"

#include "ops/losses.h"

typedef struct focus_options { int order; double gamma; } focus_options;

static const ig__option table[] = {
  IG__POSITIONAL(focus_options, gamma, "2", 0.01, 100, "", "how much less the easy ones count"),
  IG__OPTIONS_END };

ig__value ig__focus_node(ig__graph *graph, ig__value losses, double gamma) {
  return ig__node1(graph, &ig__op_focus, &(focus_options){0, gamma}, losses);
}

static double missed(double l) { return l > 0 ? -ig__expm1(-l) : 0; }
static double ratio(double l) { return l > 0 ? l / missed(l) : 1; }

static double slope2(double l, double gamma) {
  const double e = ig__exp(-l);
  return gamma * ig__pow(missed(l), gamma - 1) * e * ((gamma - 1) * e * ratio(l) - l + 2);
}

static const ig__elementwise_fast focus_fast = NULL;

IG__ELEMENTWISE_OF(focus, focus_options, table, .gamma = 2, IG__DRAW_POSITIVE,
                   "a cross entropy with the easy answers made small: l*(1 - exp(-l))^gamma", IG__FROM_X,
                   x * ig__pow(missed(x), o->gamma),
                   ig__pow(missed(x), o->gamma) * (o->gamma * ig__exp(-x) * ratio(x) + 1),
                   slope2(x, o->gamma), .flags = IG__IN_PLACE | IG__DIRTY_LANES)
