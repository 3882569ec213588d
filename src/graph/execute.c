/* Running a plan: phase after phase, tasks handed out by the pool. Nothing is allocated, nothing can fail. */
#include "graph/plan_impl.h"

#include <string.h>

/* Where a value lies for this call: thread and first picture of the chunk matter for local values only. */
static void *address(const ig__plan *plan, const ig__place *p, int index, int thread, int n0) {
  const ig__feed *feed = plan->feed;
  const ig__tensor *t = plan->graph->tensor[index];
  const ig__place *root = p->same_as == IG__NONE ? p : &plan->place[p->same_as];
  size_t real = (size_t)plan->k->real_size;
  switch (p->storage) {
  case IG__AT_GRAD: return (uint8_t *)plan->grads + (size_t)p->offset * real;
  case IG__AT_CACHE: return plan->caches + p->offset + p->origin;
  case IG__AT_BATCH: return plan->buffers + root->offset + p->origin;
  case IG__AT_LOCAL:
    return plan->scratch[thread] + root->offset + p->origin -
           (int64_t)n0 * p->view.n_pitch * ig__dtype_size(plan, p->view.dtype);
  default: break;
  }
  switch (t->leaf) {
  case IG__LEAF_PARAM: return (uint8_t *)(uintptr_t)feed->params + (size_t)plan->param_offset[t->leaf_index] * real;
  case IG__LEAF_STATE: return (uint8_t *)feed->state + (size_t)plan->state_offset[t->leaf_index] * real;
  case IG__LEAF_FIELD: return (void *)(uintptr_t)feed->field[t->leaf_index];
  default:
    return plan->k->real_size == 4 ? (void *)&((ig__plan *)(uintptr_t)plan)->scalar_f32[t->leaf_index]
                                   : (void *)&((ig__plan *)(uintptr_t)plan)->scalar[t->leaf_index];
  }
}

static void fill_view(const ig__plan *plan, ig__value value, int thread, int n0, ig__view *v) {
  const ig__place *p = &plan->place[value];
  *v = p->view;
  v->data = address(plan, p, value, thread, n0);
  if (v->image.block) v->image.data = v->data;
}

/* Sets count elements of `size` bytes to zero; zero is all bits zero in every dtype. */
static void clear(void *data, int64_t at, int64_t count, int size) {
  memset((uint8_t *)data + at * size, 0, (size_t)(count * size));
}

/* The halo around the planes of pictures n0 … n1-1: top and bottom rows with the sides of the rows between them. */
static void clear_halo(const ig__view *v, int size, int n0, int n1) {
  const ig__image *im = &v->image;
  int64_t planes = (im->c + im->block - 1) / im->block, side = (int64_t)im->halo * im->block;
  for (int64_t n = n0; n < n1; n++)
    for (int64_t b = 0; b < planes; b++) {
      int64_t at = n * im->n_pitch + b * im->c_pitch;
      clear(v->data, at - im->halo * im->h_pitch - side, im->halo * im->h_pitch + side, size);
      for (int h = 1; h < im->h; h++) clear(v->data, at + h * im->h_pitch - 2 * side, 2 * side, size);
      clear(v->data, at + im->h * im->h_pitch - 2 * side, im->halo * im->h_pitch + side, size);
    }
}

/* Lanes past the last channel. */
static void clear_lanes(const ig__view *v, int size, int n0, int n1) {
  const ig__image *im = &v->image;
  int from = im->c % im->block;
  if (!from) return;
  for (int64_t n = n0; n < n1; n++)
    for (int h = 0; h < im->h; h++)
      for (int w = 0; w < im->w; w++)
        clear(v->data, n * im->n_pitch + im->c / im->block * im->c_pitch + h * im->h_pitch + (int64_t)w * im->block + from,
              im->block - from, size);
}

static ig__run make_run(const ig__plan *plan, const ig__item *item, ig__view *in, ig__view *out, int thread, int n0) {
  const ig__node *node = item->node;
  for (int k = 0; k < node->in_count; k++) fill_view(plan, node->in[k], thread, n0, &in[k]);
  for (int k = 0; k < node->out_count; k++) fill_view(plan, node->out[k], thread, n0, &out[k]);
  return (ig__run){.node = node, .options = node->options, .k = plan->k, .in = in, .out = out, .n = plan->feed->n,
                   .n1 = plan->feed->n, .parts = 1, .scratch = plan->scratch[thread] + plan->local_bytes,
                   .step = &plan->feed->step};
}

/* In poisoned builds: remembers the first output that breaks the layout contract. Outputs that several parts or a finish
 * complete are not looked at here. */
static void look_at_outputs(const ig__plan *plan, const ig__run *r) {
#ifdef IG__POISON
  ig__plan *p = (ig__plan *)(uintptr_t)plan;
  for (int k = 0; k < r->node->out_count && r->parts == 1 && !r->partial && !p->violation; k++) {
    const char *found = ig__poison_check(&r->out[k], ig__dtype_size(plan, r->out[k].dtype), r->n0, r->n1);
    if (found) p->violator = r->node, p->violation = found;
  }
#else
  (void)plan, (void)r;
#endif
}

