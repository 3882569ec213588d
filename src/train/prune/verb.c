/* The verb prune: a smaller network that gives the same answers. */
#include "train/prune/prune.h"

#include "base/text.h"
#include "optim/groups.h"
#include "train/summary.h"
#include "train/synthetic.h"

#include <math.h>
#include <string.h>

#define PICTURES 64          /* that both networks are compared on */
#define ALLOWED_F32 1e-4     /* difference of an output over the largest one, where nothing but dead channels went */
#define ALLOWED_F64 1e-10

typedef struct pruning {
  ig_context *context;
  const ig_prune_options *options;
  ig_train_options run;
  ig__model *model, *small;
  ig__prune found;
} pruning;

/* ---- threshold ---------------------------------------------------------------------------------------------------------- */

static void clear_small_groups(ig__model *m, const ig__param *p, bool filters, double threshold) {
  const ig__weights w = ig__weights_of(m, p);
  const int64_t groups = ig__group_count(&w, filters), size = ig__group_size(&w, filters);
  for (int64_t g = 0; g < groups; g++) {
    double most = 0;
    for (int64_t i = 0; i < size; i++) most = fmax(most, fabs(ig__real_at(m->real_size, w.w, ig__group_element(&w, filters, g, i))));
    if (most == 0 || most > threshold) continue;
    for (int64_t i = 0; i < size; i++) ig__real_put(m->real_size, w.w, ig__group_element(&w, filters, g, i), 0);
  }
}

/* Filters and channels none of whose weights is larger count as dead. */
static void apply_threshold(ig__model *m, double threshold) {
  for (size_t i = 0; threshold > 0 && i < m->param_count; i++) {
    if (m->param[i].kind != IG__PARAM_WEIGHT) continue;
    clear_small_groups(m, &m->param[i], true, threshold);
    clear_small_groups(m, &m->param[i], false, threshold);
  }
  m->version++;
}

/* ---- the same answers ----------------------------------------------------------------------------------------------------- */

static void compare_output(const ig__network *a, const ig__network *b, int index, double *most, double *difference) {
  const int64_t count = ig__shape_count(ig__plan_result_shape(a->plan, 1 + index));
  const void *x = ig__network_output(a, index), *y = ig__network_output(b, index);
  for (int64_t i = 0; i < count; i++) {
    const double u = ig__real_at(a->k->real_size, x, i);
    *most = fmax(*most, fabs(u));
    *difference = fmax(*difference, fabs(u - ig__real_at(a->k->real_size, y, i)));
  }
}

/* The largest difference of an output over the largest output, on random pictures. */
static ig_status compare(const pruning *p, ig__model *large, double *out) {
  ig__source_info info;
  ig__batch batch = {0};
  ig__network a = {0}, b = {0};
  double most = 0, difference = 0;
  IG__TRY(ig__synthetic_info(large, &info));
  ig__network_request request = {.model = large, .data = &info, .conv = p->run.conv, .n = PICTURES, .every_output = true};
  ig_status status = ig__network_new(p->context, &request, &a);
  request.model = p->small;
  if (status == IG_OK) status = ig__network_new(p->context, &request, &b);
  if (status == IG_OK) status = ig__synthetic_batch(&info, PICTURES, 1, &batch);
  if (status == IG_OK) status = ig__network_run(&a, p->context, &batch, &(ig__pass_step){.loss_scale = 1});
  if (status == IG_OK) status = ig__network_run(&b, p->context, &batch, &(ig__pass_step){.loss_scale = 1});
  for (int i = 0; status == IG_OK && i < (int)large->output_count; i++) compare_output(&a, &b, i, &most, &difference);
  ig__synthetic_batch_free(&batch);
  ig__network_free(&a);
  ig__network_free(&b);
  *out = most > 0 ? difference / most : difference;
  return status;
}

/* ---- what became smaller ---------------------------------------------------------------------------------------------------- */

static int64_t parameters_of(const ig__model *m, int line) {
  int64_t count = 0;
  for (size_t i = 0; i < m->param_count; i++)
    if (m->param[i].line == line) count += m->param[i].count;
  return count;
}

static ig_status fill_rows(const pruning *p, ig_prune_result *r) {
  const size_t lines = p->model->line_count;
  ig__line_work *before = ig__alloc(lines, sizeof *before), *after = ig__alloc(lines, sizeof *after);
  r->row = ig__alloc(lines, sizeof *r->row);
  ig_status status = before && after && r->row ? IG_OK : IG_NO_MEMORY;
  if (status == IG_OK) status = ig__model_work(p->context, p->model, before);
  if (status == IG_OK) status = ig__model_work(p->context, p->small, after);
  for (int i = 1; status == IG_OK && i < (int)lines; i++) {
    ig_prune_row row = {.channels = ig__prune_channels(&p->found, i), .channels_left = ig__prune_left(&p->found, i),
                        .parameters = parameters_of(p->model, i), .parameters_left = parameters_of(p->small, i),
                        .macs = before[i].macs, .macs_left = after[i].macs};
    r->macs += row.macs;
    r->macs_left += row.macs_left;
    if (!row.parameters) continue;
    ig__snprintf(row.name, sizeof row.name, "%s", p->model->line[i].name);
    ig__snprintf(row.op, sizeof row.op, "%s", p->model->line[i].op->name);
    r->parameters += row.parameters;
    r->parameters_left += row.parameters_left;
    r->removed += row.channels - row.channels_left;
    r->row[r->rows++] = row;
  }
  ig__free(before);
  ig__free(after);
  return status;
}

