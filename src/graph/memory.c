/* A place for every value. A value that is made and used up inside one phase of chunks needs room for one chunk only, once a
 * thread; others get room for the whole batch, shared between values that never live at the same time. */
#include "graph/plan_impl.h"

#include <stdlib.h>

#define ALIGN ((int64_t)64)

static int64_t aligned(int64_t bytes) { return (bytes + ALIGN - 1) / ALIGN * ALIGN; }

/* When each value is made and last read, in phases and in steps. A finish may read what has no pictures. */
static void find_lifetimes(ig__plan *plan) {
  for (int p = 0; p < (int)plan->phase_count; p++)
    for (int s = plan->phase[p].first; s < plan->phase[p].first + plan->phase[p].count; s++) {
      const ig__item *item = &plan->item[plan->step[s].item];
      bool makes = plan->step[s].finish || !item->partial;
      for (int k = 0; k < item->node->in_count; k++) {
        ig__place *in = &plan->place[item->node->in[k]];
        if (plan->step[s].finish && in->view.shape.batched) continue;
        in->last = p;
        in->last_at = s;
      }
      for (int k = 0; k < item->node->out_count; k++) {
        ig__place *out = &plan->place[item->node->out[k]];
        if (out->made < 0) {
          out->made = p;
          out->made_at = s;
        }
        if (makes && out->last < p) out->last = p, out->last_at = s;
        if (makes && out->last_at < s) out->last_at = s;
      }
    }
}

static void find_local(ig__plan *plan) {
  for (size_t i = 0; i < plan->place_count; i++) {
    ig__place *p = &plan->place[i];
    if (p->storage != IG__AT_BATCH || p->made < 0 || p->made != p->last || !p->view.shape.batched) continue;
    const ig__item *maker = &plan->item[plan->step[p->made_at].item];
    if (plan->phase[p->made].cut == IG__CUT_CHUNKS && !maker->partial) p->storage = IG__AT_LOCAL;
  }
}

static bool contiguous(const ig__view *v) { return !v->image.block || (v->image.block == 1 && !v->image.halo); }

static bool same_form(const ig__plan *plan, const ig__place *a, const ig__place *b) {
  if (a->bytes != b->bytes || a->origin != b->origin || a->storage != b->storage) return false;
  if (a->view.shape.batched != b->view.shape.batched) return false;
  if (ig__dtype_size(plan, a->view.dtype) != ig__dtype_size(plan, b->view.dtype)) return false;
  if (contiguous(&a->view) && contiguous(&b->view)) return true;
  return a->view.image.block == b->view.image.block && a->view.image.halo == b->view.image.halo &&
         ig__shape_equal(&a->view.shape, &b->view.shape);
}

static ig__place *root_of(ig__plan *plan, ig__place *p) {
  while (p->same_as != IG__NONE) p = &plan->place[p->same_as];
  return p;
}

/* An op that may work in place does when its input is read here for the last time. */
static void share_in_place(ig__plan *plan) {
  for (int s = 0; s < (int)plan->step_count; s++) {
    const ig__item *item = &plan->item[plan->step[s].item];
    const ig__node *node = item->node;
    if (item->cut != IG__CUT_CHUNKS || item->partial || !(node->op->flags & IG__IN_PLACE) || node->in_count < 1) continue;
    ig__place *in = &plan->place[node->in[0]], *out = &plan->place[node->out[0]], *root = root_of(plan, in);
    if (in->storage != IG__AT_BATCH && in->storage != IG__AT_LOCAL) continue;
    if (!same_form(plan, in, out) || root->last_at != s || !same_form(plan, root, out)) continue;
    out->same_as = (ig__value)(root - plan->place);
    if (out->last > root->last) root->last = out->last;
    if (out->last_at > root->last_at) root->last_at = out->last_at;
  }
}

static int by_size(const void *a, const void *b) {
  const ig__place *const *x = a, *const *y = b;
  if ((*x)->bytes != (*y)->bytes) return (*x)->bytes < (*y)->bytes ? 1 : -1;
  return *x < *y ? -1 : 1;
}

static bool meet(const ig__place *a, const ig__place *b, bool local) {
  if (local) return a->made == b->made && a->made_at <= b->last_at && b->made_at <= a->last_at;
  return a->made <= b->last && b->made <= a->last;
}

static int64_t room_of(const ig__plan *plan, const ig__place *p) {
  if (p->storage != IG__AT_LOCAL) return aligned(p->bytes);
  return aligned(p->bytes / plan->graph->n * plan->phase[p->made].chunk);
}

