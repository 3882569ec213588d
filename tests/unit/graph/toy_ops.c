/* The ops of toy.h. */
#include "unit/graph/toy.h"

double toy_work;

static const toy_options *options(const ig__run *r) {
  static const toy_options none;
  return r->options ? r->options : &none;
}

/* ---- elements ------------------------------------------------------------------------------------------------------- */

static int64_t place(const ig__view *v, int n, int64_t i) {
  const ig__image *m = &v->image;
  if (!m->block) return (v->shape.batched ? n * v->n_pitch : 0) + i;
  int64_t x = i % m->w, y = i / m->w % m->h, c = i / m->w / m->h;
  return n * m->n_pitch + c / m->block * m->c_pitch + y * m->h_pitch + x * m->block + c % m->block;
}

static double get_at(const ig__run *r, const ig__view *v, int64_t at) {
  if (v->dtype == IG__U8) return ((const uint8_t *)v->data)[at];
  return r->k->real_size == 4 ? (double)((const float *)v->data)[at] : ((const double *)v->data)[at];
}

static void put_at(const ig__run *r, const ig__view *v, int64_t at, double value) {
  if (v->dtype == IG__U8) ((uint8_t *)v->data)[at] = (uint8_t)value;
  else if (r->k->real_size == 4) ((float *)v->data)[at] = (float)value;
  else ((double *)v->data)[at] = value;
}

static double get(const ig__run *r, int input, int n, int64_t i) { return get_at(r, &r->in[input], place(&r->in[input], n, i)); }
static double of_vector(const ig__run *r, int input, int64_t i) { return get(r, input, 0, i % TOY_VECTOR); }

static double mod(double x) { return fmod(x, TOY_PRIME); }

static void put(const ig__run *r, int output, int n, int64_t i, double value) {
  put_at(r, &r->out[output], place(&r->out[output], n, i), mod(value));
}

/* Lanes past the last channel of picture n. */
static void put_lanes(const ig__run *r, const ig__view *v, int n, double value) {
  const ig__image *m = &v->image;
  for (int c = m->c; m->block && c % m->block; c++)
    for (int64_t p = 0; p < (int64_t)m->h * m->w; p++) put_at(r, v, place(v, n, (int64_t)c * m->h * m->w + p), value);
}

static int cut(int64_t count, int part, int parts) { return (int)(count * part / parts); }

static int parts(const ig__run *r) { return options(r)->parts ? options(r)->parts : 1; }
static double work(const ig__run *r) { return (void)r, toy_work; }

/* Calls f for the run's share of the elements: its pictures, its part of each. */
typedef void (*element_fn)(const ig__run *r, int n, int64_t i);
static void each(const ig__run *r, element_fn f, double lanes) {
  const ig__view *v = &r->out[0];
  int64_t count = ig__shape_per_picture(&v->shape);
  int n0 = v->shape.batched ? r->n0 : 0, n1 = v->shape.batched ? r->n1 : 1;
  for (int n = n0; n < n1; n++) {
    for (int64_t i = cut(count, r->part, r->parts); i < cut(count, r->part + 1, r->parts); i++) f(r, n, i);
    for (int k = 0; r->part == 0 && k < r->node->out_count; k++) put_lanes(r, &r->out[k], n, lanes);
  }
}

/* ---- shapes and derivatives ----------------------------------------------------------------------------------------- */

static ig_status like_first(ig__infer *i) {
  for (int k = 0; k < i->out_count; k++) i->out[k].shape = i->in[0]->shape;
  return IG_OK;
}

static ig_status like_both(ig__infer *i) {
  if (!ig__shape_equal(&i->in[0]->shape, &i->in[1]->shape)) return ig__fail(IG_BAD_MODEL, "toys of two shapes");
  return like_first(i);
}

static ig_status vector_out(ig__infer *i) {
  i->out[0].shape = toy_vector();
  return IG_OK;
}

