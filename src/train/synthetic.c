/* Data that a model could be given: for plans and measurements that no data are at hand for. */
#include "base/rng.h"
#include "ops/ops.h"
#include "train/synthetic.h"

/* More channels than a colour picture has are no bytes. */
#define MOST_BYTE_CHANNELS 4

static ig__field target_of(const ig__shape *prediction) {
  if (prediction->rank == 2) return (ig__field){.name = "label", .role = IG__ROLE_LABEL, .type = IG__FIELD_I32};
  ig__field f = {.name = "target", .role = IG__ROLE_IMAGE, .type = IG__FIELD_F32, .rank = prediction->rank - 1};
  for (int k = 0; k < f.rank; k++) f.dim[k] = prediction->dim[k + 1];
  return f;
}

ig_status ig__synthetic_info(ig__model *model, ig__source_info *info) {
  const ig__input_options *in = &model->input;
  bool bytes = in->channels <= MOST_BYTE_CHANNELS;
  ig__graph *graph = NULL;
  ig__built built;
  *info = (ig__source_info){.field_count = 2, .name = "data"};
  info->field[0] = (ig__field){.name = "image", .role = IG__ROLE_IMAGE, .type = bytes ? IG__FIELD_U8 : IG__FIELD_F32, .rank = 3,
                               .dim = {in->channels, in->height, in->width}};
  ig_status status = ig__graph_new(&graph, ig__core_ops_get(), 1, false);
  if (status == IG_OK) status = ig__model_build(model, graph, bytes ? IG__U8 : IG__F32, &built);
  const ig__shape *shape = status == IG_OK ? ig__shape_of(graph, built.output[0]) : NULL;
  char text[96];
  if (shape && shape->rank != 2 && shape->rank != 4)
    status = ig__fail(IG_BAD_MODEL, "model %s ends in %s; numbers (n×classes) or pictures (n×c×h×w) are wanted", model->name,
                      ig__shape_text(text, shape));
  if (status == IG_OK) info->field[1] = target_of(shape);
  if (status == IG_OK && shape->rank == 2) info->class_count = shape->dim[1];
  ig__graph_free(graph);
  return status;
}

static void draw(const ig__field *field, int classes, ig__rng *rng, void *out, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    if (field->type == IG__FIELD_U8) ((uint8_t *)out)[i] = (uint8_t)ig__rng_u32(rng);
    else if (field->type == IG__FIELD_I32) ((int32_t *)out)[i] = (int32_t)ig__rng_below(rng, (uint32_t)classes);
    else ((float *)out)[i] = (float)ig__rng_uniform(rng);
  }
}

ig_status ig__synthetic_batch(const ig__source_info *info, int n, uint64_t seed, ig__batch *batch) {
  *batch = (ig__batch){.n = n, .next = n, .key = ig__alloc((size_t)n, sizeof *batch->key)};
  bool ok = batch->key != NULL;
  for (int i = 0; ok && i < n; i++) batch->key[i] = (uint64_t)i;
  for (int f = 0; ok && f < info->field_count; f++) {
    const ig__field *field = &info->field[f];
    ig__rng rng = ig__rng_make(seed, IG__FOR_SOURCE, (uint64_t)f, 0);
    int64_t count = n;
    for (int k = 0; k < field->rank; k++) count *= field->dim[k];
    batch->field[f] = ig__alloc((size_t)n, ig__field_bytes(field));
    ok = batch->field[f] != NULL;
    if (ok) draw(field, info->class_count, &rng, batch->field[f], count);
  }
  if (ok) return IG_OK;
  ig__synthetic_batch_free(batch);
  return IG_NO_MEMORY;
}

void ig__synthetic_batch_free(ig__batch *batch) {
  for (int f = 0; f < IG__MAX_FIELDS; f++) ig__free(batch->field[f]);
  ig__free(batch->key);
  *batch = (ig__batch){.n = 0};
}
