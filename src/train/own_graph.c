/* Graphs written in C: lines in the words of model text. */
#include "base/text.h"
#include "train/own.h"

#include <stdarg.h>
#include <string.h>

#define LINE_BYTES 1000
#define LINE_WORDS 64
#define INNER_NAME 128

ig_status ig_graph_new(ig_graph **out) {
  *out = ig__alloc(1, sizeof **out);
  return *out ? IG_OK : IG_NO_MEMORY;
}

void ig_graph_free(ig_graph *g) {
  if (!g) return;
  for (size_t i = 0; i < g->count; i++) ig__free(g->name[i]);
  ig__free(g->name);
  ig__buffer_free(&g->text);
  ig__free(g);
}

static ig_value refuse(ig_graph *g, ig_status status) {
  if (g->graph) return ig__graph_fail(g->graph, status);
  if (g->status == IG_OK) {
    g->status = status;
    ig__message_take(g->message);
  }
  return IG_NO_VALUE;
}

static ig_status status_of(const ig_graph *g) { return g->graph ? ig__graph_status(g->graph) : g->status; }

/* The words of one line, in the C locale. */
static ig_status write_line(char out[LINE_BYTES], const char *format, va_list args) {
  int length = ig__vformat(out, LINE_BYTES, format, args);
  if (length < 0 || length >= LINE_BYTES)
    return ig__fail(IG_BAD_MODEL, "a line of a graph is longer than %d bytes", LINE_BYTES - 1);
  if (strpbrk(out, "\n\r#@"))
    return ig__fail(IG_BAD_MODEL, "'%.80s': a line of a graph has no '#', no '@' and no second line", out);
  return out[strspn(out, " \t")] ? IG_OK : ig__fail(IG_BAD_MODEL, "an empty line of a graph");
}

/* ---- as text ----------------------------------------------------------------------------------------------------------- */

static ig_value add_name(ig_graph *g, char *name) {
  ig_status status = name ? ig__grow((void **)&g->name, g->count, &g->capacity, sizeof *g->name) : IG_NO_MEMORY;
  if (status == IG_OK && g->text.failed) status = IG_NO_MEMORY;
  if (status != IG_OK) {
    ig__free(name);
    return refuse(g, status);
  }
  g->name[g->count] = name;
  return (ig_value)g->count++;
}

/* "conv2d3": lines are called as an unnamed line of a text would be. */
static char *number_name(const ig_graph *g, const char *word, size_t length) {
  int number = 1;
  for (size_t i = 1; i < g->count; i++) {
    const char *n = g->name[i];
    size_t digits = strncmp(n, word, length) ? 0 : strspn(n + length, "0123456789");
    number += digits && !n[length + digits];
  }
  return ig__format("%.*s%d", (int)length, word, number);
}

static ig_value text_line(ig_graph *g, int count, const ig_value *in, const char *line) {
  line += strspn(line, " \t");
  size_t length = strcspn(line, " \t");
  char *name = number_name(g, line, length);
  if (!name) return refuse(g, IG_NO_MEMORY);
  ig__buffer_text(&g->text, "%s = %.*s", name, (int)length, line);
  if (count != 1 || in[0] != (ig_value)g->count - 1)
    for (int i = 0; i < count; i++) ig__buffer_text(&g->text, " @%s", g->name[in[i]]);
  ig__buffer_text(&g->text, "%s\n", line + length);
  return add_name(g, name);
}

ig_value ig_input(ig_graph *g, const char *format, ...) {
  char line[LINE_BYTES];
  va_list args;
  if (status_of(g) != IG_OK) return IG_NO_VALUE;
  if (g->graph || g->count) return refuse(g, ig__fail(IG_BAD_MODEL, "ig_input comes first, and once"));
  va_start(args, format);
  ig_status status = write_line(line, format, args);
  va_end(args);
  if (status != IG_OK) return refuse(g, status);
  ig__buffer_text(&g->text, "input %s\n", line);
  return add_name(g, ig__strdup("input"));
}