static ig__value scaled(ig__graph *g, ig__value x, int a) { return ig__node1(g, &toy_scale, &(toy_options){.a = a}, x); }

static ig_status add_rule(ig__derive *d) {
  d->gin[0] = d->gin[1] = d->gout[0];
  return IG_OK;
}

static ig_status mul_rule(ig__derive *d) {
  if (d->wanted[0]) d->gin[0] = ig__node2(d->graph, &toy_mul, NULL, d->gout[0], d->node->in[1]);
  if (d->wanted[1]) d->gin[1] = ig__node2(d->graph, &toy_mul, NULL, d->node->in[0], d->gout[0]);
  return IG_OK;
}

static ig_status scale_rule(ig__derive *d) {
  const toy_options *o = d->node->options;
  d->gin[0] = scaled(d->graph, d->gout[0], o->a);
  return IG_OK;
}

static ig_status pair_rule(ig__derive *d) {
  const toy_options *o = d->node->options;
  ig__value a = d->gout[0] == IG__NONE ? IG__NONE : scaled(d->graph, d->gout[0], o->a);
  ig__value b = d->gout[1] == IG__NONE ? IG__NONE : scaled(d->graph, d->gout[1], o->b);
  d->gin[0] = a == IG__NONE ? b : b == IG__NONE ? a : ig__node2(d->graph, &toy_add, NULL, a, b);
  return IG_OK;
}

static ig_status refusing_rule(ig__derive *d) {
  return ig__fail(IG_BAD_MODEL, "%s has no third derivative", d->node->op->name);
}

static ig_status wrong_rule(ig__derive *d) {
  d->gin[0] = ig__leaf_add(d->graph, IG__LEAF_SCALAR, IG__SCALAR_ONE, IG__REAL, (ig__shape){0});
  return IG_OK;
}

/* ---- EACH ----------------------------------------------------------------------------------------------------------- */

static void add(const ig__run *r, int n, int64_t i) { put(r, 0, n, i, get(r, 0, n, i) + get(r, 1, n, i)); }
static void mul(const ig__run *r, int n, int64_t i) { put(r, 0, n, i, get(r, 0, n, i) * get(r, 1, n, i)); }
static void copy(const ig__run *r, int n, int64_t i) { put(r, 0, n, i, get(r, 0, n, i)); }
static void affine(const ig__run *r, int n, int64_t i) {
  put(r, 0, n, i, get(r, 0, n, i) * options(r)->a + options(r)->b);
}
static void pair(const ig__run *r, int n, int64_t i) {
  double x = get(r, 0, n, i);
  put(r, 1, n, i, x * options(r)->b);
  put(r, 0, n, i, x * options(r)->a);
}
static void parted(const ig__run *r, int n, int64_t i) { put(r, 0, n, i, get(r, 0, n, i) * 3 + r->n); }
static void spread(const ig__run *r, int n, int64_t i) { put(r, 0, n, i, get(r, 0, n, i) + of_vector(r, 1, i)); }
static void twice(const ig__run *r, int n, int64_t i) { put(r, 0, n, i, get(r, 0, n, i) * 2); }
static void split(const ig__run *r, int n, int64_t i) {
  double x = get(r, 0, n, i);
  put(r, 1, n, i, fmod(x, 2));
  put(r, 0, n, i, x + 1);
}
static void choose(const ig__run *r, int n, int64_t i) { put(r, 0, n, i, fmod(get(r, 1, n, i), 2) > 0 ? get(r, 0, n, i) : 0); }

/* The window may reach into the halo; and a blocked image's lanes past the last channel are added, being zeros. */
static void box(const ig__run *r, int n, int64_t i) {
  const ig__view *v = &r->in[0];
  const ig__image *m = &v->image;
  double sum = 0;
  for (int dy = -options(r)->radius; dy <= options(r)->radius; dy++)
    for (int dx = -options(r)->radius; dx <= options(r)->radius; dx++)
      sum += get_at(r, v, place(v, n, i) + dy * m->h_pitch + (int64_t)dx * m->block);
  for (int c = m->c; c % m->block; c++)
    sum += get_at(r, v, place(v, n, (int64_t)c * m->h * m->w + i % ((int64_t)m->h * m->w)));
  put(r, 0, n, i, sum);
}

