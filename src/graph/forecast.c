/* How long a run of a plan should take, from what its nodes do and how fast a machine is: each node by its multiply-adds and by the
 * bytes that it reads and writes; a phase by its tasks, dealt to the threads, and one meeting. The longer of the two alone is
 * too little: steps of textbook, resnet8 and resnet18 at batch 32 and 128 took 1.2 to 1.6 times as long. */
#include "graph/plan_impl.h"

/* What products of matrices reach of the peak, and convolutions that say nothing of their own. Measured on AVX-512: 69 … 88 %. */
#define ATTAINED 0.75

/* Passes over pictures and copies: the first do some arithmetic, and read and write more than one place at a time. */
#define COPYING 0.7

static double bytes_of(const ig__plan *plan, ig__value v) {
  const ig__view *view = &plan->place[v].view;
  const ig__shape *s = &view->shape;
  double count = (double)ig__shape_count(s);
  if (view->image.block == IG__BLOCK && s->rank == 4) count *= (double)((s->dim[1] + IG__BLOCK - 1) / IG__BLOCK * IG__BLOCK) / s->dim[1];
  return count * ig__dtype_size(plan, view->dtype);
}

static double seconds_moving(const ig__plan *plan, const ig__machine *m, ig__value v) {
  return bytes_of(plan, v) / (plan->place[v].storage == IG__AT_LOCAL ? m->near_bytes : m->far_bytes);
}

static double effort(const ig__plan *plan, const ig__node *node) {
  ig__view in[IG__MAX_IN], out[IG__MAX_OUT];
  if (!node->op->effort) return ig__node_work(plan, node) / ATTAINED;
  ig__run dry = ig__plan_dry_run(plan, node, in, out);
  return node->op->effort(&dry);
}

/* Of core time. */
static double seconds_of(const ig__plan *plan, const ig__machine *m, const ig__phase_step *step) {
  const ig__item *item = &plan->item[step->item];
  const ig__node *node = item->node;
  double moving = 0;
  if (step->finish) moving = (double)item->partial * item->groups * plan->k->real_size / m->far_bytes;
  for (int k = 0; !step->finish && k < node->in_count; k++) moving += seconds_moving(plan, m, node->in[k]);
  for (int k = 0; k < node->out_count && (step->finish || !item->partial); k++) moving += seconds_moving(plan, m, node->out[k]);
  const double computing = step->finish ? 0 : 2 * effort(plan, node) / m->flops;
  return computing + moving / COPYING;
}

void ig__plan_forecast(const ig__plan *plan, const ig__machine *m, ig__profile_row *row, ig__profile_phase *phase) {
  ig__plan_profile_read(plan, row, phase);
  for (size_t p = 0; p < plan->phase_count; p++) {
    const int tasks = plan->phase[p].tasks;
    double busy = 0;
    for (int s = phase[p].first; s < phase[p].first + phase[p].count; s++) busy += row[s].seconds = seconds_of(plan, m, &plan->step[s]);
    phase[p].busy = busy;
    phase[p].seconds = busy;
    if (phase[p].small || m->threads == 1 || tasks < 1) continue;
    const int turns = (tasks + m->threads - 1) / m->threads;
    phase[p].seconds = busy * turns / tasks + m->meeting;
  }
}
