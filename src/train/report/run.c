/* The report of one run: the page from its head to its foot. */
#include "base/text.h"
#include "train/report/open.h"

#include <math.h>
#include <string.h>

#define SHOWN_BYTES ((size_t)48 << 10)  /* of the model's text and of the log */

static void tile_end(ig__buffer *out) { ig__buffer_text(out, "</div>\n"); }

static void accuracy_tile(ig__buffer *out, const char *part, const ig_metrics *m) {
  if (!m->n) return;
  char title[64];
  ig__snprintf(title, sizeof title, "accuracy, %s", !strcmp(part, "val") ? "validation" : part);
  ig__html_tile(out, title);
  ig__html_value(out, IG__UNIT_SHARE, m->accuracy, "%s.accuracy", part);
  ig__buffer_text(out, "</b><small>");
  ig__html_value(out, IG__UNIT_SHARE, m->accuracy_low, "%s.accuracy_low", part);
  ig__buffer_text(out, " … ");
  ig__html_value(out, IG__UNIT_SHARE, m->accuracy_high, "%s.accuracy_high", part);
  ig__buffer_text(out, "<br>of ");
  ig__html_value(out, IG__UNIT_COUNT, (double)m->n, "%s.n", part);
  ig__buffer_text(out, " pictures, loss ");
  ig__html_value(out, IG__UNIT_PLAIN, m->data_loss, "%s.data_loss", part);
  if (m->penalty > 0) {
    ig__buffer_text(out, " + penalty ");
    ig__html_value(out, IG__UNIT_PLAIN, m->penalty, "%s.penalty", part);
  }
  ig__buffer_text(out, "</small>");
  tile_end(out);
}

static void tiles(const ig__run_view *v, ig__buffer *out) {
  const ig__run_state *s = v->state;
  ig__buffer_text(out, "<div class=\"tiles\">\n");
  accuracy_tile(out, "test", &v->test);
  accuracy_tile(out, "val", &v->val);
  if (!isnan(v->baseline)) {
    ig__html_tile(out, "baseline");
    ig__html_value(out, IG__UNIT_SHARE, v->baseline, "baseline");
    ig__buffer_text(out, "</b><small>accuracy of always answering the commonest class</small>");
    tile_end(out);
  }
  ig__html_tile(out, "weights kept");
  ig__buffer_text(out, s->best_epoch ? "epoch " : "–");
  if (s->best_epoch) ig__html_value(out, IG__UNIT_COUNT, (double)s->best_epoch, "best_epoch");
  ig__buffer_text(out, "</b><small>of ");
  ig__html_value(out, IG__UNIT_COUNT, (double)s->epoch, "epochs");
  ig__buffer_text(out, ", %s</small>", v->val.n ? "best on the validation part" : "the last");
  tile_end(out);
  if (v->model) {
    int64_t count = 0;
    for (size_t i = 0; i < v->model->param_count; i++) count += v->model->param[i].count;
    ig__html_tile(out, "parameters");
    ig__html_value(out, IG__UNIT_COUNT, (double)count, "parameters");
    ig__buffer_text(out, "</b><small>model ");
    ig__html_name(out, v->options->model, 40);
    ig__buffer_text(out, "</small>");
    tile_end(out);
  }
  ig__html_tile(out, "time");
  ig__html_value(out, IG__UNIT_SECONDS, s->seconds, "seconds");
  ig__buffer_text(out, "</b>");
  if (s->history_count) {
    ig__buffer_text(out, "<small>");
    ig__html_value(out, IG__UNIT_COUNT, floor(s->history[s->history_count - 1].images_per_second), "img_per_s");
    ig__buffer_text(out, " pictures a second in the last epoch</small>");
  }
  tile_end(out);
  ig__buffer_text(out, "</div>\n");
}

/* ---- configuration, machine, log ----------------------------------------------------------------------------------- */

/* The log, NULL when there is none. */
static ig_status read_log(const char *folder, uint8_t **bytes, size_t *size) {
  char *path = ig__format("%s/log.txt", folder);
  *bytes = NULL;
  *size = 0;
  ig_status status = path ? IG_OK : IG_NO_MEMORY;
  if (path && ig__file_exists(path)) status = ig__file_read(path, (size_t)1 << 30, bytes, size);
  ig__free(path);
  return status;
}

