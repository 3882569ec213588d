/* Cutting the work. Nodes that go picture by picture are strung together into one phase, in which a core takes a chunk of
 * pictures through all of them while they stay in its cache. What cuts the batch otherwise waits: sums over the batch and
 * work on weights are put off until somebody reads their result, then done side by side in a phase of parts.
 *
 * How sums are cut (chunks, groups, parts) follows from shapes and the constants of plan_impl.h alone. */
#include "graph/plan_impl.h"

#include <string.h>

typedef struct entry { int item; bool finish; } entry;

typedef struct cutter {
  ig__plan *plan;
  int *maker;              /* by value: the item that makes it, −1 */
  int *first, *last;       /* by value: items of the open phase that touch it */
  entry *open, *waiting;   /* the chunk phase being strung; what waits for the next phase of parts */
  int open_count, waiting_count;
  bool *in_open, *in_waiting; /* by item */
  int64_t group_bytes;     /* still to be had for copies of gradients */
} cutter;

/* Depends on parameters only, writes no gradient and changes nothing else. */
static bool is_cached(const cutter *c, const ig__item *item) {
  const ig__node *node = item->node;
  if (node->op->role != IG__NO_BATCH || (node->op->flags & IG__SIDE_EFFECT)) return false;
  for (int k = 0; k < node->out_count; k++)
    if (c->plan->place[node->out[k]].storage == IG__AT_GRAD) return false;
  for (int k = 0; k < node->in_count; k++) {
    const ig__tensor *t = c->plan->graph->tensor[node->in[k]];
    if (t->leaf == IG__LEAF_PARAM) continue;
    if (t->leaf != IG__LEAF_NOT || !c->plan->item[c->maker[node->in[k]]].cached) return false;
  }
  return true;
}

static void decide(cutter *c, ig__item *item) {
  ig__plan *plan = c->plan;
  const ig__op *op = item->node->op;
  ig__view in[IG__MAX_IN], out[IG__MAX_OUT];
  ig__run dry = ig__plan_dry_run(plan, item->node, in, out);
  int groups = plan->graph->n < IG__MAX_GROUPS ? plan->graph->n : IG__MAX_GROUPS;

  item->parts = op->parts ? op->parts(&dry) : 1;
  if (item->parts < 1) item->parts = 1;
  /* Work on weights alone is not cut by pictures, whatever its role: all chunks would read what the first one makes. */
  bool pictures = false;
  for (int k = 0; k < item->node->out_count; k++) pictures |= out[k].shape.batched;
  item->cut = op->role == IG__EACH && pictures && item->parts == 1 ? IG__CUT_CHUNKS : IG__CUT_PARTS;
  item->partial = op->role == IG__SUM && op->partial ? (int64_t)op->partial(&dry) : 0;
  if (item->partial) {
    int64_t bytes = item->partial * plan->k->real_size * groups;
    item->groups = 1;
    if (bytes <= c->group_bytes) {
      c->group_bytes -= bytes;
      item->cut = IG__CUT_CHUNKS;
      item->parts = 1;
    }
  }
  item->cached = is_cached(c, item);
}

static bool reads_any(const cutter *c, const ig__item *item, const bool *set) {
  for (int k = 0; k < item->node->in_count; k++) {
    int maker = c->maker[item->node->in[k]];
    if (maker >= 0 && set[maker]) return true;
  }
  return false;
}

/* Does the entry read what the waiting ones make, or finish what one of them adds up? */
static bool depends(const cutter *c, entry e, const entry *on, int count) {
  for (int i = 0; i < count; i++) {
    if (on[i].item == e.item) return true;
    if (e.finish) continue;
    const ig__item *item = &c->plan->item[e.item];
    for (int k = 0; k < item->node->in_count; k++)
      if (c->maker[item->node->in[k]] == on[i].item) return true;
  }
  return false;
}

static ig_status add_step(ig__plan *plan, entry e, int first_task, int tasks) {
  IG__TRY(ig__grow((void **)&plan->step, plan->step_count, &plan->step_capacity, sizeof *plan->step));
  plan->step[plan->step_count++] = (ig__phase_step){e.item, e.finish, first_task, tasks};
  return IG_OK;
}

static ig_status add_phase(ig__plan *plan, ig__phase phase) {
  IG__TRY(ig__grow((void **)&plan->phase, plan->phase_count, &plan->phase_capacity, sizeof *plan->phase));
  plan->phase[plan->phase_count++] = phase;
  return IG_OK;
}

