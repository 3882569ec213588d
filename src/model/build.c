/* A model's lines become nodes of a graph. The first time, while binding, the ops' hooks tell which parameters and running
 * states there are; later builds find them by name. */
#include "model/model_impl.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

#define RECORDED_PICTURES 2 /* one has no variance after a dense layer, and batch normalisation would refuse */
#define LIST_TEXT 640 /* 16 numbers of at most 31 characters, and commas */

typedef struct builder {
  ig__layer layer;           /* first: the hooks get a pointer to it */
  ig__model *model;
  const ig__line *line;      /* being built */
  int index;                 /* its number */
  bool recording;
  size_t line_params, line_states; /* how many were known when the line began */
  size_t next_param, next_state;   /* the one that is most likely asked for next */
} builder;

/* ---- parameters and states ----------------------------------------------------------------------------------------- */

/* The line whose name its parameters have. */
static int owner_of(const builder *b) { return b->line->share >= 0 ? b->line->share : b->index; }

static ig__value refuse(builder *b, ig_status status) { return ig__graph_fail(b->layer.graph, status); }

/* While recording, only the line's own ones can have the same name, or those of the line whose parameters it shares. Later
 * they are asked for in the order in which they were recorded, so the search begins behind the last one found. */
static int find_param(builder *b, const char *name) {
  const ig__model *m = b->model;
  int owner = owner_of(b);
  size_t start = b->line->share < 0 ? b->recording ? b->line_params : b->next_param : 0;
  for (size_t k = 0; k < m->param_count; k++) {
    size_t i = start + k;
    if (i >= m->param_count) {
      if (b->recording && b->line->share < 0) return -1;
      i -= m->param_count;
    }
    if (m->param[i].line != owner || strcmp(m->param[i].name, name) != 0) continue;
    if (b->line->share < 0) b->next_param = i + 1;
    return (int)i;
  }
  return -1;
}

static int find_state(builder *b, const char *name) {
  const ig__model *m = b->model;
  size_t start = b->line->share < 0 ? b->recording ? b->line_states : b->next_state : 0;
  for (size_t k = 0; k < m->state_count; k++) {
    size_t i = start + k;
    if (i >= m->state_count) {
      if (b->recording && b->line->share < 0) return -1;
      i -= m->state_count;
    }
    if (strcmp(m->state[i].name, name) != 0) continue;
    if (b->line->share < 0) b->next_state = i + 1;
    return (int)i;
  }
  return -1;
}

/* A line that shares gets the very value of the other line, so that one gradient flows into it from both. */
static ig__value leaf(builder *b, ig__leaf kind, int index, ig__shape shape) {
  const ig__graph *g = b->layer.graph;
  for (size_t i = 0; b->line->share >= 0 && i < g->tensor_count; i++)
    if (g->tensor[i]->leaf == kind && g->tensor[i]->leaf_index == index) return (ig__value)i;
  return ig__leaf_add(b->layer.graph, kind, index, IG__REAL, shape);
}

/* Said here rather than when values are drawn, because here the line is known. */
static ig_status check_initialiser(const char *text) {
  const ig__initialiser *initialiser;
  void *options;
  IG__TRY(ig__initialiser_parse(text, &initialiser, &options));
  ig__free(options);
  return IG_OK;
}

static ig_status record_param(builder *b, const char *name, const ig__param *as) {
  ig__model *m = b->model;
  IG__TRY(check_initialiser(as->initialiser));
  const ig__param *last = m->param_count ? &m->param[m->param_count - 1] : NULL;
  int64_t offset = last ? last->offset + ig__span_size(last->count) : 0;
  IG__TRY(ig__grow((void **)&m->param, m->param_count, &m->param_capacity, sizeof *m->param));
  ig__param *p = &m->param[m->param_count];
  *p = *as;
  p->name = ig__strdup(name);
  p->initialiser = p->name ? ig__strdup(as->initialiser) : NULL;
  if (!p->initialiser) {
    ig__free(p->name);
    return IG_NO_MEMORY;
  }
  p->offset = offset;
  p->line = b->index;
  p->frozen = b->line->frozen;
  p->l2 = b->line->l2;
  p->l1 = b->line->l1;
  m->param_count++;
  return IG_OK;
}

static ig_status record_state(builder *b, const char *name, const ig__state *as) {
  ig__model *m = b->model;
  const ig__state *last = m->state_count ? &m->state[m->state_count - 1] : NULL;
  int64_t offset = last ? last->offset + ig__span_size(last->count) : 0;
  IG__TRY(ig__grow((void **)&m->state, m->state_count, &m->state_capacity, sizeof *m->state));
  ig__state *s = &m->state[m->state_count];
  *s = *as;
  s->name = ig__strdup(name);
  if (!s->name) return IG_NO_MEMORY;
  s->offset = offset;
  m->state_count++;
  return IG_OK;
}