static const char *last_bytes(const uint8_t *bytes, size_t size) {
  const char *text = (const char *)bytes;
  if (size <= SHOWN_BYTES) return text;
  const char *line = strchr(text + (size - SHOWN_BYTES), '\n');
  return line ? line + 1 : text + size;
}

/* The last line of the log that holds `word`, without its first `skip` letters and what stands before. */
static void log_line(ig__buffer *out, const char *title, const char *log, const char *word, size_t skip) {
  const char *found = NULL;
  for (const char *at = log; (at = strstr(at, word)); at++) found = at;
  if (!found) return;
  found += skip;
  char *line = ig__format("%.*s", (int)strcspn(found, "\n"), found);
  if (!line) {
    out->failed = true;
    return;
  }
  ig__buffer_text(out, "<tr><td class=\"l\">%s</td><td class=\"w\">", title);
  ig__html_cut(out, line, 300);
  ig__buffer_text(out, "</td></tr>\n");
  ig__free(line);
}

void ig__report_option_value(ig__buffer *out, const ig__option *o, const ig_train_options *options) {
  const char *at = (const char *)options + o->offset;
  char number[32];
  if (o->type == IG__OPTION_TEXT) ig__html_cut(out, at, 200);
  else if (o->type == IG__OPTION_INT) ig__buffer_text(out, "%d", *(const int *)(const void *)at);
  else if (o->type == IG__OPTION_I64) ig__buffer_text(out, "%lld", (long long)*(const int64_t *)(const void *)at);
  else if (o->type == IG__OPTION_BOOL) ig__buffer_text(out, "%s", *(const bool *)at ? "yes" : "no");
  else ig__buffer_text(out, "%s", ig__print_double(number, *(const double *)(const void *)at));
}

bool ig__report_option_same(const ig__option *o, const ig_train_options *a, const ig_train_options *b) {
  const char *x = (const char *)a + o->offset, *y = (const char *)b + o->offset;
  return o->type == IG__OPTION_TEXT ? !strcmp(x, y) : !memcmp(x, y, o->size);
}

static void option_rows(const ig__run_view *v, ig__buffer *out, bool all) {
  ig_train_options *usual = ig__alloc(1, sizeof *usual);
  if (!usual) {
    out->failed = true;
    return;
  }
  *usual = ig_train_options_default();
  for (const ig__option *o = ig__verb_table(IG_VERB_TRAIN); o->name; o++) {
    bool same = ig__report_option_same(o, usual, v->options);
    if (!strcmp(o->name, "data") || !strcmp(o->name, "model") || !strcmp(o->name, "seed")) same = false;
    if (same != all) continue;
    ig__buffer_text(out, "<tr><td class=\"l\">%s</td><td class=\"w\"><code>", o->name);
    ig__report_option_value(out, o, v->options);
    ig__buffer_text(out, "</code></td><td class=\"w soft\">");
    ig__html_text(out, o->help);
    ig__buffer_text(out, "</td></tr>\n");
  }
  ig__free(usual);
}

static void parts_row(const ig__run_view *v, ig__buffer *out) {
  if (!v->samples) return;
  ig__buffer_text(out, "<tr><td class=\"l\">pictures</td><td class=\"w\">");
  for (int p = 0; p < IG__PARTS; p++) {
    ig__html_value(out, IG__UNIT_COUNT, (double)v->samples->count[p], "pictures.%s", ig__part_name((ig__part)p));
    ig__buffer_text(out, " %s%s", ig__part_name((ig__part)p), p + 1 < IG__PARTS ? ", " : "");
  }
  ig__buffer_text(out, "</td></tr>\n");
}