static void run_node(const ig__plan *plan, const ig__run *r, bool first_part) {
  const ig__op *op = r->node->op;
  for (int k = 0; first_part && k < r->node->out_count; k++)
    if (r->out[k].image.halo) clear_halo(&r->out[k], ig__dtype_size(plan, r->out[k].dtype), r->n0, r->n1);
  op->run[plan->k->real_size == 8](r);
  for (int k = 0; (op->flags & IG__DIRTY_LANES) && k < r->node->out_count; k++)
    if (r->out[k].image.block) clear_lanes(&r->out[k], ig__dtype_size(plan, r->out[k].dtype), r->n0, r->n1);
  look_at_outputs(plan, r);
}

static size_t partial_stride(const ig__plan *plan, const ig__item *item) {
  return ((size_t)item->partial * (size_t)plan->k->real_size + 63) / 64 * 64;
}

static uint8_t *partial_of(const ig__plan *plan, const ig__item *item, int group) {
  return plan->partials + item->partial_offset + (size_t)group * partial_stride(plan, item);
}

typedef struct phase_job { ig__plan *plan; const ig__phase *phase; } phase_job;

/* Books the time since `since` for a step of this thread, and answers the time now: one reading of the clock serves as the end
 * of a call and the beginning of the next. */
static double book(const ig__plan *plan, int step, int thread, double since) {
  double now = ig__now();
  ig__timer *t = &plan->profile->timer[thread][step];
  t->seconds += now - since;
  t->calls++;
  return now;
}

/* One group of chunks through all items of the phase. */
static void run_chunks(void *arg, int task, int thread) {
  const phase_job *job = arg;
  const ig__plan *plan = job->plan;
  const ig__phase *phase = job->phase;
  ig__view in[IG__MAX_IN], out[IG__MAX_OUT];
  int planned = (plan->graph->n + phase->chunk - 1) / phase->chunk, n = plan->feed->n;
  int from = (int)((int64_t)planned * task / phase->groups), to = (int)((int64_t)planned * (task + 1) / phase->groups);
  for (int chunk = from; chunk < to && (int64_t)chunk * phase->chunk < n; chunk++) {
    int n0 = chunk * phase->chunk, n1 = n - n0 > phase->chunk ? n0 + phase->chunk : n;
    double since = plan->profile ? ig__now() : 0;
#ifdef IG__POISON
    memset(plan->scratch[thread], 0xff, plan->local_bytes);
#endif
    for (int s = phase->first; s < phase->first + phase->count; s++) {
      const ig__item *item = &plan->item[plan->step[s].item];
      ig__run r = make_run(plan, item, in, out, thread, n0);
      r.n0 = n0;
      r.n1 = n1;
      if (item->partial) {
        r.partial = partial_of(plan, item, task);
        if (chunk == from) memset(r.partial, 0, partial_stride(plan, item));
      }
      run_node(plan, &r, !item->partial);
      if (plan->profile) since = book(plan, s, thread, since);
    }
  }
}

/* The first picture of a group of a sum that is made in parts. */
static int group_start(const ig__plan *plan, const ig__item *item, int group) {
  return (int)((int64_t)plan->graph->n * group / item->groups);
}

/* How many groups of a sum got pictures in this run. */
static int groups_used(const ig__plan *plan, const ig__item *item, const ig__phase *made) {
  bool parts = made->cut == IG__CUT_PARTS;
  int planned = parts ? 0 : (plan->graph->n + made->chunk - 1) / made->chunk, used = 0;
  for (int g = 0; g < item->groups; g++) {
    int64_t first = parts ? group_start(plan, item, g) : (int64_t)planned * g / item->groups * made->chunk;
    used += first < plan->feed->n;
  }
  return used;
}

/* A part of one group's sum. */
static void run_group_part(const ig__plan *plan, const ig__item *item, ig__run *r, int task) {
  int group = task / item->parts, n = plan->feed->n, end = group_start(plan, item, group + 1);
  r->part = task % item->parts;
  r->parts = item->parts;
  r->n0 = group_start(plan, item, group);
  r->n1 = end < n ? end : n;
  r->partial = partial_of(plan, item, group);
  if (r->n0 < r->n1) run_node(plan, r, false);
}

static void run_part(const ig__plan *plan, const ig__phase_step *step, int part, int thread) {
  const ig__item *item = &plan->item[step->item];
  ig__view in[IG__MAX_IN], out[IG__MAX_OUT];
  ig__run r = make_run(plan, item, in, out, thread, 0);
  r.part = part;
  r.parts = step->tasks;
  if (step->finish) {
    void *partials[IG__MAX_GROUPS];
    int count = groups_used(plan, item, &plan->phase[item->phase]);
    for (int g = 0; g < count; g++) partials[g] = partial_of(plan, item, g);
    item->node->op->finish(&r, partials, count);
    return;
  }
  if (item->partial) run_group_part(plan, item, &r, part);
  else run_node(plan, &r, part == 0);
}