/* Reads all of the vector for each picture. */
static void numbers(const ig__run *r, int n, int64_t i) {
  double sum = of_vector(r, 0, n + i);
  for (int j = 0; j < TOY_VECTOR; j++) sum += of_vector(r, 0, j);
  put(r, 0, n, 0, sum);
}

static ig_status numbers_infer(ig__infer *i) {
  i->out[0].shape = ig__shape_make(1, (int[]){i->graph->n}, true);
  return IG_OK;
}

static void run_numbers(const ig__run *r) { each(r, numbers, 0); }
static void run_add(const ig__run *r) { each(r, add, 0); }
static void run_mul(const ig__run *r) { each(r, mul, 0); }
static void run_copy(const ig__run *r) { each(r, copy, 0); }
static void run_scale(const ig__run *r) { each(r, affine, 0); }
static void run_affine(const ig__run *r) { each(r, affine, 77); }
static void run_pair(const ig__run *r) { each(r, pair, 0); }
static void run_parted(const ig__run *r) { each(r, parted, 0); }
static void run_box(const ig__run *r) { each(r, box, 0); }
static void run_spread(const ig__run *r) { each(r, spread, 0); }
static void run_twice(const ig__run *r) { each(r, twice, 0); }
static void run_split(const ig__run *r) { each(r, split, 0); }
static void run_choose(const ig__run *r) { each(r, choose, 0); }

static size_t reverse_scratch(const ig__run *r) {
  return (size_t)ig__shape_per_picture(&r->in[0].shape) * (size_t)r->k->real_size;
}

static void run_reverse(const ig__run *r) {
  int64_t count = ig__shape_per_picture(&r->in[0].shape);
  ig__view s = {.data = r->scratch};
  for (int n = r->n0; n < r->n1; n++) {
    for (int64_t i = 0; i < count; i++) put_at(r, &s, count - 1 - i, get(r, 0, n, i));
    for (int64_t i = 0; i < count; i++) put(r, 0, n, i, get_at(r, &s, i) * 2 + 1);
    put_lanes(r, &r->out[0], n, 0);
  }
}

static int box_halo(const ig__run *r, int input) { return (void)input, options(r)->radius; }
static ig__layout box_layout(const ig__run *r, int input) { return (void)input, (ig__layout)options(r)->layout; }

static ig_status split_infer(ig__infer *i) {
  i->out[1].dtype = IG__U8;
  return like_first(i);
}

static ig_status rows_infer(ig__infer *i) {
  int64_t each_picture = ig__shape_per_picture(&i->in[0]->shape);
  i->out[0].shape = ig__shape_make(2, (int[]){i->in[0]->shape.dim[0], (int)each_picture}, true);
  return IG_OK;
}

static ig_status image_infer(ig__infer *i) {
  const toy_options *o = i->options;
  i->out[0].shape = toy_images(i->in[0]->shape.dim[0], o->c, o->h, o->w);
  return IG_OK;
}

static ig_status convert_infer(ig__infer *i) {
  i->out[0].dtype = i->in[0]->dtype;
  return like_first(i);
}

static ig_status twice_lower(ig__lower *l) {
  ig__node *producer = ig__lower_producer(l, 0, &toy_affine);
  if (!producer) {
    l->out[0] = ig__node1(l->graph, &toy_scale, &(toy_options){.a = 2}, l->in[0]);
    return l->graph->status;
  }
  toy_options *o = producer->options;
  o->a = o->a * 2 % TOY_PRIME;
  o->b = o->b * 2 % TOY_PRIME;
  l->out[0] = producer->out[0];
  return IG_OK;
}

