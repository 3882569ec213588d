/* Making, preparing and describing a plan. */
#include "graph/plan_impl.h"

#include <string.h>

static ig_status copy_request(ig__plan *plan, const ig__plan_request *q) {
  int params = 0, states = 0;
  for (size_t i = 0; i < q->graph->tensor_count; i++) {
    const ig__tensor *t = q->graph->tensor[i];
    if (t->leaf == IG__LEAF_PARAM && t->leaf_index >= params) params = t->leaf_index + 1;
    if (t->leaf == IG__LEAF_STATE && t->leaf_index >= states) states = t->leaf_index + 1;
    if (t->leaf == IG__LEAF_FIELD && t->leaf_index >= IG__FEED_FIELDS)
      return ig__fail(IG_BAD_MODEL, "field %d of a batch: %d are possible", t->leaf_index, IG__FEED_FIELDS);
  }
  for (int i = 0; i < q->output_count; i++)
    if (q->output[i].value < 0 || (size_t)q->output[i].value >= q->graph->tensor_count)
      return ig__fail(IG_BAD_MODEL, "output %d of a plan is no value", i);
  plan->k = q->k;
  plan->output_count = q->output_count;
  plan->param_count = q->param_count;
  plan->accumulates = q->accumulates;
  plan->keep_bytes = q->keep_bytes ? q->keep_bytes : IG__KEEP_BYTES;
  plan->output = ig__alloc((size_t)q->output_count, sizeof *plan->output);
  plan->param_offset = ig__alloc((size_t)params, sizeof *plan->param_offset);
  plan->state_offset = ig__alloc((size_t)states, sizeof *plan->state_offset);
  if (!plan->output || !plan->param_offset || !plan->state_offset) return IG_NO_MEMORY;
  if (params) memcpy(plan->param_offset, q->param_offset, (size_t)params * sizeof *plan->param_offset);
  if (states) memcpy(plan->state_offset, q->state_offset, (size_t)states * sizeof *plan->state_offset);
  IG__TRY(ig__graph_new(&plan->graph, q->graph->core, q->graph->n, q->graph->training));
  plan->graph->direct = q->graph->direct;
  plan->graph->bf16 = q->graph->bf16;
  return IG_OK;
}

ig_status ig__plan_new(ig__plan **out, const ig__plan_request *request) {
  *out = NULL;
  IG__TRY(request->graph->status);
  ig__plan *plan = ig__alloc(1, sizeof *plan);
  if (!plan) return IG_NO_MEMORY;
  ig_status status = copy_request(plan, request);
  if (status == IG_OK) status = ig__plan_lower(plan, request);
  if (status == IG_OK) status = ig__plan_layout(plan);
  if (status == IG_OK) status = ig__plan_cut(plan);
  if (status == IG_OK) status = ig__plan_place(plan);
  if (status != IG_OK) {
    ig__plan_free(plan);
    return status;
  }
  *out = plan;
  return IG_OK;
}

static void free_memory(ig__plan *plan) {
  ig__plan_profile(plan, false);
  for (int i = 0; plan->scratch && i < plan->threads; i++) ig__free(plan->scratch[i]);
  ig__free(plan->scratch);
  ig__free(plan->buffers);
  ig__free(plan->caches);
  ig__free(plan->partials);
  ig__free(plan->accumulation);
  plan->scratch = NULL;
  plan->buffers = plan->caches = plan->partials = plan->accumulation = NULL;
  plan->threads = 0;
}

void ig__plan_free(ig__plan *plan) {
  if (!plan) return;
  free_memory(plan);
  ig__graph_free(plan->graph);
  ig__free(plan->output);
  ig__free(plan->param_offset);
  ig__free(plan->state_offset);
  ig__free(plan->item);
  ig__free(plan->place);
  ig__free(plan->step);
  ig__free(plan->phase);
  ig__free(plan);
}

ig__plan_memory ig__plan_memory_of(const ig__plan *plan, int threads) {
  ig__plan_memory m = plan->memory;
  m.scratch = (m.scratch + sizeof *plan->scratch) * (size_t)threads;
  m.total = m.buffers + m.caches + m.partials + m.scratch;
  if (plan->accumulates) m.total += (size_t)plan->param_count * (size_t)plan->k->real_size;
  return m;
}