/* Largest first, each at the lowest place where nothing that lives at the same time lies. Those that have their places stay
 * in front, sorted by them, so that one walk finds the gap. */
static int64_t pack(const ig__plan *plan, ig__place **list, size_t count, bool local) {
  int64_t end = 0;
  qsort(list, count, sizeof *list, by_size);
  for (size_t i = 0; i < count; i++) {
    ig__place *p = list[i];
    int64_t room = room_of(plan, p), at = 0;
    for (size_t k = 0; k < i && list[k]->offset < at + room; k++) {
      int64_t to = list[k]->offset + room_of(plan, list[k]);
      if (at < to && meet(p, list[k], local)) at = to;
    }
    p->offset = at;
    if (at + room > end) end = at + room;
    size_t k = i;
    for (; k > 0 && list[k - 1]->offset > at; k--) list[k] = list[k - 1];
    list[k] = p;
  }
  return end;
}

static int64_t pack_area(ig__plan *plan, ig__storage storage, ig__place **list) {
  size_t count = 0;
  for (size_t i = 0; i < plan->place_count; i++) {
    ig__place *p = &plan->place[i];
    if (p->storage == storage && p->same_as == IG__NONE && p->made >= 0) list[count++] = p;
  }
  return pack(plan, list, count, storage == IG__AT_LOCAL);
}

/* Caches and kept outputs lie one behind the other, from run to run. */
static int64_t place_caches(ig__plan *plan) {
  int64_t end = 0;
  for (size_t i = 0; i < plan->place_count; i++) {
    ig__place *p = &plan->place[i];
    if (p->storage != IG__AT_CACHE) continue;
    p->offset = end;
    end += aligned(p->bytes);
  }
  return end;
}

/* Partials live from their item's phase to the one in which they are finished. They are packed as values are: each has a place
 * of its own for that. */
static ig_status place_partials(ig__plan *plan) {
  ig__place *own = ig__alloc(plan->item_count, sizeof *own), **list = ig__alloc(plan->item_count, sizeof *list);
  size_t count = 0;
  if (!own || !list) {
    ig__free(own);
    ig__free(list);
    return IG_NO_MEMORY;
  }
  for (int p = 0; p < (int)plan->phase_count; p++)
    for (int s = plan->phase[p].first; s < plan->phase[p].first + plan->phase[p].count; s++) {
      const ig__item *item = &plan->item[plan->step[s].item];
      ig__place *place = &own[plan->step[s].item];
      if (!item->partial) continue;
      if (!plan->step[s].finish) {
        *place = (ig__place){.storage = IG__AT_BATCH, .made = p,
                             .bytes = aligned(item->partial * plan->k->real_size) * item->groups};
        list[count++] = place;
      }
      place->last = p;
    }
  plan->memory.partials = (size_t)pack(plan, list, count, false);
  for (size_t i = 0; i < count; i++) plan->item[list[i] - own].partial_offset = list[i]->offset;
  ig__free(own);
  ig__free(list);
  return IG_OK;
}

static ig_status find_scratch(ig__plan *plan) {
  size_t most = 0;
  ig__view in[IG__MAX_IN], out[IG__MAX_OUT];
  for (size_t i = 0; i < plan->item_count; i++) {
    const ig__op *op = plan->item[i].node->op;
    if (!op->scratch) continue;
    ig__run dry = ig__plan_dry_run(plan, plan->item[i].node, in, out);
    size_t bytes = op->scratch(&dry);
    if (bytes > (size_t)IG__MOST_BYTES) return ig__plan_too_large(&dry.in[0].shape);
    if (bytes > most) most = bytes;
  }
  plan->memory.scratch = plan->local_bytes + (size_t)aligned((int64_t)most);
  return IG_OK;
}

ig_status ig__plan_place(ig__plan *plan) {
  ig__place **list = ig__alloc(plan->place_count, sizeof *list);
  if (!list) return IG_NO_MEMORY;
  find_lifetimes(plan);
  find_local(plan);
  share_in_place(plan);
  plan->memory.buffers = (size_t)pack_area(plan, IG__AT_BATCH, list);
  plan->local_bytes = (size_t)pack_area(plan, IG__AT_LOCAL, list);
  plan->memory.caches = (size_t)place_caches(plan);
  ig__free(list);
  IG__TRY(place_partials(plan));
  return find_scratch(plan);
}
