/* A model in a program's own hands, and predicting with it from pixels in memory. */
#include "imgrad/model.h"
#include "train/train.h"

#include <string.h>

#define MOST_OUTPUTS 8        /* as ig__built has room for */
#define MOST_BATCH (1 << 20)

struct ig_model {
  ig__model *model;
  int outputs;
  ig_size output[MOST_OUTPUTS];
};

enum { FROM_U8, FROM_F32, KINDS };

struct ig_predictor {
  const ig_context *context;
  const ig_model *model;
  ig_predictor_options options;
  ig__plan *plan[KINDS];      /* made at the first call of each kind */
  void *turned[KINDS];        /* pixels as planes, when they come interleaved */
  const ig__plan *last;
};

/* ---- models ---------------------------------------------------------------------------------------------------------- */

static ig_size size_of(const ig__shape *s) {
  if (s->rank == 4) return (ig_size){s->dim[1], s->dim[2], s->dim[3]};
  return (ig_size){(int)ig__shape_per_picture(s), 1, 1};
}

/* Cross entropy takes logits and applies the softmax itself; whoever asks for an answer wants probabilities. */
static bool wants_softmax(const ig__model *m, const ig__built *built, const ig__graph *graph, int index) {
  const char *word = "cross_entropy";
  size_t length = strlen(word);
  const ig__node *maker = ig__tensor_of(graph, built->output[index])->node;
  bool same = m->loss && !strncmp(m->loss, word, length) && (m->loss[length] == 0 || m->loss[length] == ' ');
  return index == 0 && same && maker && maker->op != &ig__op_softmax;
}

static ig_status build(ig__model *m, ig__graph *graph, ig__dtype picture, ig__built *built) {
  IG__TRY(ig__model_build(m, graph, picture, built));
  for (int i = 0; i < built->output_count; i++)
    if (wants_softmax(m, built, graph, i)) built->output[i] = ig__node1(graph, &ig__op_softmax, NULL, built->output[i]);
  return ig__graph_status(graph);
}

/* Takes the model. */
static ig_status wrap(ig__model *loaded, ig_model **out) {
  ig_model *m = ig__alloc(1, sizeof *m);
  ig__graph *graph = NULL;
  ig__built built;
  ig_status status = m ? ig__graph_new(&graph, ig__core_ops_get(), 1, false) : IG_NO_MEMORY;
  if (status == IG_OK) status = build(loaded, graph, IG__U8, &built);
  if (status != IG_OK) {
    ig__model_free(loaded);
    ig__free(m);
    ig__graph_free(graph);
    return status;
  }
  m->model = loaded;
  m->outputs = built.output_count;
  for (int i = 0; i < m->outputs; i++) m->output[i] = size_of(ig__shape_of(graph, built.output[i]));
  ig__graph_free(graph);
  *out = m;
  return IG_OK;
}

ig_status ig_model_open(ig_context *context, const char *path, ig_model **out) {
  ig__model *loaded;
  *out = NULL;
  bool folder = ig__is_folder(path);
  char *file = folder ? ig__format("%s/model.safetensors", path) : ig__strdup(path);
  ig_status status = file ? ig__model_load_with(&context->ops, file, sizeof(float), &loaded) : IG_NO_MEMORY;
  ig__free(file);
  return status == IG_OK ? wrap(loaded, out) : status;
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
  for (int kind = 0; kind < KINDS; kind++) {
    ig__plan_free(p->plan[kind]);
    ig__free(p->turned[kind]);
  }
  ig__free(p);
}

static size_t pixel_size(int kind) { return kind == FROM_U8 ? 1 : sizeof(float); }

static size_t picture_values(const ig_predictor *p) {
  ig_size s = ig_model_input(p->model);
  return (size_t)s.channels * (size_t)s.height * (size_t)s.width;
}

static ig_status make_plan(ig_predictor *p, int kind) {
  ig__model *m = p->model->model; /* building reads it only */
  ig__plan_output output[MOST_OUTPUTS];
  ig__graph *graph = NULL;
  ig__plan *plan = NULL;
  ig__built built;
  ig_status status = ig__graph_new(&graph, ig__core_ops_get(), p->options.batch, false);
  if (status == IG_OK) graph->direct = p->options.direct;
  if (status == IG_OK) status = build(m, graph, kind == FROM_U8 ? IG__U8 : IG__F32, &built);
  for (int i = 0; status == IG_OK && i < built.output_count; i++) output[i] = (ig__plan_output){built.output[i], -1};
  if (status == IG_OK)
    status = ig__plan_new(&plan, &(ig__plan_request){.graph = graph, .output = output, .output_count = built.output_count,
                          .k = ig__kernels_for(p->context->isa, m->real_size), .param_offset = m->param_offset,
                          .state_offset = m->state_offset});
  if (status == IG_OK) status = ig__plan_prepare(plan, ig__pool_threads(p->context->pool));
  if (status == IG_OK && p->options.interleaved) {
    p->turned[kind] = ig__alloc(picture_values(p) * pixel_size(kind), (size_t)p->options.batch);
    if (!p->turned[kind]) status = IG_NO_MEMORY;
  }
  ig__graph_free(graph);
  if (status == IG_OK) p->plan[kind] = plan;
  else ig__plan_free(plan);
  return status;
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
  const ig__model *m = p->model->model;
  *answers = NULL;
  if (n < 1 || n > p->options.batch)
    return ig__fail(IG_USAGE, "a predictor for 1 to %d pictures at once was given %d", p->options.batch, n);
  if (!p->plan[kind]) IG__TRY(make_plan(p, kind));
  if (p->options.interleaved) {
    ig_size s = ig_model_input(p->model);
    if (kind == FROM_U8) turn_u8(p->turned[kind], pixels, n, s);
    else turn_f32(p->turned[kind], pixels, n, s);
    pixels = p->turned[kind];
  }
  ig__feed feed = {.n = n, .params = m->params, .state = m->states, .field = {pixels}, .loss_scale = 1, .version = m->version};
  IG__TRY(ig__plan_run(p->plan[kind], p->context->pool, &feed));
  p->last = p->plan[kind];
  *answers = ig_predictor_output(p, 0);
  return IG_OK;
}

ig_status ig_predict_u8(ig_predictor *p, const uint8_t *pixels, int n, const float **answers) {
  return predict(p, FROM_U8, pixels, n, answers);
}

ig_status ig_predict_f32(ig_predictor *p, const float *pixels, int n, const float **answers) {
  return predict(p, FROM_F32, pixels, n, answers);
}

const float *ig_predictor_output(const ig_predictor *p, int index) {
  return p->last && index >= 0 && index < p->model->outputs ? ig__plan_result(p->last, index) : NULL;
}