/* Is what was found by name (index, or −1) what the line may have? */
static ig_status check_found(const builder *b, const char *name, int index, const ig__shape *found, const ig__shape *asked) {
  char a[96], f[96];
  bool shares = b->line->share >= 0;
  if (index < 0 && shares)
    return ig__fail(IG_BAD_MODEL, "share: %s is asked for, and line %s has no such parameter", name,
                    b->model->line[b->line->share].name);
  if (index < 0 && !b->recording) return ig__fail(IG_FAILED, "the parameter %s was not there when the model was bound", name);
  if (index >= 0 && b->recording && !shares) return ig__fail(IG_FAILED, "two parameters are called %s", name);
  if (index >= 0 && !ig__shape_equal(found, asked))
    return ig__fail(IG_BAD_MODEL, "%s has the shape %s, and %s is asked for", name, ig__shape_text(f, found),
                    ig__shape_text(a, asked));
  return IG_OK;
}

static bool full_name(const builder *b, const char *suffix, char out[IG__MODEL_NAME]) {
  return ig__snprintf(out, IG__MODEL_NAME, "%s.%s", b->model->line[owner_of(b)].name, suffix) < IG__MODEL_NAME;
}

static ig__value parameter(ig__layer *layer, const char *suffix, ig__shape shape, ig__param_kind kind,
                           const char *initialiser, double fan_in, double fan_out) {
  builder *b = (builder *)(void *)layer;
  char name[IG__MODEL_NAME];
  if (layer->graph->status != IG_OK) return IG__NONE;
  if (!full_name(b, suffix, name)) return refuse(b, ig__fail(IG_BAD_MODEL, "a parameter's name is too long"));
  int index = find_param(b, name);
  ig_status status = check_found(b, name, index, index < 0 ? NULL : &b->model->param[index].shape, &shape);
  if (status != IG_OK) return refuse(b, status);
  if (index >= 0) return leaf(b, IG__LEAF_PARAM, index, shape);
  ig__value value = leaf(b, IG__LEAF_PARAM, (int)b->model->param_count, shape); /* checks the shape */
  if (value == IG__NONE) return IG__NONE;
  char *text = (char *)(uintptr_t)initialiser; /* record_param copies it */
  status = record_param(b, name, &(ig__param){.shape = shape, .kind = kind, .count = ig__shape_count(&shape),
                                              .initialiser = text, .fan_in = fan_in, .fan_out = fan_out});
  return status == IG_OK ? value : refuse(b, status);
}

static ig__value state(ig__layer *layer, const char *suffix, ig__shape shape, double initial) {
  builder *b = (builder *)(void *)layer;
  char name[IG__MODEL_NAME];
  if (layer->graph->status != IG_OK) return IG__NONE;
  if (!full_name(b, suffix, name)) return refuse(b, ig__fail(IG_BAD_MODEL, "a state's name is too long"));
  int index = find_state(b, name);
  ig_status status = check_found(b, name, index, index < 0 ? NULL : &b->model->state[index].shape, &shape);
  if (status != IG_OK) return refuse(b, status);
  if (index >= 0) return leaf(b, IG__LEAF_STATE, index, shape);
  ig__value value = leaf(b, IG__LEAF_STATE, (int)b->model->state_count, shape);
  if (value == IG__NONE) return IG__NONE;
  status = record_state(b, name, &(ig__state){.shape = shape, .count = ig__shape_count(&shape), .initial = initial});
  return status == IG_OK ? value : refuse(b, status);
}

/* ---- lines --------------------------------------------------------------------------------------------------------- */

static ig_status set_list(const ig__op *op, void *options, const char *key, const ig__list *list) {
  char text[LIST_TEXT], number[32];
  size_t used = 0;
  text[0] = 0;
  for (int i = 0; i < list->count; i++)
    used += (size_t)ig__snprintf(text + used, sizeof text - used, "%s%s", i ? "," : "", ig__print_double(number, list->v[i]));
  return ig__option_set(op->name, op->options, options, key, text);
}

/* The scale is that of bytes; float pictures are taken as they are. */
static ig_status preprocess_options(const ig__op *op, const ig__input_options *input, ig__dtype picture, void *options) {
  char number[32];
  double scale = picture == IG__U8 ? input->scale : 1;
  ig__options_default(op->options, options);
  IG__TRY(ig__option_set(op->name, op->options, options, "scale", ig__print_double(number, scale)));
  IG__TRY(set_list(op, options, "mean", &input->mean));
  return set_list(op, options, "std", &input->std);
}

static ig__value build_input(builder *b, ig__dtype picture, ig__value *image) {
  const ig__input_options *input = &b->model->input;
  ig__graph *g = b->layer.graph;
  const ig__op *op = ig__op_find("preprocess");
  if (!op) return refuse(b, ig__fail(IG_FAILED, "the op 'preprocess' is missing in this build"));
  void *options = ig__arena_take(g->arena, 1, op->options_size);
  if (!options) return refuse(b, IG_NO_MEMORY);
  ig_status status = preprocess_options(op, input, picture, options);
  if (status != IG_OK) return refuse(b, status);
  const int dim[] = {g->n, input->channels, input->height, input->width};
  *image = ig__leaf_add(g, IG__LEAF_FIELD, 0, picture, ig__shape_make(4, dim, true));
  return ig__node1(g, op, options, *image);
}