ig_status ig__report_configuration(const ig__run_view *v, ig__buffer *out) {
  size_t size;
  uint8_t *log;
  IG__TRY(read_log(v->folder, &log, &size));
  const char *text = log ? last_bytes(log, size) : "";
  ig__html_section(out, "configuration", "Configuration, machine, log");
  ig__html_table(out, "<option|<value|<");
  option_rows(v, out, false);
  ig__html_table_end(out);
  ig__html_details(out, "Options left as they are by default");
  ig__html_table(out, "<option|<value|<");
  option_rows(v, out, true);
  ig__html_table_end(out);
  ig__html_details_end(out);
  ig__html_table(out, "<run|<");
  log_line(out, "program and machine", log ? (const char *)log : "", "Z imgrad ", 2);
  parts_row(v, out);
  log_line(out, "memory", log ? (const char *)log : "", "Z memory: ", 10);
  log_line(out, "end", log ? (const char *)log : "", "Z ended after ", 2);
  ig__html_table_end(out);
  if (v->model) {
    ig__html_details(out, "The model");
    ig__buffer_text(out, "<pre>");
    char *shown = ig__format("%.*s", (int)SHOWN_BYTES, v->model->text);
    if (shown) ig__html_text(out, shown);
    out->failed |= !shown;
    ig__free(shown);
    ig__buffer_text(out, "</pre>\n");
    ig__html_details_end(out);
  }
  ig__html_details(out, "The log");
  ig__buffer_text(out, "<pre>");
  ig__html_text(out, text);
  ig__buffer_text(out, "</pre>\n");
  ig__html_details_end(out);
  ig__html_section_end(out);
  ig__free(log);
  return IG_OK;
}

/* ---- the page ----------------------------------------------------------------------------------------------------------- */

static void head(const ig__run_view *v, ig__buffer *out) {
  ig__buffer_text(out, "<h1>Training run ");
  ig__html_name(out, v->folder, 120);
  ig__buffer_text(out, "</h1>\n<p class=\"soft\">Model ");
  ig__html_name(out, v->options->model, 80);
  ig__buffer_text(out, " on ");
  ig__html_name(out, v->options->data, 120);
  ig__buffer_text(out, "</p>\n<nav>");
  if (v->state->history_count) ig__buffer_text(out, "<a href=\"#curves\">Epochs</a> ");
  if (v->answers && v->answers->passed) ig__buffer_text(out, "<a href=\"#classes\">Classes</a> <a href=\"#wrong\">Wrong pictures</a> ");
  if (v->model) ig__buffer_text(out, "<a href=\"#layers\">Layers</a> ");
  if (v->source) ig__buffer_text(out, "<a href=\"#examples\">Training pictures</a> ");
  ig__buffer_text(out, "<a href=\"#configuration\">Configuration</a></nav>\n");
}

ig_status ig__report_run(const ig__run_view *v, ig__buffer *out) {
  char *title = ig__format("imgrad: %s", v->folder);
  if (!title) return IG_NO_MEMORY;
  ig__html_begin(out, title);
  ig__free(title);
  head(v, out);
  tiles(v, out);
  if (v->without) {
    ig__buffer_text(out, "<section class=\"warn\" id=\"without\"><p>");
    ig__html_text(out, v->without);
    ig__buffer_text(out, "</p></section>\n");
  }
  ig__report_verdict(v, out);
  IG__TRY(ig__report_restarts(v, out));
  IG__TRY(ig__report_curves(v, out));
  IG__TRY(ig__report_classes(v, out));
  IG__TRY(ig__report_gallery(v, out));
  IG__TRY(ig__report_weights(v, out));
  IG__TRY(ig__report_speed(v, out));
  IG__TRY(ig__report_examples(v, out));
  IG__TRY(ig__report_configuration(v, out));
  ig__buffer_text(out, "<footer>imgrad %s. Numbers carry their exact values as data-value.</footer>\n", ig_version());
  ig__html_end(out);
  return out->failed ? IG_NO_MEMORY : IG_OK;
}

static ig_status write_file(const char *path, ig__buffer *bytes, ig_status status) {
  if (status == IG_OK) status = bytes->failed ? IG_NO_MEMORY : ig__file_write_atomic(path, bytes->data, bytes->size);
  ig__buffer_free(bytes);
  return status;
}

ig_status ig__report_write(const ig__run_view *v, const char *report_path, const char *wrong_path) {
  ig__buffer page = {0}, list = {0};
  ig_status status = ig__report_run(v, &page);
  if (status == IG_OK && v->answers && v->answers->passed) {
    ig__report_wrong_csv(v, &list);
    status = write_file(wrong_path, &list, status);
  }
  return write_file(report_path, &page, status);
}