/* Bytes that an item moves for the whole batch. */
static double item_bytes(const ig__plan *plan, const ig__item *item) {
  double bytes = 0;
  for (int k = 0; k < item->node->in_count; k++) bytes += (double)plan->place[item->node->in[k]].bytes;
  for (int k = 0; k < item->node->out_count; k++) bytes += (double)plan->place[item->node->out[k]].bytes;
  return bytes;
}

static double item_work(const ig__plan *plan, const ig__item *item) {
  ig__view in[IG__MAX_IN], out[IG__MAX_OUT];
  ig__run dry = ig__plan_dry_run(plan, item->node, in, out);
  return item->node->op->work ? item->node->op->work(&dry) : 0;
}

/* Waking threads costs some microseconds; this much work takes about as long. */
static bool is_small(const ig__plan *plan, const entry *e, int count) {
  double cost = 0;
  for (int i = 0; i < count; i++) {
    const ig__item *item = &plan->item[e[i].item];
    cost += item_bytes(plan, item) + (e[i].finish ? (double)item->partial * item->groups * 8 : item_work(plan, item));
  }
  return cost < 1e5;
}

static ig_status emit_parts(cutter *c, const entry *e, int count) {
  ig__plan *plan = c->plan;
  ig__phase phase = {.cut = IG__CUT_PARTS, .first = (int)plan->step_count, .count = count, .small = is_small(plan, e, count)};
  if (!count) return IG_OK;
  for (int i = 0; i < count; i++) {
    int tasks = e[i].finish ? IG__FINISH_PARTS : plan->item[e[i].item].parts;
    IG__TRY(add_step(plan, e[i], phase.tasks, tasks));
    phase.tasks += tasks;
  }
  return add_phase(plan, phase);
}

/* Phases of parts for all that waits: side by side unless one needs another. An item with partials is finished later than run. */
static ig_status flush(cutter *c) {
  int start = 0;
  for (int i = 0; i < c->waiting_count; i++) {
    if (depends(c, c->waiting[i], c->waiting + start, i - start)) {
      IG__TRY(emit_parts(c, c->waiting + start, i - start));
      start = i;
    }
    c->in_waiting[c->waiting[i].item] = false;
  }
  IG__TRY(emit_parts(c, c->waiting + start, c->waiting_count - start));
  c->waiting_count = 0;
  return IG_OK;
}

/* The most bytes that one picture keeps alive at any item of the open phase: from a value's first touch to its last. */
static double picture_bytes(cutter *c) {
  ig__plan *plan = c->plan;
  double most = 1;
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < c->open_count; i++) {
      const ig__node *node = plan->item[c->open[i].item].node;
      for (int k = 0; k < node->in_count + node->out_count; k++) {
        ig__value v = k < node->in_count ? node->in[k] : node->out[k - node->in_count];
        if (pass == 0) c->first[v] = -1;
        else if (c->first[v] < 0) c->first[v] = i;
        c->last[v] = i;
      }
    }
  for (int i = 0; i < c->open_count; i++) {
    double live = 0;
    for (size_t v = 0; v < plan->place_count; v++) {
      const ig__place *p = &plan->place[v];
      if (p->view.shape.batched && c->first[v] >= 0 && c->first[v] <= i && i <= c->last[v]) live += (double)p->bytes / plan->graph->n;
    }
    if (live > most) most = live;
  }
  for (size_t v = 0; v < plan->place_count; v++) c->first[v] = -1;
  return most;
}

/* The phase of chunks that has been strung: how many pictures a chunk has, and to how many tasks chunks are dealt. */
static ig_status close_chunks(cutter *c) {
  ig__plan *plan = c->plan;
  int n = plan->graph->n, most = (n + IG__MIN_CHUNKS - 1) / IG__MIN_CHUNKS;
  bool grouped = false;
  if (!c->open_count) return IG_OK;
  for (int i = 0; i < c->open_count; i++) {
    grouped |= plan->item[c->open[i].item].partial > 0;
  }
  double fits = (double)IG__CHUNK_BYTES / picture_bytes(c);
  ig__phase phase = {.cut = IG__CUT_CHUNKS, .first = (int)plan->step_count, .count = c->open_count,
                     .small = is_small(plan, c->open, c->open_count)};
  phase.chunk = fits < 1 ? 1 : fits > most ? most : (int)fits;
  int chunks = (n + phase.chunk - 1) / phase.chunk;
  phase.groups = grouped && chunks > IG__MAX_GROUPS ? IG__MAX_GROUPS : chunks;
  phase.tasks = phase.groups;

  int finishing = 0;
  for (int i = 0; i < c->open_count; i++) {
    ig__item *item = &plan->item[c->open[i].item];
    IG__TRY(add_step(plan, c->open[i], 0, 0));
    c->in_open[c->open[i].item] = false;
    if (!item->partial) continue;
    item->groups = phase.groups;
    finishing++;
  }
  /* Finishing comes before what waits: those may read it. */
  memmove(c->waiting + finishing, c->waiting, (size_t)c->waiting_count * sizeof *c->waiting);
  c->waiting_count += finishing;
  for (int i = c->open_count; i-- > 0;)
    if (plan->item[c->open[i].item].partial) c->waiting[--finishing] = (entry){c->open[i].item, true};
  c->open_count = 0;
  return add_phase(plan, phase);
}