static ig_status same_lower(ig__lower *l) {
  l->out[0] = l->in[0];
  return IG_OK;
}

/* ---- SUM, WHOLE, NO_BATCH --------------------------------------------------------------------------------------------- */

static bool mine(const ig__run *r, int64_t j) { return j >= cut(TOY_VECTOR, r->part, r->parts) && j < cut(TOY_VECTOR, r->part + 1, r->parts); }

static size_t channels_partial(const ig__run *r) { return (size_t)(TOY_VECTOR + options(r)->big); }

static void run_channels(const ig__run *r) {
  ig__view p = {.data = r->partial};
  for (int n = r->n0; n < r->n1; n++)
    for (int64_t i = 0; i < ig__shape_per_picture(&r->in[0].shape); i++)
      if (mine(r, i % TOY_VECTOR)) put_at(r, &p, i % TOY_VECTOR, mod(get_at(r, &p, i % TOY_VECTOR) + get(r, 0, n, i)));
}

static void channels_finish(const ig__run *r, void *const *partials, int count) {
  for (int j = 0; j < TOY_VECTOR; j++) {
    double sum = r->n + (r->node->in_count > 1 ? of_vector(r, 1, j) : 0);
    for (int g = 0; g < count; g++) sum += get_at(r, &(ig__view){.data = partials[g]}, j);
    if (mine(r, j)) put(r, 0, 0, j, sum);
  }
}

static void run_total(const ig__run *r) {
  double sum[TOY_VECTOR] = {0};
  for (int n = 0; n < r->n; n++)
    for (int64_t i = 0; i < ig__shape_per_picture(&r->in[0].shape); i++) sum[i % TOY_VECTOR] += get(r, 0, n, i);
  for (int j = 0; j < TOY_VECTOR; j++)
    if (mine(r, j)) put(r, 0, 0, j, sum[j]);
}

static void rotate(const ig__run *r, int n, int64_t i) {
  put(r, 0, n, i, get(r, 0, n, i) + 2 * get(r, 0, (n + 1) % r->n, i));
}
static void run_rotate(const ig__run *r) { each(r, rotate, 0); }

static void run_update(const ig__run *r) {
  for (int j = 0; j < TOY_VECTOR; j++) put_at(r, &r->in[1], j, mod(of_vector(r, 1, j) * 2 + of_vector(r, 0, j)));
  put_at(r, &r->out[0], 0, 0);
}

static ig_status scalar_out(ig__infer *i) {
  i->out[0].shape = (ig__shape){0};
  return IG_OK;
}

static void pack(const ig__run *r, int n, int64_t i) {
  put(r, 0, n, i, of_vector(r, 0, TOY_VECTOR - 1 - i) * options(r)->a + options(r)->b);
}
static void run_pack(const ig__run *r) { each(r, pack, 0); }

/* ---- the structs ---------------------------------------------------------------------------------------------------- */

#define TOY(toy_name, inputs, outs, toy_role, toy_layout, toy_infer, toy_run, ...)                                     \
  const ig__op toy_##toy_name = {.name = #toy_name, .help = "a toy", .options_size = sizeof(toy_options), .min_in = inputs, \
                                 .max_in = inputs, .outputs = outs, .role = toy_role, .layout = toy_layout,            \
                                 .infer = toy_infer, .run = IG__RUN_BOTH(toy_run), .work = work, __VA_ARGS__}

const ig__op toy_add = {.name = "add", .min_in = 2, .max_in = 2, .outputs = 1, .layout = IG__LAYOUT_SAME, .flags = IG__IN_PLACE,
                        .infer = like_both, .derive = add_rule, .run = IG__RUN_BOTH(run_add), .work = work};
const ig__op toy_mul = {.name = "mul", .min_in = 2, .max_in = 2, .outputs = 1, .layout = IG__LAYOUT_SAME, .flags = IG__IN_PLACE,
                        .infer = like_both, .derive = mul_rule, .run = IG__RUN_BOTH(run_mul), .work = work};
