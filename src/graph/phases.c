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
  int *maker;              /* by value: the item that makes it (of a state: the last one that wrote it), −1 */
  int *first, *last;       /* by value: items of the open phase that touch it */
  entry *open, *waiting;   /* the chunk phase being strung; what waits for the next phases of parts */
  int *early;              /* items that run before the open phase, beside whatever runs there */
  int open_count, waiting_count, early_count;
  bool *in_open, *in_waiting; /* by item */
  /* Of what waits: in which of the phases of parts to come an entry runs; from which one on a value can be read, a state
   * be written, an item be finished. */
  int *level, *readable, *writable, *finishable;
  int64_t group_bytes;     /* still to be had for copies of gradients */
} cutter;

/* Depends on parameters only, writes no gradient and changes nothing else. The running state changes in training alone, as the
 * parameters do. */
static bool of_weights(const cutter *c, const ig__item *item) {
  const ig__node *node = item->node;
  if (node->op->role != IG__NO_BATCH || (node->op->flags & IG__SIDE_EFFECT)) return false;
  for (int k = 0; k < node->out_count; k++)
    if (c->plan->place[node->out[k]].storage == IG__AT_GRAD) return false;
  for (int k = 0; k < node->in_count; k++) {
    const ig__tensor *t = c->plan->graph->tensor[node->in[k]];
    if (t->leaf == IG__LEAF_PARAM || (t->leaf == IG__LEAF_STATE && !c->plan->graph->training)) continue;
    if (t->leaf != IG__LEAF_NOT) return false;
    const ig__item *maker = &c->plan->item[c->maker[node->in[k]]];
    if (!maker->cached && !maker->early) return false;
  }
  return true;
}

static bool worth_keeping(const cutter *c, const ig__item *item) {
  const ig__node *node = item->node;
  int64_t bytes = 0;
  for (int k = 0; k < node->out_count; k++) bytes += c->plan->place[node->out[k]].bytes;
  bool keep = !c->plan->graph->training || bytes <= c->plan->keep_bytes;
  for (int k = 0; k < node->in_count; k++) {
    int maker = c->maker[node->in[k]];
    keep &= maker < 0 || !c->plan->item[maker].early;
  }
  return keep;
}

/* Parts, and copies of a sum that is put off: each of the copies adds some of the pictures. */
static void cut_into_parts(const cutter *c, ig__item *item) {
  int copies = IG__SUM_TASKS / item->parts, n = c->plan->graph->n;
  int64_t room = IG__GROUP_BYTES / (item->partial * c->plan->k->real_size);
  if (copies > n) copies = n;
  if (copies > room) copies = (int)room;
  item->groups = copies > 1 ? copies : 1;
}

/* A single picture is one chunk, which one core would take through everything. What is long enough to share the cores waits, and
 * runs beside what else waits, in parts if it has any. */
static bool is_long(const ig__plan *plan, const ig__item *item) {
  return plan->graph->n == 1 && ig__node_work(plan, item->node) > IG__LONG_TASK;
}

static ig_status decide(cutter *c, ig__item *item) {
  ig__plan *plan = c->plan;
  const ig__op *op = item->node->op;
  ig__view in[IG__MAX_IN], out[IG__MAX_OUT];
  ig__run dry = ig__plan_dry_run(plan, item->node, in, out);
  int groups = plan->graph->n < IG__MAX_GROUPS ? plan->graph->n : IG__MAX_GROUPS;

  item->parts = op->parts && !(op->flags & IG__DIRTY_LANES) ? op->parts(&dry) : 1;
  if (item->parts < 1) item->parts = 1;
  /* Work on weights alone is not cut by pictures, whatever its role: all chunks would read what the first one makes. */
  bool pictures = false;
  for (int k = 0; k < item->node->out_count; k++) pictures |= out[k].shape.batched;
  item->cut = op->role == IG__EACH && pictures && item->parts == 1 && !is_long(plan, item) ? IG__CUT_CHUNKS : IG__CUT_PARTS;
  bool weights = of_weights(c, item);
  item->cached = weights && worth_keeping(c, item);
  item->early = weights && !item->cached;
  if (op->role != IG__SUM || !op->partial) return IG_OK;

  size_t partial = op->partial(&dry);
  if (partial > (size_t)IG__MOST_BYTES / (size_t)plan->k->real_size) return ig__plan_too_large(&out[0].shape);
  item->partial = (int64_t)partial;
  if (item->partial && !is_long(plan, item) && item->partial <= c->group_bytes / (plan->k->real_size * groups)) {
    c->group_bytes -= item->partial * plan->k->real_size * groups;
    item->cut = IG__CUT_CHUNKS;
    item->parts = 1;
  } else if (item->partial) {
    cut_into_parts(c, item);
  }
  return IG_OK;
}

