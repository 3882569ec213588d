/* A model in a program's own hands, and predicting with it from pixels in memory. */
#include "train/predictor.h"

#include <string.h>

#define MOST_BATCH (1 << 20)

/* ---- models ---------------------------------------------------------------------------------------------------------- */

static ig_size size_of(const ig__shape *s) {
  if (s->rank == 4) return (ig_size){s->dim[1], s->dim[2], s->dim[3]};
  return (ig_size){(int)ig__shape_per_picture(s), 1, 1};
}

/* Takes the model. */
static ig_status wrap(ig__model *loaded, ig_model **out) {
  ig_model *m = ig__alloc(1, sizeof *m);
  ig__graph *graph = NULL;
  ig__built built;
  ig_status status = m ? ig__graph_new(&graph, ig__core_ops_get(), 1, false) : IG_NO_MEMORY;
  if (status == IG_OK) status = ig__model_build(loaded, graph, IG__U8, &built);
  if (status != IG_OK) {
    ig__model_free(loaded);
    ig__free(m);
    ig__graph_free(graph);
    return status;
  }
  m->model = loaded;
  m->outputs = built.output_count;
  for (int i = 0; i < m->outputs; i++) m->output[i] = size_of(ig__shape_of(graph, built.output[i]));
  if (ig__shape_of(graph, built.output[0])->rank == 2) {
    if (m->output[0].channels == 1 && loaded->class_name && loaded->class_count == 2) m->output[0].channels = 2;
    m->classes = m->output[0].channels;
  }
  ig__graph_free(graph);
  *out = m;
  return IG_OK;
}

ig_status ig__trained_open(ig_context *context, const char *path, int real_size, ig_model **out) {
  ig__model *loaded;
  *out = NULL;
  IG__TRY(ig__model_trained(context, path, real_size, &loaded));
  return wrap(loaded, out);
}

ig_status ig_model_open(ig_context *context, const char *path, ig_model **out) {
  return ig__trained_open(context, path, sizeof(float), out);
}

ig_status ig_model_open_memory(ig_context *context, const void *bytes, size_t size, const char *name, ig_model **out) {
  ig__model *loaded;
  *out = NULL;
  uint8_t *copy = ig__alloc(size, 1);
  if (!copy) return IG_NO_MEMORY;
  if (size) memcpy(copy, bytes, size);
  IG__TRY(ig__model_load_bytes(&context->ops, copy, size, name, sizeof(float), &loaded));
  return wrap(loaded, out);
}

void ig_model_free(ig_model *model) {
  if (!model) return;
  ig__model_free(model->model);
  ig__free(model);
}

ig_size ig_model_input(const ig_model *model) {
  const ig__input_options *in = &model->model->input;
  return (ig_size){in->channels, in->height, in->width};
}

ig_size ig_model_output(const ig_model *model, int index) {
  return index >= 0 && index < model->outputs ? model->output[index] : (ig_size){0, 0, 0};
}

const char *ig_model_class(const ig_model *model, int index) {
  const ig__model *m = model->model;
  return m->class_name && index >= 0 && index < m->class_count ? m->class_name[index] : NULL;
}

/* ---- predictors -------------------------------------------------------------------------------------------------------- */

ig_predictor_options ig_predictor_options_default(void) { return (ig_predictor_options){.batch = 32}; }

ig_status ig_predictor_new(ig_context *context, const ig_model *model, const ig_predictor_options *options, ig_predictor **out) {
  ig_predictor_options o = options ? *options : ig_predictor_options_default();
  *out = NULL;
  if (o.batch < 1 || o.batch > MOST_BATCH)
    return ig__fail(IG_USAGE, "a predictor for %d pictures at once: 1 to %d are possible", o.batch, MOST_BATCH);
  ig_predictor *p = ig__alloc(1, sizeof *p);
  if (!p) return IG_NO_MEMORY;
  *p = (ig_predictor){.context = context, .model = model, .options = o};
  *out = p;
  return IG_OK;
}

void ig_predictor_free(ig_predictor *p) {
  if (!p) return;
  for (int kind = 0; kind < IG__PIXEL_KINDS; kind++) {
    ig__network_free(&p->network[kind]);
    ig__free(p->turned[kind]);
  }
  for (int i = 0; p->slot && i < p->options.batch; i++) ig__free(p->slot[i].file);
  ig__predictor_gradient_free(p);
  ig__free(p->row);
  ig__free(p->answers);
  ig__free(p->planes);
  ig__free(p->slot);
  ig__free(p->messages);
  ig__free(p);
}

