/* Block and halo of every image, and the conversions between them. Images that nodes make are blocked, those that come from
 * the caller are plain; an op says what it takes, and what does not fit is copied into the layout it wants. */
#include "graph/plan_impl.h"

#include <string.h>

typedef struct convert_cache { ig__value from, to; int block; } convert_cache;

typedef struct layout_pass {
  ig__plan *plan;
  bool *live;                 /* by node of the plan's graph */
  convert_cache *done;
  size_t done_count, done_capacity;
} layout_pass;

int ig__dtype_size(const ig__plan *plan, ig__dtype dtype) {
  switch (dtype) {
  case IG__REAL: return plan->k->real_size;
  case IG__U8: return 1;
  default: return 4;
  }
}

ig_status ig__plan_too_large(const ig__shape *s) {
  char text[96];
  return ig__fail(IG_NO_MEMORY, "out of memory: a plan would need more than 64 TiB for one tensor of %s", ig__shape_text(text, s));
}

int64_t ig__image_layout(ig__image *im, int n, int64_t *origin) {
  int64_t halo = im->halo, row = (im->w + 2 * halo) * im->block, planes = (im->c + im->block - 1) / im->block;
  if ((double)row * (double)(im->h + 2 * halo) * (double)planes * n > (double)IG__MOST_BYTES) return -1;
  im->h_pitch = row;
  im->c_pitch = row * (im->h + 2 * halo);
  im->n_pitch = im->c_pitch * planes;
  *origin = halo * (row + im->block);
  return im->n_pitch * n;
}

ig__run ig__plan_dry_run(const ig__plan *plan, const ig__node *node, ig__view *in, ig__view *out) {
  for (int k = 0; k < node->in_count; k++) in[k] = plan->place[node->in[k]].view;
  for (int k = 0; k < node->out_count; k++) out[k] = plan->place[node->out[k]].view;
  return (ig__run){.node = node, .options = node->options, .k = plan->k, .in = in, .out = out, .n = plan->graph->n,
                   .n1 = plan->graph->n, .parts = 1};
}

/* Values may have been added to the graph since the last call: each gets a place. */
static ig_status add_places(ig__plan *plan) {
  while (plan->place_count < plan->graph->tensor_count) {
    IG__TRY(ig__grow((void **)&plan->place, plan->place_count, &plan->place_capacity, sizeof *plan->place));
    const ig__tensor *t = plan->graph->tensor[plan->place_count];
    ig__place *p = &plan->place[plan->place_count++];
    *p = (ig__place){.same_as = IG__NONE, .made = -1, .last = -1, .made_at = -1, .last_at = -1};
    p->storage = t->leaf == IG__LEAF_NOT ? IG__AT_BATCH : IG__AT_LEAF;
    p->view = (ig__view){.dtype = t->dtype, .shape = t->shape, .n_pitch = ig__shape_per_picture(&t->shape)};
    if (!ig__shape_is_image(&t->shape)) continue;
    bool blocked = t->node && t->node->op->layout != IG__LAYOUT_PLAIN;
    const int *dim = t->shape.dim;
    p->view.image = (ig__image){.c = dim[1], .h = dim[2], .w = dim[3], .block = blocked ? IG__BLOCK : 1};
  }
  return IG_OK;
}

static ig_status add_item(ig__plan *plan, ig__node *node) {
  IG__TRY(ig__grow((void **)&plan->item, plan->item_count, &plan->item_capacity, sizeof *plan->item));
  plan->item[plan->item_count++] = (ig__item){.node = node, .parts = 1};
  return IG_OK;
}

/* The same value in another block size, converted once for all who want it; a leaf that needs a halo is copied too. */
static ig_status convert(layout_pass *p, ig__value *value, int block) {
  ig__plan *plan = p->plan;
  for (size_t i = 0; i < p->done_count; i++)
    if (p->done[i].from == *value && p->done[i].block == block) {
      *value = p->done[i].to;
      return IG_OK;
    }
  ig__value to = ig__node1(plan->graph, plan->graph->core.convert, NULL, *value);
  IG__TRY(plan->graph->status);
  IG__TRY(add_places(plan));
  plan->place[to].view.image.block = block;
  IG__TRY(add_item(plan, ig__tensor_of(plan->graph, to)->node));
  IG__TRY(ig__grow((void **)&p->done, p->done_count, &p->done_capacity, sizeof *p->done));
  p->done[p->done_count++] = (convert_cache){*value, to, block};
  if (plan->place[*value].view.image.block != block) plan->conversions++;
  *value = to;
  return IG_OK;
}

static bool is_image(const ig__plan *plan, ig__value value) { return plan->place[value].view.image.block != 0; }

/* The block size that input k of a node wants. */
static int wanted_block(const ig__plan *plan, const ig__node *node, const ig__run *dry, int k) {
  ig__layout layout = node->op->layout_of ? node->op->layout_of(dry, k) : node->op->layout;
  int present = plan->place[node->in[k]].view.image.block;
  bool any_blocked = false;
  switch (layout) {
  case IG__LAYOUT_BLOCKED: return IG__BLOCK;
  case IG__LAYOUT_PLAIN: return 1;
  case IG__LAYOUT_ANY: return present;
  default: break;
  }
  for (int i = 0; i < node->in_count; i++) any_blocked |= plan->place[node->in[i]].view.image.block == IG__BLOCK;
  for (int i = 0; i < node->out_count; i++) any_blocked |= is_image(plan, node->out[i]);
  return any_blocked ? IG__BLOCK : 1;
}