static bool reads_any(const cutter *c, const ig__item *item, const bool *set) {
  for (int k = 0; k < item->node->in_count; k++) {
    int maker = c->maker[item->node->in[k]];
    if (maker >= 0 && set[maker]) return true;
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

/* What a step takes, in the measure of IG__SMALL_PHASE. */
static double entry_cost(const ig__plan *plan, entry e) {
  const ig__item *item = &plan->item[e.item];
  return item_bytes(plan, item) + (e.finish ? (double)item->partial * item->groups * 8 : ig__node_work(plan, item->node));
}

static bool is_state(const ig__plan *plan, ig__value v) { return plan->graph->tensor[v]->leaf == IG__LEAF_STATE; }

/* In which of the phases to come the entry can run: behind what makes its inputs; and one that writes a state, behind that
 * state's readers. Notes what can be done once it has run. */
static int find_level(cutter *c, entry e) {
  const ig__item *item = &c->plan->item[e.item];
  const ig__node *node = item->node;
  bool writes = (node->op->flags & IG__SIDE_EFFECT) != 0;
  int level = e.finish ? c->finishable[e.item] : 0;
  for (int k = 0; k < node->in_count; k++) {
    ig__value v = node->in[k];
    if (c->readable[v] > level) level = c->readable[v];
    if (writes && is_state(c->plan, v) && c->writable[v] > level) level = c->writable[v];
  }
  for (int k = 0; k < node->in_count; k++) {
    ig__value v = node->in[k];
    if (!is_state(c->plan, v)) continue;
    if (c->writable[v] <= level) c->writable[v] = level + 1;
    if (writes) c->readable[v] = level + 1;
  }
  if (item->partial && !e.finish) c->finishable[e.item] = level + 1;
  for (int k = 0; (e.finish || !item->partial) && k < node->out_count; k++) c->readable[node->out[k]] = level + 1;
  return level;
}

static void forget_level(cutter *c, entry e) {
  const ig__node *node = c->plan->item[e.item].node;
  for (int k = 0; k < node->in_count; k++) c->readable[node->in[k]] = c->writable[node->in[k]] = 0;
  for (int k = 0; k < node->out_count; k++) c->readable[node->out[k]] = 0;
  c->finishable[e.item] = 0;
  c->in_waiting[e.item] = false;
}

static ig_status new_parts(ig__plan *plan) {
  return add_phase(plan, (ig__phase){.cut = IG__CUT_PARTS, .first = (int)plan->step_count, .small = true});
}

/* What runs early joins the phase of parts before the open one, or makes one. */
static ig_status flush_early(cutter *c) {
  ig__plan *plan = c->plan;
  if (!c->early_count) return IG_OK;
  bool join = plan->phase_count > plan->cached_phases && plan->phase[plan->phase_count - 1].cut == IG__CUT_PARTS;
  if (!join) IG__TRY(new_parts(plan));
  ig__phase *phase = &plan->phase[plan->phase_count - 1];
  for (int i = 0; i < c->early_count; i++) {
    const ig__item *item = &plan->item[c->early[i]];
    IG__TRY(add_step(plan, (entry){c->early[i], false}, phase->tasks, item->parts));
    phase->tasks += item->parts;
    phase->count++;
    phase->small &= item_bytes(plan, item) < IG__SMALL_PHASE;
  }
  c->early_count = 0;
  return IG_OK;
}

/* Phases of parts for all that waits, as few as can be: what does not need one another runs side by side. */
static ig_status flush(cutter *c) {
  ig__plan *plan = c->plan;
  int levels = 0;
  IG__TRY(flush_early(c));
  for (int i = 0; i < c->waiting_count; i++) {
    c->level[i] = find_level(c, c->waiting[i]);
    if (c->level[i] >= levels) levels = c->level[i] + 1;
  }
  for (int level = 0; level < levels; level++) {
    ig__phase phase = {.cut = IG__CUT_PARTS, .first = (int)plan->step_count};
    double cost = 0;
    for (int i = 0; i < c->waiting_count; i++) {
      if (c->level[i] != level) continue;
      const ig__item *item = &plan->item[c->waiting[i].item];
      int tasks = c->waiting[i].finish ? IG__FINISH_PARTS : item->parts * (item->partial ? item->groups : 1);
      IG__TRY(add_step(plan, c->waiting[i], phase.tasks, tasks));
      cost += entry_cost(plan, c->waiting[i]);
      phase.tasks += tasks;
      phase.count++;
    }
    phase.small = cost < IG__SMALL_PHASE;
    IG__TRY(add_phase(plan, phase));
  }
  for (int i = 0; i < c->waiting_count; i++) forget_level(c, c->waiting[i]);
  c->waiting_count = 0;
  return IG_OK;
}

/* Inputs, then outputs. */
static ig__value value_of(const ig__node *node, int k) {
  return k < node->in_count ? node->in[k] : node->out[k - node->in_count];
}

/* The most bytes that one picture keeps alive at any item of the open phase: from a value's first touch to its last. */
static int64_t picture_bytes(cutter *c) {
  ig__plan *plan = c->plan;
  int64_t live = 0, most = 1;
  for (int i = c->open_count; i-- > 0;) { /* backwards: the first visit is the last touch, the last one the first */
    const ig__node *node = plan->item[c->open[i].item].node;
    for (int k = 0; k < node->in_count + node->out_count; k++) {
      ig__value v = value_of(node, k);
      if (c->first[v] < 0) c->last[v] = i;
      c->first[v] = i;
    }
  }
  for (int i = 0; i < c->open_count; i++) {
    const ig__node *node = plan->item[c->open[i].item].node;
    for (int pass = 0; pass < 2; pass++) {
      int *at = pass == 0 ? c->first : c->last; /* begins here; ends here */
      for (int k = 0; k < node->in_count + node->out_count; k++) {
        const ig__place *p = &plan->place[value_of(node, k)];
        if (at[value_of(node, k)] != i) continue;
        at[value_of(node, k)] = -1;
        if (p->view.shape.batched) live += (pass == 0 ? p->bytes : -p->bytes) / plan->graph->n;
      }
      if (live > most) most = live;
    }
  }
  return most;
}

/* The phase of chunks that has been strung: how many pictures a chunk has, and to how many tasks chunks are dealt. */
static ig_status close_chunks(cutter *c) {
  ig__plan *plan = c->plan;
  int n = plan->graph->n, most = (n + IG__MIN_CHUNKS - 1) / IG__MIN_CHUNKS;
  bool grouped = false;
  double cost = 0;
  if (!c->open_count) return IG_OK;
  IG__TRY(flush_early(c));
  for (int i = 0; i < c->open_count; i++) {
    grouped |= plan->item[c->open[i].item].partial > 0;
    cost += entry_cost(plan, c->open[i]);
  }
  /* Two pictures share the weights that they read, and half the copies of gradients are added up: more than the cores from the
   * fifth on would gain. */
  if (n == IG__MIN_CHUNKS) most = 2;
  int64_t fits = IG__CHUNK_BYTES / picture_bytes(c);
  ig__phase phase = {.cut = IG__CUT_CHUNKS, .first = (int)plan->step_count, .count = c->open_count,
                     .small = cost < IG__SMALL_PHASE};
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

static bool reads_early(const cutter *c, const ig__item *item) {
  for (int k = 0; k < item->node->in_count; k++)
    for (int e = 0; e < c->early_count; e++)
      if (c->maker[item->node->in[k]] == c->early[e]) return true;
  return false;
}

static ig_status cut_item(cutter *c, int i) {
  ig__plan *plan = c->plan;
  const ig__item *item = &plan->item[i];
  bool grouped_read = false;
  if (item->early) {
    if (reads_early(c, item)) {
      IG__TRY(close_chunks(c));
      IG__TRY(flush(c));
      IG__TRY(new_parts(plan));
    }
    c->early[c->early_count++] = i;
    return IG_OK;
  }
  if (item->cut == IG__CUT_PARTS) {
    wait_for(c, i);
    for (int k = 0; (item->node->op->flags & IG__SIDE_EFFECT) && k < item->node->in_count; k++)
      if (is_state(plan, item->node->in[k])) c->maker[item->node->in[k]] = i;
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

static ig_status cut(cutter *c) {
  ig__plan *plan = c->plan;
  for (size_t i = 0; i < plan->place_count; i++) c->maker[i] = c->first[i] = c->last[i] = -1;
  for (size_t i = 0; i < plan->item_count; i++)
    for (int k = 0; k < plan->item[i].node->out_count; k++) c->maker[plan->item[i].node->out[k]] = (int)i;
  for (size_t i = 0; i < plan->item_count; i++) IG__TRY(decide(c, &plan->item[i]));

  for (int i = 0; i < (int)plan->item_count; i++)
    if (plan->item[i].cached) {
      wait_for(c, i);
      for (int k = 0; k < plan->item[i].node->out_count; k++)
        plan->place[plan->item[i].node->out[k]].storage = IG__AT_CACHE;
    }
  IG__TRY(flush(c));
  plan->cached_phases = plan->phase_count;
  for (int i = 0; i < (int)plan->item_count; i++) {
    if (!plan->item[i].cached) IG__TRY(cut_item(c, i));
  }
  IG__TRY(close_chunks(c));
  IG__TRY(flush(c));
  for (int p = 0; p < (int)plan->phase_count; p++)
    for (int s = plan->phase[p].first; s < plan->phase[p].first + plan->phase[p].count; s++)
      if (!plan->step[s].finish) plan->item[plan->step[s].item].phase = p;
  return IG_OK;
}

static ig_status make_room(cutter *c) {
  size_t values = c->plan->place_count, items = c->plan->item_count, entries = 2 * items; /* each runs and may be finished */
  c->maker = ig__alloc(values, sizeof *c->maker);
  c->first = ig__alloc(values, sizeof *c->first);
  c->last = ig__alloc(values, sizeof *c->last);
  c->readable = ig__alloc(values, sizeof *c->readable);
  c->writable = ig__alloc(values, sizeof *c->writable);
  c->finishable = ig__alloc(items, sizeof *c->finishable);
  c->open = ig__alloc(items, sizeof *c->open);
  c->early = ig__alloc(items, sizeof *c->early);
  c->in_open = ig__alloc(items, sizeof *c->in_open);
  c->waiting = ig__alloc(entries, sizeof *c->waiting);
  c->level = ig__alloc(entries, sizeof *c->level);
  c->in_waiting = ig__alloc(items, sizeof *c->in_waiting);
  bool ok = c->maker && c->first && c->last && c->readable && c->writable && c->finishable && c->open && c->early &&
            c->in_open && c->waiting && c->level && c->in_waiting;
  return ok ? IG_OK : IG_NO_MEMORY;
}

ig_status ig__plan_cut(ig__plan *plan) {
  cutter c = {.plan = plan, .group_bytes = IG__GROUP_BYTES};
  ig_status status = make_room(&c);
  if (status == IG_OK) status = cut(&c);
  ig__free(c.maker);
  ig__free(c.first);
  ig__free(c.last);
  ig__free(c.readable);
  ig__free(c.writable);
  ig__free(c.finishable);
  ig__free(c.open);
  ig__free(c.early);
  ig__free(c.in_open);
  ig__free(c.waiting);
  ig__free(c.level);
  ig__free(c.in_waiting);
  return status;
}