/* A hook looks at the inputs that its op has; one it never looked at was a mistake in the text. */
static ig_status check_all_used(const builder *b, size_t first_node, const ig__value *in) {
  const ig__graph *g = b->layer.graph;
  for (int i = 0; i < b->line->in_count; i++) {
    bool used = false;
    for (size_t n = first_node; n < g->node_count && !used; n++)
      for (int k = 0; k < g->node[n]->in_count; k++) used |= g->node[n]->in[k] == in[i];
    if (!used)
      return ig__fail(IG_BAD_MODEL, "%s does not take %d inputs: number %d, %s, is not used", b->line->op->name,
                      b->line->in_count, i + 1, b->model->line[b->line->in[i]].name);
  }
  return IG_OK;
}

static ig__value build_line(builder *b, const ig__value *values) {
  ig__graph *g = b->layer.graph;
  const ig__line *line = b->line;
  ig__value in[IG__MAX_IN];
  size_t first_node = g->node_count;
  for (int i = 0; i < IG__MAX_IN; i++) in[i] = i < line->in_count ? values[line->in[i]] : IG__NONE;
  if (!line->op->build) return ig__node_add(g, line->op, line->options, line->in_count, in, NULL);
  ig__value value = line->op->build(&b->layer, line->options, line->in_count, in);
  if (g->status == IG_OK && line->in_count > 1) {
    ig_status status = check_all_used(b, first_node, in);
    if (status != IG_OK) return refuse(b, status);
  }
  return value;
}

/* share, freeze, l2 and l1 on a line that turned out to have no parameters do nothing: a mistake. In a use of a block (names
 * with a dot) they go to all its lines, and some have none. */
static ig_status check_acts(const builder *b) {
  const ig__line *line = b->line;
  bool said = line->share >= 0 || line->frozen || !isnan(line->l2) || !isnan(line->l1);
  if (!said || strchr(line->name, '.')) return IG_OK;
  for (size_t i = 0; i < b->model->param_count; i++)
    if (b->model->param[i].line == owner_of(b)) return IG_OK;
  return ig__fail(IG_BAD_MODEL, "share, freeze, l2 and l1 act on parameters, and %s has none here", line->op->name);
}

static ig_status place(const ig__model *m, const ig__line *line, ig_status status) {
  if (status == IG_USAGE) status = IG_BAD_MODEL;
  return status == IG_NO_MEMORY ? status : ig__fail_at(status, "%s:%d: %s", m->name, line->number, line->name);
}

static ig_status build(ig__model *m, ig__graph *g, ig__dtype picture, bool recording, ig__built *out) {
  builder b = {.layer = {.graph = g, .parameter = parameter, .state = state}, .model = m, .recording = recording};
  memset(out, 0, sizeof *out);
  IG__TRY(ig__graph_status(g));
  out->line = ig__arena_take(g->arena, m->line_count, sizeof *out->line);
  if (!out->line) return ig__graph_fail(g, IG_NO_MEMORY), IG_NO_MEMORY;
  for (size_t i = 0; i < m->line_count; i++) {
    b.line = &m->line[i];
    b.index = (int)i;
    b.line_params = m->param_count;
    b.line_states = m->state_count;
    b.layer.name = b.line->name;
    b.layer.op = b.line->op;
    g->line = b.line->name;
    ig__value value = b.line->op ? build_line(&b, out->line) : build_input(&b, picture, &out->image);
    if (value == IG__NONE && g->status == IG_OK)
      refuse(&b, ig__fail(IG_BAD_MODEL, "%s makes no value that a line could have", b.line->op ? b.line->op->name : "input"));
    if (g->status == IG_OK && recording) {
      ig_status status = check_acts(&b);
      if (status != IG_OK) refuse(&b, status);
    }
    g->line = "";
    if (g->status != IG_OK) return place(m, b.line, g->status);
    out->line[i] = value;
  }
  out->output_count = (int)m->output_count;
  for (size_t i = 0; i < m->output_count; i++) out->output[i] = out->line[m->output[i]];
  return IG_OK;
}

ig_status ig__model_build(ig__model *model, ig__graph *graph, ig__dtype picture, ig__built *out) {
  if (!model->params) return ig__fail(IG_USAGE, "%s: the model is not bound yet", model->name);
  graph->bf16 = model->bf16;
  return build(model, graph, picture, false, out);
}

ig_status ig__model_record(ig__model *model) {
  ig__graph *graph;
  ig__built built;
  if (ig__model_is_open(model))
    return ig__fail(IG_BAD_MODEL, "%s:%d: input: a size is still open", model->name, model->line[0].number);
  IG__TRY(ig__graph_new(&graph, ig__core_ops_get(), RECORDED_PICTURES, true));
  ig_status status = build(model, graph, IG__U8, true, &built);
  ig__graph_free(graph);
  return status;
}