static ig_status lay_out_node(layout_pass *p, ig__node *node) {
  ig__plan *plan = p->plan;
  ig__view in[IG__MAX_IN], out[IG__MAX_OUT];
  plan->graph->line = node->line; /* conversions belong to the line that wants them */
  plan->graph->order = node->order;
  for (int k = 0; k < node->in_count; k++) {
    if (!is_image(plan, node->in[k])) continue;
    ig__run dry = ig__plan_dry_run(plan, node, in, out);
    int block = wanted_block(plan, node, &dry, k);
    if (block != plan->place[node->in[k]].view.image.block) IG__TRY(convert(p, &node->in[k], block));
  }
  for (int k = 0; node->op->halo && k < node->in_count; k++) {
    if (!is_image(plan, node->in[k])) continue;
    ig__run dry = ig__plan_dry_run(plan, node, in, out);
    int halo = node->op->halo(&dry, k);
    ig__place *place = &plan->place[node->in[k]];
    if (halo > 0 && place->storage == IG__AT_LEAF) {
      IG__TRY(convert(p, &node->in[k], place->view.image.block));
      place = &plan->place[node->in[k]];
    }
    if (halo > place->view.image.halo) place->view.image.halo = halo;
  }
  return add_item(plan, node);
}

/* The caller reads outputs as contiguous plain arrays; a gradient goes to its span of the flat array directly unless its
 * value is a leaf or serves another output already. */
static ig_status lay_out_outputs(layout_pass *p) {
  ig__plan *plan = p->plan;
  for (int i = 0; i < plan->output_count; i++) {
    ig__plan_output *o = &plan->output[i];
    const ig__image *im = &plan->place[o->value].view.image;
    const ig__node *producer = ig__tensor_of(plan->graph, o->value)->node;
    bool taken = plan->place[o->value].storage != IG__AT_BATCH;
    plan->graph->line = producer ? producer->line : "";
    plan->graph->order = producer ? producer->order : 0;
    if (taken || (im->block && (im->block != 1 || im->halo))) {
      ig__value to = ig__node1(plan->graph, plan->graph->core.convert, NULL, o->value);
      IG__TRY(plan->graph->status);
      IG__TRY(add_places(plan));
      if (plan->place[to].view.image.block) plan->place[to].view.image.block = 1;
      IG__TRY(add_item(plan, ig__tensor_of(plan->graph, to)->node));
      o->value = to;
    }
    plan->place[o->value].storage = o->into >= 0 ? IG__AT_GRAD : IG__AT_CACHE;
    plan->place[o->value].offset = o->into;
  }
  return IG_OK;
}

/* Lowering may leave nodes behind that nobody reads any more. */
static ig_status find_live(layout_pass *p) {
  const ig__graph *g = p->plan->graph;
  bool *read = ig__alloc(g->tensor_count, sizeof *read);
  if (!read) return IG_NO_MEMORY;
  for (int o = 0; o < p->plan->output_count; o++) read[p->plan->output[o].value] = true;
  for (size_t i = g->node_count; i-- > 0;) {
    const ig__node *node = g->node[i];
    bool live = (node->op->flags & IG__SIDE_EFFECT) != 0;
    for (int k = 0; k < node->out_count; k++) live |= read[node->out[k]];
    for (int k = 0; live && k < node->in_count; k++) read[node->in[k]] = true;
    p->live[i] = live;
  }
  ig__free(read);
  return IG_OK;
}

static ig_status fix_pitches(ig__plan *plan) {
  for (size_t i = 0; i < plan->place_count; i++) {
    ig__place *p = &plan->place[i];
    int64_t origin = 0, count = ig__shape_count(&p->view.shape), size = ig__dtype_size(plan, p->view.dtype);
    if (p->view.image.block) {
      count = ig__image_layout(&p->view.image, p->view.shape.dim[0], &origin);
      p->view.n_pitch = p->view.image.n_pitch;
    }
    if (count < 0 || count > IG__MOST_BYTES / size) return ig__plan_too_large(&p->view.shape);
    p->bytes = count * size;
    p->origin = origin * size;
  }
  return IG_OK;
}

ig_status ig__plan_layout(ig__plan *plan) {
  layout_pass p = {.plan = plan, .live = ig__alloc(plan->graph->node_count, sizeof *p.live)};
  size_t nodes = plan->graph->node_count; /* conversions are appended behind these */
  ig_status status = p.live ? add_places(plan) : IG_NO_MEMORY;
  if (status == IG_OK) status = find_live(&p);
  for (size_t i = 0; status == IG_OK && i < nodes; i++)
    if (p.live[i]) status = lay_out_node(&p, plan->graph->node[i]);
  if (status == IG_OK) status = lay_out_outputs(&p);
  if (status == IG_OK) status = fix_pitches(plan);
  ig__free(p.live);
  ig__free(p.done);
  return status;
}