const char *ig_graph_text(const ig_graph *g) { return g->text.data ? (const char *)g->text.data : ""; }

/* ---- in the graph at hand ---------------------------------------------------------------------------------------------- */

/* A layer inside a build rule: its parameters are the outer line's, with the inner one's name in front. */
typedef struct inner_layer { ig__layer layer, *outer; char name[INNER_NAME]; } inner_layer;

static const char *inner_suffix(const inner_layer *l, const char *suffix, char out[2 * INNER_NAME]) {
  ig__snprintf(out, 2 * INNER_NAME, "%s.%s", l->name, suffix);
  return out;
}

static ig__value inner_parameter(ig__layer *layer, const char *suffix, ig__shape shape, ig__param_kind kind,
                                 const char *initialiser, double fan_in, double fan_out) {
  inner_layer *l = (inner_layer *)(void *)layer;
  char full[2 * INNER_NAME];
  return l->outer->parameter(l->outer, inner_suffix(l, suffix, full), shape, kind, initialiser, fan_in, fan_out);
}

static ig__value inner_state(ig__layer *layer, const char *suffix, ig__shape shape, double initial) {
  inner_layer *l = (inner_layer *)(void *)layer;
  char full[2 * INNER_NAME];
  return l->outer->state(l->outer, inner_suffix(l, suffix, full), shape, initial);
}

static ig_value append_op(ig_graph *g, const ig__op *op, char **words, int words_count, int count, const ig_value *in) {
  void *options = op->options_size ? ig__arena_take(g->graph->arena, 1, op->options_size) : NULL;
  if (op->options_size && !options) return refuse(g, IG_NO_MEMORY);
  ig_status status = ig__options_parse(op->name, op->options, options, words, words_count);
  if (status != IG_OK) return refuse(g, status);
  if (!op->build || op == g->self) return ig__node_add(g->graph, op, options, count, in, NULL);
  if (!g->layer) return refuse(g, ig__fail(IG_BAD_MODEL, "%s has parameters: only a build rule may append it", op->name));
  inner_layer l = {.outer = g->layer, .layer = {.graph = g->graph, .op = op, .name = g->layer->name, .parameter = inner_parameter,
                                                .state = inner_state}};
  ig__snprintf(l.name, sizeof l.name, "%.100s%d", op->name, ++g->inner);
  ig__value all[IG__MAX_IN];
  for (int i = 0; i < IG__MAX_IN; i++) all[i] = i < count ? in[i] : IG__NONE;
  return op->build(&l.layer, options, count, all);
}

static ig_value graph_line(ig_graph *g, int count, const ig_value *in, char *line) {
  char *words[LINE_WORDS];
  int n = ig__split_words(line, words, LINE_WORDS), options = n;
  if (n < 1) return refuse(g, ig__fail(IG_BAD_MODEL, "a line of a graph has 1 to %d words", LINE_WORDS));
  const ig__op *op = ig__op_find_with(g->own, words[0]), *activation[LINE_WORDS];
  if (!op) return refuse(g, ig__fail(IG_BAD_MODEL, "the op '%.80s' is not known", words[0]));
  while (options > 1) {
    activation[options - 1] = ig__op_find_with(g->own, words[options - 1]);
    if (!activation[options - 1] || !(activation[options - 1]->flags & IG__ACTIVATION)) break;
    options--;
  }
  ig_value value = append_op(g, op, words + 1, options - 1, count, in);
  for (int i = options; i < n; i++) value = append_op(g, activation[i], NULL, 0, 1, &value);
  return value;
}

/* ---- both -------------------------------------------------------------------------------------------------------------- */

