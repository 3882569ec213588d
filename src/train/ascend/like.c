/* The verb ascend: the pictures that classes and filters like best. */
#include "train/ascend/ascend.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

#define COLUMNS 10         /* of the sheet */

typedef struct goal { int line, channel; } goal; /* line −1: a class */

typedef struct liking {
  ig__subject subject;
  goal *goal;
  size_t count, capacity;
  double *x;                 /* [count][pixels] */
} liking;

/* ---- which ones -------------------------------------------------------------------------------------------------------------- */

static ig_status add_goal(liking *l, int line, int channel) {
  void *list = l->goal;
  if (l->count == IG_ASCEND_PICTURES) return ig__fail(IG_USAGE, "more than %d pictures are asked for", IG_ASCEND_PICTURES);
  IG__TRY(ig__grow(&list, l->count, &l->capacity, sizeof *l->goal));
  l->goal = list;
  l->goal[l->count++] = (goal){line, channel};
  return IG_OK;
}

static char *trim(char *word) {
  word += strspn(word, " ");
  for (size_t n = strlen(word); n > 0 && word[n - 1] == ' '; n--) word[n - 1] = 0;
  return word;
}

static char *next_piece(char **rest) {
  char *piece = ig__next_listed(rest);
  return piece ? trim(piece) : NULL;
}

static ig_status add_all(liking *l, int line, int channels) {
  for (int c = 0; c < channels; c++) IG__TRY(add_goal(l, line, c));
  return IG_OK;
}

static ig_status add_classes(liking *l, const char *text) {
  char copy[IG_SPEC_SIZE], *rest = copy, *piece;
  ig__snprintf(copy, sizeof copy, "%s", text);
  while ((piece = next_piece(&rest))) {
    int c;
    if (!strcmp(piece, "*")) {
      IG__TRY(add_all(l, -1, l->subject.classes));
      continue;
    }
    IG__TRY(ig__subject_class(&l->subject, "--classes", piece, &c));
    IG__TRY(add_goal(l, -1, c));
  }
  return IG_OK;
}

static ig_status find_line(const ig__model *m, const char *name, int *out) {
  const char *list[256];
  size_t shown = 0;
  for (size_t i = 0; i < m->line_count; i++) {
    if (!m->line[i].op) continue;
    *out = (int)i;
    if (!strcmp(m->line[i].name, name)) return IG_OK;
    if (shown < 256) list[shown++] = m->line[i].name;
  }
  const char *nearest = ig__nearest(name, list, shown);
  return ig__fail(IG_USAGE, "--filters: the model has no line '%s'%s%s; `imgrad summary RUN` lists them", name, nearest ? "; did you mean " : "",
                  nearest ? nearest : "");
}

static ig_status line_channels(const liking *l, int line, int *out) {
  ig__graph *graph = NULL;
  ig__built built;
  ig_status status = ig__graph_new(&graph, ig__core_ops_get(), 1, false);
  if (status == IG_OK) status = ig__model_build(l->subject.model, graph, IG__REAL, &built);
  const ig__shape *s = status == IG_OK ? ig__shape_of(graph, built.line[line]) : NULL;
  if (s && s->rank < 2) status = ig__fail(IG_USAGE, "--filters: line %s has no channels", l->subject.model->line[line].name);
  else if (s) *out = s->dim[1];
  ig__graph_free(graph);
  return status;
}

/* "3", "0-7" or "*". */
static ig_status channel_range(const char *line, const char *text, int channels, int *from, int *to) {
  int64_t a, b;
  char copy[64], *dash;
  ig__snprintf(copy, sizeof copy, "%s", text);
  *from = 0;
  *to = channels - 1;
  if (!strcmp(text, "*")) return IG_OK;
  if ((dash = strchr(copy, '-'))) *dash = 0;
  if (!ig__parse_i64(trim(copy), &a) || !ig__parse_i64(dash ? trim(dash + 1) : copy, &b) || a < 0 || b < a || b >= channels)
    return ig__fail(IG_USAGE, "--filters: %s:%s: a channel of 0 … %d is wanted, or a range of them, or *", line, text, channels - 1);
  *from = (int)a;
  *to = (int)b;
  return IG_OK;
}

static ig_status add_filters(liking *l, const char *text) {
  char copy[IG_SPEC_SIZE], *rest = copy, *piece;
  ig__snprintf(copy, sizeof copy, "%s", text);
  while ((piece = next_piece(&rest))) {
    char *colon = strrchr(piece, ':');
    int line = -1, channels = 0, from, to;
    if (!colon) return ig__fail(IG_USAGE, "--filters %s: LINE:CHANNEL is wanted, as conv2d1:5, conv2d1:0-7 or conv2d1:*", piece);
    *colon = 0;
    IG__TRY(find_line(l->subject.model, trim(piece), &line));
    IG__TRY(line_channels(l, line, &channels));
    IG__TRY(channel_range(piece, trim(colon + 1), channels, &from, &to));
    for (int c = from; c <= to; c++) IG__TRY(add_goal(l, line, c));
  }
  return IG_OK;
}