static size_t values_of(ig_size s) { return (size_t)s.channels * (size_t)s.height * (size_t)s.width; }

static ig_status take_memory(ig_predictor *p, int kind) {
  size_t batch = (size_t)p->options.batch, classes = (size_t)p->model->classes, pixel = kind == IG__FROM_U8 ? 1 : sizeof(float);
  if (classes && !p->row && !(p->row = ig__alloc(classes, sizeof *p->row))) return IG_NO_MEMORY;
  if (classes && !p->answers && !(p->answers = ig__alloc(batch * classes, sizeof *p->answers))) return IG_NO_MEMORY;
  if (p->options.interleaved && !p->turned[kind] && !(p->turned[kind] = ig__alloc(values_of(ig_model_input(p->model)) * pixel, batch)))
    return IG_NO_MEMORY;
  return IG_OK;
}

/* A file that does not say what it was trained with is taken for one that was trained as `train` does it by itself. */
static ig_status make_network(ig_predictor *p, int kind) {
  ig__model *m = p->model->model; /* building reads it only */
  ig_size in = ig_model_input(p->model);
  ig__source_info info = {.field_count = 1, .name = "the pictures", .class_count = m->class_name ? m->class_count : 0};
  info.field[0] = (ig__field){.name = "image", .role = IG__ROLE_IMAGE, .type = kind == IG__FROM_U8 ? IG__FIELD_U8 : IG__FIELD_F32,
                              .rank = 3, .dim = {in.channels, in.height, in.width}};
  IG__TRY(take_memory(p, kind));
  return ig__network_new(p->context, &(ig__network_request){.model = m, .data = &info, .n = p->options.batch, .every_output = true,
                         .trained_with = m->loss ? m->loss : "", .conv = p->options.direct ? "direct" : "auto"}, &p->network[kind]);
}

static ig_status run(ig_predictor *p, int kind, const void *planes, int n) {
  if (!p->network[kind].plan) IG__TRY(make_network(p, kind));
  ig__batch batch = {.n = n, .field = {(void *)(uintptr_t)planes}};
  IG__TRY(ig__network_run(&p->network[kind], p->context, &batch, &(ig__pass_step){.loss_scale = 1}));
  p->last = &p->network[kind];
  return IG_OK;
}

/* The same, and the answers as floats where there are classes. */
static ig_status run_answers(ig_predictor *p, int kind, const void *planes, int n) {
  const int classes = p->model->classes;
  IG__TRY(run(p, kind, planes, n));
  for (int i = 0; classes && i < n; i++) {
    (void)ig__network_scores(p->last, i, p->row);
    for (int c = 0; c < classes; c++) p->answers[(size_t)i * (size_t)classes + (size_t)c] = (float)p->row[c];
  }
  return IG_OK;
}

#define TURN(name, type)                                                                             \
  static void name(type *to, const type *from, int n, ig_size s) {                                   \
    size_t plane = (size_t)s.height * (size_t)s.width, channels = (size_t)s.channels;                 \
    for (int k = 0; k < n; k++, to += plane * channels, from += plane * channels)                     \
      for (size_t c = 0; c < channels; c++)                                                           \
        for (size_t i = 0; i < plane; i++) to[c * plane + i] = from[i * channels + c];                \
  }
TURN(turn_u8, uint8_t)
TURN(turn_f32, float)

static ig_status predict(ig_predictor *p, int kind, const void *pixels, int n, const float **answers) {
  *answers = NULL;
  if (n < 1 || n > p->options.batch)
    return ig__fail(IG_USAGE, "a predictor for 1 to %d pictures at once was given %d", p->options.batch, n);
  if (!p->network[kind].plan) IG__TRY(make_network(p, kind));
  if (p->options.interleaved) {
    ig_size s = ig_model_input(p->model);
    if (kind == IG__FROM_U8) turn_u8(p->turned[kind], pixels, n, s);
    else turn_f32(p->turned[kind], pixels, n, s);
    pixels = p->turned[kind];
  }
  IG__TRY(run_answers(p, kind, pixels, n));
  *answers = ig_predictor_output(p, 0);
  return IG_OK;
}

