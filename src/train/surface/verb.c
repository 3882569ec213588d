/* The verb surface: the loss around a solution, or on the line between two. */
#include "base/text.h"
#include "base/unknown.h"
#include "train/regularise.h"
#include "train/surface/surface.h"
#include "train/synthetic.h"

#include <math.h>
#include <string.h>

#define COMPARED 8           /* pictures that two models must answer alike with the same weights */

#define T ig_surface_options
#define TEXT(member, help) IG__OPTION(T, member, "", 0, 0, "", help)
const ig__option ig__surface_table[] = {
  TEXT(run, "run folder or .safetensors file"),
  TEXT(to, "a second run of the same model: the line between both, as does a second bare word"),
  TEXT(out, "folder to make; default runs/surface, runs/surface2, …"),
  TEXT(data, "measure on these data; default: those of the run"),
  TEXT(part, "train, val or test; default train, and on a line train and val"),
  IG__OPTION(T, limit, "1000", 0, 9e15, "pictures", "of a part at most, drawn by lot; 0: all"),
  IG__OPTION(T, points, "25", 3, 1001, "", "of each side of the grid, an odd number; of the line, 7, 13, 19, 25, … (6·k + 1)"),
  IG__OPTION(T, range, "1", 1e-6, 1e6, "", "the grid goes from -range to range; 1: as far as each filter is long"),
  IG__OPTION(T, seed, "1", 0, 9e15, "", "of the directions, and of which pictures"),
  IG__OPTION(T, precision, "f32", 0, 0, "", "f32, f64: the real type; bf16: f32, and convolutions round what they multiply"),
  TEXT(conv, "auto, or direct: no convolution by Winograd; default: as the run"),
  IG__OPTION(T, batch, "256", 1, 1 << 20, "pictures", "pictures at once"),
  IG__OPTION(T, threads, "0", 0, 4096, "", "compute threads; 0: as many as the process may use"),
  IG__OPTION(T, workers, "1", 1, 256, "", "threads that read pictures"),
  IG__OPTIONS_END};
#undef T
#undef TEXT

ig_surface_options ig_surface_options_default(void) {
  ig_surface_options o = {.threads = 0};
  ig__options_default(ig__surface_table, &o);
  return o;
}

typedef struct looking {
  ig_context *context;
  const ig_surface_options *options;
  const ig_surface_events *events;
  ig_surface_result *result;
  ig_train_options run;      /* of the run folder */
  ig__model *model;
  ig__mover mover;
  ig__source *source;
  ig__samples samples;
  ig__part part[IG_SURFACE_PARTS];
  ig__ref *ref[IG_SURFACE_PARTS];   /* the pictures of each part */
  int64_t count[IG_SURFACE_PARTS];
  ig__network network;
  ig__loader *loader;
} looking;

/* ---- the pictures ----------------------------------------------------------------------------------------------------------- */

static void report_broken(void *user, const ig__ref *ref, const char *message) {
  looking *s = user;
  (void)ref;
  s->result->broken++;
  ig__log(s->context, IG_LOG_WARNING, "left out: %s", message);
}

/* The first so many of the part in an order of the seed's own. */
static ig_status take_part(looking *s, ig__part part) {
  const int64_t all = s->samples.count[part], limit = s->options->limit;
  const int i = s->result->parts;
  if (!(s->ref[i] = ig__alloc((size_t)all, sizeof *s->ref[i]))) return IG_NO_MEMORY;
  s->part[i] = part;
  s->result->part[s->result->parts++] = ig__part_name(part);
  memcpy(s->ref[i], s->samples.ref[part], (size_t)all * sizeof *s->ref[i]);
  s->count[i] = limit > 0 && limit < all ? limit : all;
  return s->count[i] < all ? ig__order_epoch(s->ref[i], all, (uint64_t)s->options->seed, 0) : IG_OK;
}

static ig_status take_parts(looking *s, const char *data) {
  const char *asked = s->options->part;
  for (int p = 0; p < IG__PARTS; p++) {
    const bool named = !strcmp(asked, ig__part_name((ig__part)p));
    const bool usual = !*asked && (p == IG__TRAIN || (p == IG__VAL && s->mover.line));
    if (named && !s->samples.count[p]) return ig__fail(IG_BAD_DATA, "%s has no pictures in its %s part; --part measures another", data, asked);
    if ((named || usual) && s->samples.count[p]) IG__TRY(take_part(s, (ig__part)p));
  }
  if (*asked && !s->result->parts) return ig__unknown(IG_USAGE, asked, (const char *const[]){"test", "train", "val"}, 3, "--part:");
  return s->result->parts ? IG_OK : ig__fail(IG_BAD_DATA, "%s has no training pictures; --part measures another part", data);
}