static ig_status choose(liking *l) {
  const ig_ascend_options *o = l->subject.options;
  if (*o->classes || !*o->filters) IG__TRY(ig__subject_wants_classes(&l->subject));
  if (*o->classes) IG__TRY(add_classes(l, o->classes));
  else if (!*o->filters) IG__TRY(add_all(l, -1, l->subject.classes));
  if (*o->filters) IG__TRY(add_filters(l, o->filters));
  l->x = ig__alloc(l->count * (size_t)l->subject.slopes.pixels, sizeof *l->x);
  return l->x ? IG_OK : IG_NO_MEMORY;
}

/* ---- the ascent -------------------------------------------------------------------------------------------------------------- */

static void name_row(const liking *l, const goal *g, ig_ascend_row *row) {
  if (g->line < 0) ig__snprintf(row->name, sizeof row->name, "class %s", l->subject.name[g->channel]);
  else ig__snprintf(row->name, sizeof row->name, "%s:%d", l->subject.model->line[g->line].name, g->channel);
}

/* The weight of a plane's every pixel, so that their sum is the channel's mean. */
static void weigh(const ig__slopes *s, int channel, double *weight) {
  const int64_t channels = s->binary ? 2 : s->shape.dim[1], plane = s->numbers / channels;
  for (int64_t i = 0; i < plane; i++) weight[channel * plane + i] = 1 / (double)plane;
}

static ig_status climb(liking *l, ig__slopes *s, size_t from, int n, ig_ascend_row *row) {
  const ig_ascend_options *o = l->subject.options;
  const int smaller = l->subject.size.height < l->subject.size.width ? l->subject.size.height : l->subject.size.width;
  const ig__climb how = {.steps = o->steps, .rate = o->rate, .tv = o->tv, .l2 = o->l2, .seed = (uint64_t)o->seed,
                         .planes = l->goal[from].line >= 0, .jitter = o->jitter >= 0 ? o->jitter : smaller / 16};
  double *weight = ig__alloc((size_t)n * (size_t)s->numbers, sizeof *weight), *value = ig__alloc((size_t)n, 2 * sizeof *value);
  uint64_t *key = ig__alloc((size_t)n, sizeof *key);
  ig_status status = weight && value && key ? IG_OK : IG_NO_MEMORY;
  for (int i = 0; status == IG_OK && i < n; i++) {
    weigh(s, l->goal[from + (size_t)i].channel, weight + i * s->numbers);
    name_row(l, &l->goal[from + (size_t)i], &row[i]);
    key[i] = ig__hash(row[i].name, strlen(row[i].name), 0); /* whoever else is asked for, this one looks the same */
  }
  if (status == IG_OK) status = ig__climb_run(s, &how, weight, key, n, l->x + (int64_t)from * s->pixels, value, value + n);
  for (int i = 0; status == IG_OK && i < n; i++) {
    row[i].before = value[i];
    row[i].after = value[n + i];
    row[i].flat = value[i] == value[n + i];
    row[i].probability = NAN;
  }
  ig__free(weight);
  ig__free(value);
  ig__free(key);
  return status;
}

static ig_status find_probabilities(liking *l, ig_ascend_row *row) {
  ig__slopes *s = &l->subject.slopes;
  double *number = ig__alloc((size_t)(l->subject.classes ? l->subject.classes : 1), sizeof *number);
  ig_status status = number ? IG_OK : IG_NO_MEMORY;
  for (size_t i = 0; status == IG_OK && l->subject.probabilities && i < l->count; i++) {
    if (l->goal[i].line >= 0) continue;
    status = ig__slopes_numbers(s, l->x + (int64_t)i * s->pixels, 1, number);
    row[i].probability = ig__number_probability(number, l->subject.classes, l->goal[i].channel);
  }
  ig__free(number);
  return status;
}