/* In poisoned builds everything starts as NaN, so that what is read before it is written shows. */
static uint8_t *take(size_t bytes) {
  uint8_t *p = ig__alloc(bytes, 1);
#ifdef IG__POISON
  if (p) memset(p, 0xff, bytes);
#endif
  return p;
}

ig_status ig__plan_prepare(ig__plan *plan, int threads) {
  if (plan->threads >= threads) return IG_OK;
  free_memory(plan);
  plan->scratch = ig__alloc((size_t)threads, sizeof *plan->scratch);
  plan->buffers = take(plan->memory.buffers);
  plan->caches = take(plan->memory.caches);
  plan->partials = take(plan->memory.partials);
  bool ok = plan->scratch && plan->buffers && plan->caches && plan->partials;
  if (ok && plan->accumulates) {
    plan->accumulation = ig__alloc((size_t)plan->param_count, (size_t)plan->k->real_size);
    ok = plan->accumulation != NULL;
  }
  for (int i = 0; ok && i < threads; i++) {
    plan->scratch[i] = take(plan->memory.scratch);
    ok = plan->scratch[i] != NULL;
  }
  plan->threads = threads;
  plan->cached = false;
  if (ok) return IG_OK;
  free_memory(plan);
  return IG_NO_MEMORY;
}

const void *ig__plan_result(const ig__plan *plan, int i) {
  const ig__place *p = &plan->place[plan->output[i].value];
  return plan->output[i].into >= 0 ? NULL : plan->caches + p->offset + p->origin;
}

const ig__shape *ig__plan_result_shape(const ig__plan *plan, int i) {
  return &plan->place[plan->output[i].value].view.shape;
}

ig__dtype ig__plan_result_dtype(const ig__plan *plan, int i) { return plan->place[plan->output[i].value].view.dtype; }

double ig__node_work(const ig__plan *plan, const ig__node *node) {
  ig__view in[IG__MAX_IN], out[IG__MAX_OUT];
  if (!node->op->work) return 0;
  ig__run dry = ig__plan_dry_run(plan, node, in, out);
  return node->op->work(&dry);
}

double ig__plan_work(const ig__plan *plan, const char *line) {
  double work = 0;
  for (size_t i = 0; i < plan->item_count; i++) {
    const ig__node *node = plan->item[i].node;
    if (!line || !strcmp(line, node->line)) work += ig__node_work(plan, node);
  }
  return work;
}

int ig__plan_conversions(const ig__plan *plan) { return plan->conversions; }

static void describe_value(const ig__plan *plan, ig__value value, ig__buffer *out) {
  static const char *const where[] = {"leaf", "grad", "cache", "batch", "local"};
  const ig__place *p = &plan->place[value];
  char text[96];
  ig__buffer_text(out, " %s:%s", where[p->storage], ig__shape_text(text, &p->view.shape));
  if (p->view.image.block == IG__BLOCK) ig__buffer_text(out, "/b");
  if (p->view.image.halo) ig__buffer_text(out, "+%d", p->view.image.halo);
  if (p->same_as != IG__NONE) ig__buffer_text(out, "=");
}

ig_status ig__plan_describe(const ig__plan *plan, ig__buffer *out) {
  for (size_t p = 0; p < plan->phase_count; p++) {
    const ig__phase *phase = &plan->phase[p];
    ig__buffer_text(out, "phase %zu: %s, %d tasks, chunk %d%s%s\n", p, phase->cut == IG__CUT_CHUNKS ? "chunks" : "parts",
                    phase->tasks, phase->chunk, phase->small ? ", small" : "", p < plan->cached_phases ? ", cached" : "");
    for (int s = phase->first; s < phase->first + phase->count; s++) {
      const ig__node *node = plan->item[plan->step[s].item].node;
      ig__buffer_text(out, "  %-10s %s%s", node->line, plan->step[s].finish ? "finish " : "", node->op->name);
      for (int k = 0; k < node->in_count; k++) describe_value(plan, node->in[k], out);
      ig__buffer_text(out, " →");
      for (int k = 0; k < node->out_count; k++) describe_value(plan, node->out[k], out);
      ig__buffer_text(out, "\n");
    }
  }
  return out->failed ? IG_NO_MEMORY : IG_OK;
}