static ig_status open_data(looking *s) {
  const ig_surface_options *o = s->options;
  const char *data = *o->data ? o->data : s->run.data;
  const ig__source_want want = ig__model_want(s->model);
  ig__split_options split;
  IG__TRY(ig__data_open(s->context, data, &want, &s->source));
  IG__TRY(ig__split_of(&s->run, &split));
  IG__TRY(ig__parts_make(s->context, s->source, &split, &(ig__loader_options){.threads = o->workers, .broken = report_broken, .user = s}, &s->samples));
  return take_parts(s, data);
}

/* ---- the models -------------------------------------------------------------------------------------------------------------- */

static ig_status open_model(const looking *s, const char *name, ig__model **out) {
  int real_size;
  IG__TRY(ig__real_size(s->context, s->options->precision, &real_size));
  IG__TRY(ig__model_trained(s->context, name, real_size, out));
  (*out)->bf16 = ig__is_bf16(s->options->precision);
  return IG_OK;
}

/* Tensors alike are not enough: activations, strides and the mean of the input line have none. */
static ig_status check_alike(const looking *s, ig__model *to) {
  ig__source_info info;
  ig__batch batch = {0};
  ig__network a = {0}, b = {0};
  bool same = true;
  ig__mover_put(&s->mover, 1, 0);
  IG__TRY(ig__synthetic_info(to, &info));
  ig__network_request request = {.model = to, .data = &info, .conv = s->run.conv, .n = COMPARED, .every_output = true};
  ig_status status = ig__network_new(s->context, &request, &b);
  request.model = s->model;
  if (status == IG_OK) status = ig__network_new(s->context, &request, &a);
  if (status == IG_OK) status = ig__synthetic_batch(&info, COMPARED, 1, &batch);
  if (status == IG_OK) status = ig__network_run(&a, s->context, &batch, &(ig__pass_step){.loss_scale = 1});
  if (status == IG_OK) status = ig__network_run(&b, s->context, &batch, &(ig__pass_step){.loss_scale = 1});
  if (status == IG_OK) {
    const int64_t count = ig__shape_count(ig__plan_result_shape(a.plan, 1));
    same = count == ig__shape_count(ig__plan_result_shape(b.plan, 1)) &&
           !memcmp(ig__network_output(&a, 0), ig__network_output(&b, 0), (size_t)count * (size_t)s->model->real_size);
  }
  ig__synthetic_batch_free(&batch);
  ig__network_free(&a);
  ig__network_free(&b);
  if (status == IG_OK && !same)
    return ig__fail(IG_BAD_MODEL, "%s and %s have the same tensors, but the same weights give other answers in the two: their models differ",
                    s->options->run, s->options->to);
  return status;
}

/* Whether the second run may have trained on what validates here. */
static bool may_have_seen(const looking *s, const ig_train_options *to) {
  const ig_train_options *run = &s->run;
  const bool same = !strcmp(run->data, to->data) && run->seed == to->seed && run->val == to->val && run->test == to->test && run->limit == to->limit &&
                    !strcmp(run->fold, to->fold) && !strcmp(run->test_fold, to->test_fold);
  return !same && !s->source->info.count[IG__VAL];
}

static ig_status open_line(looking *s) {
  ig__model *to = NULL;
  ig_status status = open_model(s, s->options->to, &to);
  if (status == IG_OK) status = ig__mover_between(s->model, to, &s->mover);
  if (status == IG_OK) status = check_alike(s, to);
  ig__model_free(to);
  return status;
}

static ig_status check(const ig_surface_options *o) {
  IG__TRY(ig__options_check(IG_VERB_SURFACE, o));
  if (*o->to && (o->points - 1) % 6 != 0)
    return ig__fail(IG_USAGE, "--points %d: a line has 7, 13, 19, 25, … (6·k + 1), so that both runs are among its points", o->points);
  if (!*o->to && o->points % 2 == 0)
    return ig__fail(IG_USAGE, "--points %d: a grid has an odd number on each side, so that the run is its middle", o->points);
  return IG_OK;
}