static ig_value add_line(ig_graph *g, int count, const ig_value *in, const char *format, va_list args) {
  char line[LINE_BYTES];
  if (status_of(g) != IG_OK) return IG_NO_VALUE;
  if (!g->graph && !g->count) return refuse(g, ig__fail(IG_BAD_MODEL, "a graph begins with ig_input"));
  ig_status status = write_line(line, format, args);
  if (status != IG_OK) return refuse(g, status);
  size_t values = g->graph ? g->graph->tensor_count : g->count;
  if (count < 1 || count > IG__MAX_IN)
    return refuse(g, ig__fail(IG_BAD_MODEL, "'%.80s': %d inputs; 1 to %d are possible", line, count, IG__MAX_IN));
  for (int i = 0; i < count; i++)
    if (in[i] < 0 || (size_t)in[i] >= values)
      return refuse(g, ig__fail(IG_BAD_MODEL, "'%.80s': input %d is no value of this graph", line, i + 1));
  return g->graph ? graph_line(g, count, in, line) : text_line(g, count, in, line);
}

#define ADD_LINE(count, in)                            \
  va_list args;                                        \
  va_start(args, format);                              \
  ig_value value = add_line(graph, count, in, format, args); \
  va_end(args);                                        \
  return value

ig_value ig_op(ig_graph *graph, ig_value x, const char *format, ...) { ADD_LINE(1, &x); }

ig_value ig_op2(ig_graph *graph, ig_value x, ig_value y, const char *format, ...) {
  const ig_value in[] = {x, y};
  ADD_LINE(2, in);
}

ig_value ig_op_n(ig_graph *graph, int count, const ig_value *in, const char *format, ...) { ADD_LINE(count, in); }

/* ---- under a name in a context ------------------------------------------------------------------------------------------- */

ig_status ig__own_name(const char *what, const char *name) {
  size_t n = 0;
  while (name && ((name[n] >= 'a' && name[n] <= 'z') || (name[n] >= 'A' && name[n] <= 'Z') || name[n] == '_' ||
                  (n && ((name[n] >= '0' && name[n] <= '9') || name[n] == '-'))))
    n++;
  if (n && n < 64 && !name[n]) return IG_OK;
  return ig__fail(IG_USAGE, "%s '%.80s': a name of 1 to 63 letters, digits, '_' and '-' is wanted, a letter first", what,
                  name ? name : "");
}

const ig__builtin *ig__own_model(const ig_context *context, const char *name) {
  for (size_t i = 0; i < context->model_count; i++)
    if (!strcmp(context->model[i].name, name)) return &context->model[i];
  return NULL;
}

/* Any number of classes will do to see whether the text is right. */
static ig_status try_text(const ig_context *context, const char *name, const char *text) {
  ig__model *model;
  IG__TRY(ig__model_parse_with(&context->ops, text, strlen(text), name, 2, &model));
  ig_status status = ig__model_bind(model, sizeof(float), 0);
  ig__model_free(model);
  return status;
}

ig_status ig_add_model(ig_context *context, const char *name, const char *text) {
  IG__TRY(ig__own_name("a model", name));
  if (ig__own_model(context, name)) return ig__fail(IG_USAGE, "a model '%s' is there already", name);
  IG__TRY(try_text(context, name, text));
  IG__TRY(ig__grow((void **)&context->model, context->model_count, &context->model_capacity, sizeof *context->model));
  char *kept = ig__strdup(name), *copy = kept ? ig__strdup(text) : NULL;
  if (!copy) {
    ig__free(kept);
    return IG_NO_MEMORY;
  }
  context->model[context->model_count++] = (ig__builtin){.name = kept, .help = "", .text = copy};
  return IG_OK;
}

ig_status ig_add_graph(ig_context *context, const char *name, const ig_graph *g) {
  if (g->status != IG_OK) {
    ig__message_give(g->message);
    return ig__fail_at(g->status, "%s: line %zu", name, g->count + 1);
  }
  return ig_add_model(context, name, ig_graph_text(g));
}