static void wait_for(cutter *c, int i) {
  c->waiting[c->waiting_count++] = (entry){i, false};
  c->in_waiting[i] = true;
  if (c->plan->item[i].partial) c->waiting[c->waiting_count++] = (entry){i, true};
}

static ig_status cut_item(cutter *c, int i) {
  ig__plan *plan = c->plan;
  const ig__item *item = &plan->item[i];
  bool grouped_read = false;
  if (item->cut == IG__CUT_PARTS) {
    wait_for(c, i);
    return IG_OK;
  }
  for (int k = 0; k < item->node->in_count; k++) {
    int maker = c->maker[item->node->in[k]];
    grouped_read |= maker >= 0 && c->in_open[maker] && plan->item[maker].partial;
  }
  if (grouped_read || reads_any(c, item, c->in_waiting)) {
    IG__TRY(close_chunks(c));
    IG__TRY(flush(c));
  }
  c->open[c->open_count++] = (entry){i, false};
  c->in_open[i] = true;
  return IG_OK;
}

/* A finish that waits belongs to an item that is no longer open; readers of its result must wait for the flush. */
static void mark_finishing(cutter *c) {
  for (int i = 0; i < c->waiting_count; i++)
    if (c->waiting[i].finish) c->in_waiting[c->waiting[i].item] = true;
}

static ig_status cut(cutter *c) {
  ig__plan *plan = c->plan;
  for (size_t i = 0; i < plan->place_count; i++) c->maker[i] = c->first[i] = -1;
  for (size_t i = 0; i < plan->item_count; i++)
    for (int k = 0; k < plan->item[i].node->out_count; k++) c->maker[plan->item[i].node->out[k]] = (int)i;
  for (size_t i = 0; i < plan->item_count; i++) decide(c, &plan->item[i]);

  for (int i = 0; i < (int)plan->item_count; i++)
    if (plan->item[i].cached) {
      wait_for(c, i);
      for (int k = 0; k < plan->item[i].node->out_count; k++)
        plan->place[plan->item[i].node->out[k]].storage = IG__AT_CACHE;
    }
  IG__TRY(flush(c));
  plan->cached_phases = plan->phase_count;
  for (int i = 0; i < (int)plan->item_count; i++) {
    if (plan->item[i].cached) continue;
    IG__TRY(cut_item(c, i));
    mark_finishing(c);
  }
  IG__TRY(close_chunks(c));
  IG__TRY(flush(c));
  for (int p = 0; p < (int)plan->phase_count; p++)
    for (int s = plan->phase[p].first; s < plan->phase[p].first + plan->phase[p].count; s++)
      if (!plan->step[s].finish) plan->item[plan->step[s].item].phase = p;
  return IG_OK;
}

ig_status ig__plan_cut(ig__plan *plan) {
  size_t items = plan->item_count, room = 2 * items + 1;
  cutter c = {.plan = plan, .group_bytes = IG__GROUP_BYTES};
  c.maker = ig__alloc(plan->place_count, sizeof *c.maker);
  c.first = ig__alloc(plan->place_count, sizeof *c.first);
  c.last = ig__alloc(plan->place_count, sizeof *c.last);
  c.open = ig__alloc(room, sizeof *c.open);
  c.waiting = ig__alloc(2 * room, sizeof *c.waiting);
  c.in_open = ig__alloc(items, sizeof *c.in_open);
  c.in_waiting = ig__alloc(items, sizeof *c.in_waiting);
  ig_status status = c.maker && c.first && c.last && c.open && c.waiting && c.in_open && c.in_waiting ? cut(&c) : IG_NO_MEMORY;
  ig__free(c.maker);
  ig__free(c.first);
  ig__free(c.last);
  ig__free(c.open);
  ig__free(c.waiting);
  ig__free(c.in_open);
  ig__free(c.in_waiting);
  return status;
}