static void run_parts(void *arg, int task, int thread) {
  const phase_job *job = arg;
  const ig__phase *phase = job->phase;
  for (int s = phase->first; s < phase->first + phase->count; s++) {
    const ig__phase_step *step = &job->plan->step[s];
    if (task < step->first_task + step->tasks) {
      double since = job->plan->profile ? ig__now() : 0;
      run_part(job->plan, step, task - step->first_task, thread);
      if (job->plan->profile) book(job->plan, s, thread, since);
      return;
    }
  }
}

/* Partials that are made in parts start as zeros too. */
static void clear_partials(const ig__plan *plan, const ig__phase *phase) {
  for (int s = phase->first; s < phase->first + phase->count; s++) {
    const ig__item *item = &plan->item[plan->step[s].item];
    if (item->partial && !plan->step[s].finish)
      memset(partial_of(plan, item, 0), 0, partial_stride(plan, item) * (size_t)item->groups);
  }
}

static void run_phase(ig__plan *plan, ig__pool *pool, const ig__phase *phase) {
  phase_job job = {plan, phase};
  ig__task_fn fn = phase->cut == IG__CUT_CHUNKS ? run_chunks : run_parts;
  if (phase->cut == IG__CUT_PARTS) clear_partials(plan, phase);
  if (!phase->small) {
    ig__pool_run(pool, phase->tasks, plan->k->real_size == 4, fn, &job);
    return;
  }
  for (int task = 0; task < phase->tasks; task++) fn(&job, task, 0);
}

static void time_phase(ig__plan *plan, ig__pool *pool, size_t phase) {
  double start = ig__now();
  run_phase(plan, pool, &plan->phase[phase]);
  plan->profile->phase_seconds[phase] += ig__now() - start;
}

static ig_status check_feed(const ig__plan *plan, const ig__pool *pool, const ig__feed *feed) {
  if (feed->n < 1 || feed->n > plan->graph->n)
    return ig__fail(IG_USAGE, "a plan for 1 to %d pictures was given %d", plan->graph->n, feed->n);
  if (ig__pool_threads(pool) > plan->threads)
    return ig__fail(IG_USAGE, "a plan prepared for %d threads was run on %d", plan->threads, ig__pool_threads(pool));
  if (feed->accumulate && !plan->accumulates)
    return ig__fail(IG_USAGE, "a plan that was not asked to accumulate gradients was told to");
  for (int i = 0; i < plan->output_count; i++)
    if (plan->output[i].into >= 0 && !feed->grads) return ig__fail(IG_USAGE, "a plan that makes gradients was given no room");
  for (size_t i = 0; i < plan->graph->tensor_count; i++) {
    const ig__tensor *t = plan->graph->tensor[i];
    bool missing = (t->leaf == IG__LEAF_FIELD && !feed->field[t->leaf_index]) ||
                   (t->leaf == IG__LEAF_PARAM && !feed->params) || (t->leaf == IG__LEAF_STATE && !feed->state);
    if (missing) return ig__fail(IG_USAGE, "a plan was run without its field, parameters or state");
  }
  return IG_OK;
}

ig_status ig__plan_run(ig__plan *plan, ig__pool *pool, const ig__feed *feed) {
  IG__TRY(check_feed(plan, pool, feed));
  plan->feed = feed;
  plan->grads = feed->accumulate ? plan->accumulation : feed->grads;
  plan->scalar[IG__SCALAR_ONE] = 1;
  plan->scalar[IG__SCALAR_LOSS_SCALE] = feed->loss_scale;
  for (int i = 0; i < IG__SCALARS; i++) plan->scalar_f32[i] = (float)plan->scalar[i];

#ifdef IG__POISON
  plan->violation = NULL;
  memset(plan->buffers, 0xff, plan->memory.buffers);
#endif
  bool cached = plan->cached && feed->version && feed->version == plan->version;
  for (size_t p = cached ? plan->cached_phases : 0; p < plan->phase_count; p++) {
    if (plan->profile) time_phase(plan, pool, p);
    else run_phase(plan, pool, &plan->phase[p]);
  }
  plan->cached = true;
  plan->version = feed->version;

  for (int i = 0; feed->accumulate && i < plan->output_count; i++) {
    const ig__plan_output *o = &plan->output[i];
    size_t at = o->into < 0 ? 0 : (size_t)o->into * (size_t)plan->k->real_size;
    if (o->into >= 0)
      plan->k->axpy((uint8_t *)feed->grads + at, plan->accumulation + at, 1.0, ig__shape_count(&plan->place[o->value].view.shape));
  }
  plan->feed = NULL;
#ifdef IG__POISON
  if (plan->violation) return ig__fail(IG_FAILED, "%s in line %s %s", plan->violator->op->name, plan->violator->line, plan->violation);
#endif
  return IG_OK;
}