ig_status ig_predict_u8(ig_predictor *p, const uint8_t *pixels, int n, const float **answers) {
  return predict(p, IG__FROM_U8, pixels, n, answers);
}

ig_status ig_predict_f32(ig_predictor *p, const float *pixels, int n, const float **answers) {
  return predict(p, IG__FROM_F32, pixels, n, answers);
}

const float *ig_predictor_output(const ig_predictor *p, int index) {
  if (!p->last || index < 0 || index >= p->model->outputs) return NULL;
  return index == 0 && p->model->classes ? p->answers : ig__network_output(p->last, index);
}

/* ---- pictures of any size ------------------------------------------------------------------------------------------------ */

ig_status ig__predictor_prepare(ig_predictor *p) {
  size_t batch = (size_t)p->options.batch;
  ig_size in = ig_model_input(p->model);
  if (p->slot) return IG_OK;
  if (in.channels != 1 && in.channels != 3)
    return ig__fail(IG_BAD_MODEL, "%s takes pictures of %d channels; grey ones (1) and coloured ones (3) can be fitted", p->model->model->name,
                    in.channels);
  if (!p->planes && !(p->planes = ig__alloc(batch, values_of(in)))) return IG_NO_MEMORY;
  if (!p->messages && !(p->messages = ig__alloc(batch, IG__MESSAGE_SIZE))) return IG_NO_MEMORY;
  if (!(p->slot = ig__alloc(batch, sizeof *p->slot))) return IG_NO_MEMORY;
  for (size_t i = 0; i < batch; i++) p->slot[i].message = p->messages + i * IG__MESSAGE_SIZE;
  return IG_OK;
}

void ig__predictor_put(ig_predictor *p, int i, ig__picture *picture) {
  ig__picture_planes(picture, p->planes + (size_t)i * values_of(ig_model_input(p->model)));
  ig__picture_free(picture);
}

ig_status ig__predictor_run(ig_predictor *p, int n, double *probabilities) {
  const size_t bytes = values_of(ig_model_input(p->model)), classes = (size_t)p->model->classes;
  int good = 0;
  for (int i = 0; i < n; i++) {
    if (p->slot[i].status != IG_OK) continue;
    if (i != good) memcpy(p->planes + (size_t)good * bytes, p->planes + (size_t)i * bytes, bytes);
    good++;
  }
  if (!good) return IG_OK;
  IG__TRY(run(p, IG__FROM_U8, p->planes, good));
  for (int i = n - 1; i >= 0; i--)
    if (p->slot[i].status == IG_OK) (void)ig__network_scores(p->last, --good, probabilities + (size_t)i * classes);
  return IG_OK;
}

typedef struct pixel_job { ig_predictor *predictor; const ig_pixels *pictures; } pixel_job;

static void put_pixels(void *arg, int i, int thread) {
  const pixel_job *job = arg;
  const ig_pixels *x = &job->pictures[i];
  ig__source_want want = ig__model_want(job->predictor->model->model);
  ig__picture out, in = {x->channels, x->height, x->width, (uint8_t *)(uintptr_t)x->data};
  ig__predict_slot *slot = &job->predictor->slot[i];
  (void)thread;
  slot->status = ig__picture_resize(&in, x->pitch ? x->pitch : (size_t)x->width * (size_t)x->channels, &want.picture, &out);
  if (slot->status == IG_OK) ig__predictor_put(job->predictor, i, &out);
  else ig__message_take(slot->message);
}

ig_status ig_predict_pixels(ig_predictor *p, const ig_pixels *pictures, int count, float *answers) {
  const size_t values = values_of(ig_model_output(p->model, 0));
  IG__TRY(ig__predictor_prepare(p));
  for (int from = 0; from < count; from += p->options.batch) {
    int n = count - from < p->options.batch ? count - from : p->options.batch;
    ig__pool_run(p->context->pool, n, false, put_pixels, &(pixel_job){p, pictures + from});
    for (int i = 0; i < n; i++)
      if (p->slot[i].status != IG_OK) {
        ig__message_give(p->slot[i].message);
        return ig__fail_at(p->slot[i].status, "picture %d", from + i);
      }
    IG__TRY(run_answers(p, IG__FROM_U8, p->planes, n));
    memcpy(answers + (size_t)from * values, ig_predictor_output(p, 0), (size_t)n * values * sizeof *answers);
  }
  return IG_OK;
}