/* ---- the folder --------------------------------------------------------------------------------------------------------------- */

static ig_status write_model(const pruning *p, const char *folder) {
  char *path = ig__format("%s/model.safetensors", folder);
  const char *const meta[] = {"data", p->run.data, "loss", p->small->loss ? p->small->loss : p->run.loss, "pruned", p->options->run,
                              p->small->lambda ? "lambda" : NULL, p->small->lambda, NULL};
  ig_status status = path ? ig__model_save(p->small, path, meta) : IG_NO_MEMORY;
  ig__free(path);
  return status;
}

/* The run's own configuration with the smaller model in its place: what eval, report and a further training go by. */
static ig_status write_config(const pruning *p, const char *folder) {
  ig__buffer text = {0}, config = {0};
  ig_train_options *o = ig__alloc(1, sizeof *o);
  if (!o) return IG_NO_MEMORY;
  *o = p->run;
  o->out[0] = o->resume[0] = o->weights[0] = 0;
  int length = ig__snprintf(o->model, sizeof o->model, "%s/model.txt", folder);
  ig_status status = length < (int)sizeof o->model ? IG_OK : ig__fail(IG_USAGE, "--out %s: the path is too long", folder);
  if (status == IG_OK) ig__config_write(o, &config);
  ig__free(o);
  IG__TRY(status);
  ig__buffer_text(&text, "%s", p->small->text);
  status = ig__folder_write(folder, "model.txt", &text);
  if (status == IG_OK) return ig__folder_write(folder, "config.yaml", &config);
  ig__buffer_free(&config);
  return status;
}

static ig_status write_folder(const pruning *p, ig_prune_result *r) {
  ig__buffer page = {0};
  IG__TRY(ig__folder_make(p->options->out, "prune", r->out));
  IG__TRY(write_config(p, r->out));
  IG__TRY(write_model(p, r->out));
  ig_status status = ig__prune_report(p->options, r, &page);
  if (status == IG_OK) return ig__folder_write(r->out, "report.html", &page);
  ig__buffer_free(&page);
  return status;
}

static ig_status check(const ig_prune_options *o) {
  IG__TRY(ig__options_check(IG_VERB_PRUNE, o));
  if (*o->run && !ig__file_exists(o->run)) return ig__fail(IG_USAGE, "prune: %s: no such run folder or file of weights", o->run);
  return *o->out ? IG_OK : ig__fail(IG_USAGE, "prune: where to? Name a folder for the smaller network with --out");
}

static ig_status prune(pruning *p, ig_prune_result *r) {
  int real_size;
  double difference;
  IG__TRY(check(p->options));
  IG__TRY(ig__run_options("prune", p->options->run, &p->run));
  IG__TRY(ig__real_size(p->context, p->run.precision, &real_size));
  IG__TRY(ig__model_trained(p->context, p->options->run, real_size, &p->model));
  IG__TRY(ig__cancel_check(p->context));
  apply_threshold(p->model, p->options->threshold);
  IG__TRY(ig__prune_find(p->context, p->model, &p->found));
  IG__TRY(ig__prune_shrink(&p->found, p->options->run, &p->small));
  IG__TRY(compare(p, p->model, &difference));
  const double allowed = real_size == 4 ? ALLOWED_F32 : ALLOWED_F64;
  if (!(difference <= allowed))
    return ig__fail(IG_FAILED, "%s: the smaller network's answers are off by %.2g of the largest, %.0g would be rounding; nothing is written",
                    p->options->run, difference, allowed);
  r->difference = difference;
  IG__TRY(fill_rows(p, r));
  return write_folder(p, r);
}

ig_status ig_prune(ig_context *context, const ig_prune_options *options, ig_prune_result *result) {
  pruning *p = ig__alloc(1, sizeof *p);
  *result = (ig_prune_result){.rows = 0};
  if (!p) return ig__verb_end(context, IG_NO_MEMORY);
  p->context = context;
  p->options = options;
  ig_status status = prune(p, result);
  ig__prune_free(&p->found);
  ig__model_free(p->model);
  ig__model_free(p->small);
  ig__free(p);
  if (status != IG_OK) ig_prune_result_free(result);
  return ig__verb_end(context, status);
}

void ig_prune_result_free(ig_prune_result *result) {
  ig__free(result->row);
  *result = (ig_prune_result){.rows = 0};
}