static ig_status open_all(looking *s) {
  const ig_surface_options *o = s->options;
  ig_train_options to;
  IG__TRY(check(o));
  IG__TRY(ig__run_options("surface", o->run, &s->run));
  if (*o->to) IG__TRY(ig__run_options("surface", o->to, &to));
  if (*o->conv) ig__snprintf(s->run.conv, sizeof s->run.conv, "%s", o->conv);
  IG__TRY(open_model(s, o->run, &s->model));
  if (*s->run.freeze) IG__TRY(ig__patterns_freeze(s->model, s->run.freeze));
  IG__TRY(*o->to ? open_line(s) : ig__mover_around(s->model, (uint64_t)o->seed, &s->mover));
  IG__TRY(open_data(s));
  if (*o->to && may_have_seen(s, &to))
    ig__log(s->context, IG_LOG_WARNING, "%s was trained with another split than %s: pictures that validate here may have trained it", o->to, o->run);
  IG__TRY(ig__network_new(s->context, &(ig__network_request){.model = s->model, .data = &s->source->info, .loss = s->run.loss, .conv = s->run.conv,
                          .n = o->batch}, &s->network));
  s->network.cancellable = true;
  return ig__loader_new(s->source, &(ig__loader_options){.batch = o->batch, .threads = o->workers, .depth = 4, .broken = report_broken, .user = s},
                        &s->loader);
}

/* ---- measuring --------------------------------------------------------------------------------------------------------------- */

static ig_status measure(looking *s, ig_surface_point *point) {
  const ig_surface_events *e = s->events;
  IG__TRY(e && e->stop ? e->stop(e->user) : IG_OK);
  double penalty;
  ig__mover_put(&s->mover, point->alpha, point->beta);
  IG__TRY(ig__penalty_of_run(s->context, s->model, &s->run, s->samples.count[IG__TRAIN], &penalty));
  for (int p = 0; p < s->result->parts; p++)
    IG__TRY(ig__evaluate(s->context, &s->network, s->loader, s->ref[p], s->count[p], penalty, NULL, NULL, &point->part[p]));
  return IG_OK;
}

/* The places on a side: thirds and sixths of it are exact. */
static double place(const looking *s, int i) {
  const int steps = s->options->points - 1;
  if (s->mover.line) return (6.0 * i - steps) / (4.0 * steps);
  return s->options->range * (2.0 * i - steps) / steps;
}

static ig_status measure_all(looking *s) {
  const int side = s->options->points;
  ig_surface_result *r = s->result;
  r->line = s->mover.line;
  r->side = r->line ? 1 : side;
  const int points = r->line ? side : side * side;
  if (!(r->point = ig__alloc((size_t)points, sizeof *r->point))) return IG_NO_MEMORY;
  for (int i = 0; i < points; i++) {
    r->point[i].alpha = place(s, i % side);
    r->point[i].beta = r->line ? 0 : place(s, i / side);
    IG__TRY(measure(s, &r->point[i]));
    r->points++;
    if (s->events && s->events->point) s->events->point(s->events->user, &r->point[i], i + 1, points);
  }
  r->first = r->line ? (side - 1) / 6 : points / 2;
  r->last = r->line ? side - 1 - r->first : r->first;
  return IG_OK;
}

static void find_extremes(ig_surface_result *r) {
  r->least = r->largest = r->first;
  for (int i = 0; i < r->points; i++) {
    const double loss = r->point[i].part[0].loss;
    if (loss < r->point[r->least].part[0].loss) r->least = i;
    if (loss > r->point[r->largest].part[0].loss) r->largest = i;
  }
  for (int p = 0; r->line && p < r->parts; p++)
    for (int i = r->first; i <= r->last; i++) {
      const double a = r->point[r->first].part[p].loss, b = r->point[r->last].part[p].loss, t = r->point[i].alpha;
      r->barrier[p] = fmax(r->barrier[p], r->point[i].part[p].loss - ((1 - t) * a + t * b));
    }
}

static ig_status look(looking *s) {
  IG__TRY(open_all(s));
  IG__TRY(ig__folder_make(s->options->out, "surface", s->result->out));
  const double began = ig__now();
  IG__TRY(measure_all(s));
  s->result->seconds = ig__now() - began;
  find_extremes(s->result);
  return ig__surface_write(s->options, s->result);
}

ig_status ig_surface(ig_context *context, const ig_surface_options *options, const ig_surface_events *events, ig_surface_result *result) {
  *result = (ig_surface_result){.points = 0};
  looking *s = ig__alloc(1, sizeof *s);
  if (!s) return ig__verb_end(context, IG_NO_MEMORY);
  *s = (looking){.context = context, .options = options, .events = events, .result = result};
  ig_status status = look(s);
  ig__loader_free(s->loader);
  ig__network_free(&s->network);
  for (int p = 0; p < IG_SURFACE_PARTS; p++) ig__free(s->ref[p]);
  ig__samples_free(&s->samples);
  ig__source_close(s->source);
  ig__mover_free(&s->mover);
  ig__model_free(s->model);
  ig__free(s);
  if (status != IG_OK) ig_surface_result_free(result);
  return ig__verb_end(context, status);
}

void ig_surface_result_free(ig_surface_result *result) {
  ig__free(result->point);
  *result = (ig_surface_result){.points = 0};
}