/* Goals of one line after the other share a plan. */
static ig_status climb_all(liking *l, ig_ascend_row *row) {
  for (size_t from = 0, to; from < l->count; from = to) {
    const int line = l->goal[from].line;
    for (to = from; to < l->count && l->goal[to].line == line; to++) continue;
    const int n = (int)(to - from), batch = n < l->subject.options->batch ? n : l->subject.options->batch;
    if (line < 0) {
      IG__TRY(climb(l, &l->subject.slopes, from, n, row + from));
      continue;
    }
    ig__slopes slopes;
    IG__TRY(ig__slopes_new(l->subject.context, &(ig__slopes_request){l->subject.model, line, batch, l->subject.direct, true}, &slopes));
    ig_status status = climb(l, &slopes, from, n, row + from);
    ig__slopes_free(&slopes);
    IG__TRY(status);
  }
  return find_probabilities(l, row);
}

/* ---- the page ---------------------------------------------------------------------------------------------------------------- */

static ig_status figure(const liking *l, size_t i, ig_ascend_row *row, ig__raster *raster, ig__buffer *page) {
  char stem[IG_ASCEND_NAME];
  ig__draw_stem(row->name, (int)i + 1, stem);
  IG__TRY(ig__draw_picture(l->x + (int64_t)i * l->subject.slopes.pixels, l->subject.size, raster));
  ig__buffer_text(page, "<figure>");
  IG__TRY(ig__draw_save(&l->subject, stem, NULL, raster, page));
  ig__snprintf(row->file, sizeof row->file, "%.120s.png", stem);
  ig__buffer_text(page, "<figcaption><b>");
  ig__html_name(page, row->name, 40);
  ig__buffer_text(page, "</b><br>");
  ig__html_value(page, IG__UNIT_PLAIN, row->before, "ascend.%zu.before", i);
  ig__buffer_text(page, " → ");
  ig__html_value(page, IG__UNIT_PLAIN, row->after, "ascend.%zu.after", i);
  if (!isnan(row->probability)) {
    ig__buffer_text(page, "<br>probability ");
    ig__html_value(page, IG__UNIT_SHARE, row->probability, "ascend.%zu.probability", i);
  }
  if (row->flat) ig__buffer_text(page, "<br>no slope: nothing moves it");
  ig__buffer_text(page, "</figcaption></figure>\n");
  return IG_OK;
}

static ig_status write_page(const liking *l, ig_ascend_row *row) {
  const ig_ascend_options *o = l->subject.options;
  ig__buffer page = {0}, beyond = {0};
  ig__raster *raster = ig__alloc(l->count, sizeof *raster);
  ig_status status = raster ? ig__page_begin(&l->subject, "Pictures that are liked best", &page) : IG_NO_MEMORY;
  ig__html_section(&page, "pictures", "Gradient ascent on the picture");
  ig__buffer_text(&page, "<p class=\"soft\">%d steps from grey, the first of root mean square %g, total variation %g, distance from grey %g, seed %lld. "
                  "Below each: the number that grew, a class's before the softmax, of a filter the mean over its plane of what is above zero before its activation.</p>\n"
                  "<div class=\"gallery\">\n", o->steps, o->rate, o->tv, o->l2, (long long)o->seed);
  for (size_t i = 0; status == IG_OK && i < l->count; i++) status = figure(l, i, &row[i], &raster[i], ig__page_room(&page, &beyond));
  ig__buffer_text(&page, "</div>\n%s", beyond.size ? ig__page_full : "");
  ig__html_section_end(&page);
  if (status == IG_OK) status = ig__draw_sheet(&l->subject, raster, (int)l->count, l->count < COLUMNS ? (int)l->count : COLUMNS);
  if (status == IG_OK) status = ig__page_end(&l->subject, &page);
  else ig__buffer_free(&page);
  for (size_t i = 0; raster && i < l->count; i++) ig__raster_free(&raster[i]);
  ig__free(raster);
  ig__buffer_free(&beyond);
  return status;
}

ig_status ig_ascend(ig_context *context, const ig_ascend_options *options, ig_ascend_result *result) {
  liking l = {.count = 0};
  *result = (ig_ascend_result){.rows = 0};
  ig_status status = ig__subject_open(context, options, "ascend", &l.subject);
  if (status == IG_OK) status = choose(&l);
  if (status == IG_OK && !(result->row = ig__alloc(l.count, sizeof *result->row))) status = IG_NO_MEMORY;
  if (status == IG_OK) status = climb_all(&l, result->row);
  if (status == IG_OK) status = write_page(&l, result->row);
  if (status == IG_OK) {
    result->rows = (int)l.count;
    memcpy(result->out, l.subject.out, sizeof result->out);
  }
  ig__free(l.goal);
  ig__free(l.x);
  ig__subject_close(&l.subject);
  if (status != IG_OK) ig_ascend_result_free(result);
  return ig__verb_end(context, status);
}

void ig_ascend_result_free(ig_ascend_result *result) {
  ig__free(result->row);
  *result = (ig_ascend_result){.rows = 0};
}
