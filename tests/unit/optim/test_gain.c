/* How a step moves with its gradient: what each optimiser says of it against differences, in double, after steps of many kinds. */
#include "base/alloc.h"
#include "spans.h"

enum { COUNT = 19 };
#define H 1e-6

typedef struct { double w[COUNT], g[COUNT], slot[IG__MAX_SLOTS][COUNT]; } place;

static void step(const ig__optimiser *o, const void *options, place *p, int number, double *gain) {
  ig__update u = {.k = ig__kernels_for(IG__ISA_REFERENCE, 8), .options = options, .lr = 0.03, .step = number, .w = p->w, .g = p->g, .count = COUNT};
  for (int i = 0; i < o->slots(options); i++) u.slot[i] = p->slot[i];
  o->step(&u);
  if (gain) o->gain(&u, gain);
}

static void check(const char *text, int steps) {
  const ig__optimiser *o;
  void *options;
  place p = {.w = {0}}, moved;
  double gain[COUNT];
  CHECK_OK(ig__optimiser_parse(text, &o, &options));
  CHECK(o->gain);
  for (int s = 1; s <= steps; s++) {
    for (int i = 0; i < COUNT; i++) p.g[i] = sin(0.7 * s + i) + 0.3 * cos(1.3 * i);
    if (s < steps) step(o, options, &p, s, NULL);
  }
  double w[2][COUNT];
  for (int side = 0; side < 2; side++) {
    moved = p;
    for (int i = 0; i < COUNT; i++) moved.g[i] += side ? H : -H;
    step(o, options, &moved, steps, NULL);
    memcpy(w[side], moved.w, sizeof w[side]);
  }
  step(o, options, &p, steps, gain);
  for (int i = 0; i < COUNT; i++) {
    const double want = -(w[1][i] - w[0][i]) / (2 * H);
    if (!(fabs(gain[i] - want) <= 1e-5 * (fabs(want) + 0.03))) test_fail(__FILE__, __LINE__, "%s, step %d, %d: %g, by differences %g", text, steps, i, gain[i], want);
  }
  ig__free(options);
}

TEST(gains_are_the_derivatives_of_steps) {
  for (int steps = 1; steps <= 9; steps += 4) {
    for (size_t i = 0; ig__optimisers[i]; i++) check(ig__optimisers[i]->name, steps);
    check("sgd momentum=0.9", steps);
    check("sgd momentum=0.9 nesterov=yes", steps);
    check("adam beta1=0.5 beta2=0.9 epsilon=0.1", steps);
    check("adam amsgrad=yes beta2=0.5", steps);
    check("rmsprop momentum=0.7 epsilon=1e-2", steps);
  }
}