const ig__op toy_convert = {.name = "convert", .min_in = 1, .max_in = 1, .outputs = 1, .layout = IG__LAYOUT_ANY,
                            .infer = convert_infer, .run = IG__RUN_BOTH(run_copy), .work = work};
TOY(scale, 1, 1, IG__EACH, IG__LAYOUT_SAME, like_first, run_scale, .flags = IG__IN_PLACE, .derive = scale_rule);
TOY(affine, 1, 1, IG__EACH, IG__LAYOUT_SAME, like_first, run_affine, .flags = IG__IN_PLACE | IG__DIRTY_LANES, .parts = parts,
    .no_derivative = "toys do not shift");
TOY(plain, 1, 1, IG__EACH, IG__LAYOUT_PLAIN, like_first, run_scale, .flags = IG__IN_PLACE);
TOY(pair, 1, 2, IG__EACH, IG__LAYOUT_SAME, like_first, run_pair, .flags = IG__IN_PLACE, .derive = pair_rule);
TOY(parted, 1, 1, IG__EACH, IG__LAYOUT_SAME, like_first, run_parted, .parts = parts);
TOY(box, 1, 1, IG__EACH, IG__LAYOUT_BLOCKED, like_first, run_box, .halo = box_halo, .layout_of = box_layout);
TOY(spread, 2, 1, IG__EACH, IG__LAYOUT_SAME, like_first, run_spread, .flags = IG__IN_PLACE);
TOY(split, 1, 2, IG__EACH, IG__LAYOUT_SAME, split_infer, run_split, .flags = IG__IN_PLACE);
TOY(choose, 2, 1, IG__EACH, IG__LAYOUT_SAME, like_both, run_choose, .flags = IG__IN_PLACE);
TOY(reverse, 1, 1, IG__EACH, IG__LAYOUT_ANY, like_first, run_reverse, .scratch = reverse_scratch);
TOY(rows, 1, 1, IG__EACH, IG__LAYOUT_ANY, rows_infer, run_copy, .parts = parts);
TOY(image, 1, 1, IG__EACH, IG__LAYOUT_ANY, image_infer, run_copy, .parts = parts);
TOY(twice, 1, 1, IG__EACH, IG__LAYOUT_SAME, like_first, run_twice, .lower = twice_lower);
TOY(same, 1, 1, IG__EACH, IG__LAYOUT_SAME, like_first, run_copy, .lower = same_lower);
TOY(rotate, 1, 1, IG__WHOLE, IG__LAYOUT_SAME, like_first, run_rotate, .parts = parts);
TOY(update, 2, 1, IG__WHOLE, IG__LAYOUT_ANY, scalar_out, run_update, .flags = IG__SIDE_EFFECT);
TOY(pack, 1, 1, IG__NO_BATCH, IG__LAYOUT_ANY, like_first, run_pack, .parts = parts);
TOY(total, 1, 1, IG__SUM, IG__LAYOUT_ANY, vector_out, run_total, .parts = parts);
TOY(numbers, 1, 1, IG__EACH, IG__LAYOUT_ANY, numbers_infer, run_numbers, .flags = IG__IN_PLACE);
TOY(no_rule, 1, 1, IG__EACH, IG__LAYOUT_SAME, like_first, run_copy, .derive = refusing_rule);
TOY(wrong_rule, 1, 1, IG__NO_BATCH, IG__LAYOUT_ANY, scalar_out, run_copy, .derive = wrong_rule);
const ig__op toy_channels = {.name = "channels", .options_size = sizeof(toy_options), .min_in = 1, .max_in = 2, .outputs = 1,
                             .role = IG__SUM, .layout = IG__LAYOUT_SAME, .infer = vector_out, .run = IG__RUN_BOTH(run_channels),
                             .partial = channels_partial, .finish = channels_finish, .parts = parts, .work = work};
