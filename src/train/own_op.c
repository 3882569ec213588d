/* Ops of the program's own: the rules and the running of an ig__op around the functions it gave. */
#include "train/own.h"

#include <string.h>

#define ALIGNED(bytes) (((bytes) + 63) / 64 * 64)

typedef struct own_op {
  ig__op op;                   /* first: the rules get a pointer to it */
  ig_custom_op custom;
  ig__option table[IG_OP_OPTIONS + 1];
} own_op;

static const own_op *own_of(const ig__op *op) { return (const own_op *)(const void *)op; }

/* ---- shapes ------------------------------------------------------------------------------------------------------------ */

static ig_shape outside(const ig__shape *s) {
  ig_shape o = {.pictures = s->batched};
  for (int i = s->batched; i < s->rank && o.rank < IG_SHAPE_RANK; i++) o.dim[o.rank++] = s->dim[i];
  return o;
}

static ig_status inside(const char *name, const ig_shape *s, int n, ig__shape *out) {
  int batched = s->pictures;
  if (s->rank < 0 || s->rank > IG_SHAPE_RANK) return ig__fail(IG_BAD_MODEL, "%s: a shape of rank %d", name, s->rank);
  *out = (ig__shape){.rank = s->rank + batched, .dim = {n}, .batched = s->pictures};
  for (int i = 0; i < s->rank; i++) out->dim[i + batched] = s->dim[i];
  return IG_OK;
}

static ig_status infer(ig__infer *i) {
  const own_op *own = own_of(i->op);
  const char *name = own->op.name;
  ig_shape in[IG_OP_INPUTS];
  bool pictures = false;
  for (int k = 0; k < i->in_count; k++) {
    if (i->in[k]->shape.rank - i->in[k]->shape.batched > IG_SHAPE_RANK)
      return ig__fail(IG_BAD_MODEL, "%s: input %d has more than %d dimensions", name, k + 1, IG_SHAPE_RANK);
    in[k] = outside(&i->in[k]->shape);
    pictures |= in[k].pictures;
  }
  ig_op_infer asked = {.in_count = i->in_count, .in = in, .out = in[0], .option = i->options, .user = own->custom.user};
  if (own->custom.kind == IG_OP_LOSS) asked.out = (ig_shape){.pictures = true};
  if (own->custom.infer) IG__TRY(ig__fail_at(own->custom.infer(&asked), "%s", name));
  if (asked.out.pictures != pictures)
    return ig__fail(IG_BAD_MODEL, "%s: its output has %s pictures, its inputs have %s", name, asked.out.pictures ? "" : "no",
                    pictures ? "some" : "none");
  return inside(name, &asked.out, i->graph->n, &i->out[0].shape);
}

/* ---- running: one picture at a time, gathered and spread ------------------------------------------------------------------ */

/* Elements in one picture, or in all of a thing that has none. */
static int64_t size_of(const ig__view *v) { return ig__shape_per_picture(&v->shape); }

static size_t room(const ig__view *v) { return ALIGNED((size_t)size_of(v) * sizeof(double)); }

static size_t scratch(const ig__run *r) {
  size_t bytes = room(&r->out[0]);
  for (int i = 0; i < r->node->in_count; i++) bytes += room(&r->in[i]);
  return bytes;
}

static double number(const ig__run *r, const ig__view *v, int64_t at) {
  switch (v->dtype) {
  case IG__U8: return ((const uint8_t *)v->data)[at];
  case IG__I32: return ((const int32_t *)v->data)[at];
  case IG__F32: return (double)((const float *)v->data)[at];
  default: return ig__real_at(r->k->real_size, v->data, at);
  }
}

/* Where the rows of picture n lie: `rows` of `length` elements. */
typedef struct rows { int64_t first, count, length, c_pitch, h_pitch; int h; } rows;

static rows rows_of(const ig__view *v, int n) {
  if (!ig__shape_is_image(&v->shape))
    return (rows){.first = v->shape.batched ? n * v->n_pitch : 0, .count = 1, .length = size_of(v), .h = 1};
  const ig__image *m = &v->image;
  return (rows){.first = n * m->n_pitch, .count = (int64_t)m->c * m->h, .length = m->w, .c_pitch = m->c_pitch,
                .h_pitch = m->h_pitch, .h = m->h};
}

static int64_t row_at(const rows *s, int64_t row) { return s->first + row / s->h * s->c_pitch + row % s->h * s->h_pitch; }

static bool is_contiguous(const rows *s) {
  return s->count == 1 || (s->h_pitch == s->length && s->c_pitch == s->h_pitch * s->h);
}

/* The picture as `size`-byte reals: in its place when it lies so already, else in `to`. */
static const void *gather(const ig__run *r, const ig__view *v, int n, int size, void *to) {
  rows s = rows_of(v, n);
  bool real = v->dtype == IG__REAL || (v->dtype == IG__F32 && r->k->real_size == 4);
  if (real && size == r->k->real_size && is_contiguous(&s)) return (const char *)v->data + s.first * size;
  for (int64_t row = 0, at = 0; row < s.count; row++)
    for (int64_t i = 0, from = row_at(&s, row); i < s.length; i++, at++) {
      if (size == 8) ((double *)to)[at] = number(r, v, from + i);
      else ((float *)to)[at] = (float)number(r, v, from + i);
    }
  return to;
}

static void spread(const ig__run *r, const ig__view *v, int n, int size, const void *from) {
  rows s = rows_of(v, n);
  for (int64_t row = 0, at = 0; row < s.count; row++)
    for (int64_t i = 0, to = row_at(&s, row); i < s.length; i++, at++) {
      double x = size == 8 ? ((const double *)from)[at] : (double)((const float *)from)[at];
      if (r->k->real_size == 4) ((float *)v->data)[to + i] = (float)x;
      else ((double *)v->data)[to + i] = x;
    }
}

static void run_picture(const ig__run *r, int n, void (*fn)(const ig_op_run *), int size) {
  const own_op *own = own_of(r->node->op);
  const void *in[IG_OP_INPUTS];
  ig_shape in_shape[IG_OP_INPUTS], out_shape = outside(&r->out[0].shape);
  int64_t in_size[IG_OP_INPUTS];
  char *room_at = r->scratch;
  for (int i = 0; i < r->node->in_count; i++) {
    in[i] = gather(r, &r->in[i], n, size, room_at);
    in_shape[i] = outside(&r->in[i].shape);
    in_size[i] = size_of(&r->in[i]);
    room_at += room(&r->in[i]);
  }
  rows s = rows_of(&r->out[0], n);
  bool direct = size == r->k->real_size && is_contiguous(&s);
  void *out = direct ? (char *)r->out[0].data + s.first * size : room_at;
  fn(&(ig_op_run){.in = in, .out = &out, .in_shape = in_shape, .out_shape = &out_shape, .in_size = in_size,
                  .out_size = size_of(&r->out[0]), .option = r->options, .user = own->custom.user});
  if (!direct) spread(r, &r->out[0], n, size, out);
}

static void run(const ig__run *r) {
  const own_op *own = own_of(r->node->op);
  bool small = r->k->real_size == 4 && own->custom.run_f32;
  int end = r->out[0].shape.batched ? r->n1 : r->n0 + 1; /* work on weights is one call */
  for (int n = r->n0; n < end; n++) run_picture(r, n, small ? own->custom.run_f32 : own->custom.run, small ? 4 : 8);
}

/* ---- rules ------------------------------------------------------------------------------------------------------------- */

static ig_status derive(ig__derive *d) {
  const own_op *own = own_of(d->node->op);
  ig_graph g = {.graph = d->graph, .own = own->op.owner, .self = &own->op};
  return own->custom.derive(&(ig_op_derive){.graph = &g, .in_count = d->node->in_count, .in = d->node->in, .out = d->node->out[0],
                                            .gout = d->gout[0], .gin = d->gin, .wanted = d->wanted,
                                            .option = d->node->options, .user = own->custom.user});
}

static ig__value build(ig__layer *layer, const void *options, int in_count, const ig__value *in) {
  const own_op *own = own_of(layer->op);
  if (in_count != own->custom.inputs)
    return ig__graph_fail(layer->graph, ig__fail(IG_BAD_MODEL, "%s takes %d input%s, got %d", own->op.name, own->custom.inputs,
                                                 own->custom.inputs == 1 ? "" : "s", in_count));
  ig_graph g = {.graph = layer->graph, .layer = layer, .own = own->op.owner, .self = &own->op};
  ig__value value = own->custom.build ? own->custom.build(&(ig_op_build){.graph = &g, .in_count = in_count, .in = in,
                                                          .option = options, .user = own->custom.user})
                                      : ig__node_add(layer->graph, layer->op, options, in_count, in, NULL);
  if (own->custom.kind != IG_OP_LOSS) return value;
  const ig__shape *s = ig__shape_of(layer->graph, value);
  return s->rank == 0 && value != IG__NONE ? value : ig__node1(layer->graph, &ig__op_mean, NULL, value);
}

ig_value ig_parameter(ig_graph *g, const char *suffix, const ig_shape *shape, const char *initialiser) {
  ig__shape s;
  if (!g->graph) return IG_NO_VALUE;
  ig_status status = !g->layer ? ig__fail(IG_BAD_MODEL, "%s: only a build rule has parameters", suffix)
                     : shape->pictures ? ig__fail(IG_BAD_MODEL, "%s: a parameter has no pictures", suffix)
                                       : inside(suffix, shape, 0, &s);
  if (status != IG_OK) return ig__graph_fail(g->graph, status);
  double out = s.rank ? s.dim[0] : 1, in = 1;
  for (int i = 1; i < s.rank; i++) in *= s.dim[i];
  return g->layer->parameter(g->layer, suffix, s, strcmp(suffix, "bias") ? IG__PARAM_WEIGHT : IG__PARAM_BIAS, initialiser, in, out);
}

ig_shape ig_shape_of(const ig_graph *g, ig_value value) {
  return g->graph ? outside(ig__shape_of(g->graph, value)) : (ig_shape){.rank = 0};
}

/* ---- adding ------------------------------------------------------------------------------------------------------------ */

static ig_status check(const ig_context *context, const ig_custom_op *c) {
  IG__TRY(ig__own_name("an op", c->name));
  if (strchr(c->name, '-')) return ig__fail(IG_USAGE, "op '%s': a name without '-' is wanted", c->name);
  if (ig__op_find_with(&context->ops, c->name)) return ig__fail(IG_USAGE, "op '%s': the name is taken", c->name);
  if (c->inputs < 1 || c->inputs > IG_OP_INPUTS)
    return ig__fail(IG_USAGE, "op '%s': %d inputs; 1 to %d are possible", c->name, c->inputs, IG_OP_INPUTS);
  if (c->kind == IG_OP_ACTIVATION && c->inputs != 1) return ig__fail(IG_USAGE, "op '%s': an activation has one input", c->name);
  if (c->kind == IG_OP_LOSS && c->inputs != 2)
    return ig__fail(IG_USAGE, "op '%s': a loss has two inputs, prediction and target", c->name);
  if ((unsigned)c->kind > IG_OP_PART) return ig__fail(IG_USAGE, "op '%s': there is no kind %d", c->name, (int)c->kind);
  if (!c->run && !c->build) return ig__fail(IG_USAGE, "op '%s': it has neither run nor build", c->name);
  if (c->build && (c->kind == IG_OP_ACTIVATION || c->kind == IG_OP_PART))
    return ig__fail(IG_USAGE, "op '%s': only a layer or a loss has build", c->name);
  return IG_OK;
}

/* The table of the options; a default that is no number in the range is the program's mistake. */
static ig_status fill_table(own_op *own) {
  double values[IG_OP_OPTIONS];
  int count = 0;
  for (; count < IG_OP_OPTIONS && own->custom.option[count].name; count++) {
    const ig_op_option *o = &own->custom.option[count];
    own->table[count] = (ig__option){.name = o->name, .offset = (size_t)count * sizeof(double), .size = sizeof(double),
                                     .type = IG__OPTION_DOUBLE, .fallback = o->fallback, .min = o->min, .max = o->max, .unit = "",
                                     .help = o->help ? o->help : ""};
    if (o->fallback) IG__TRY(ig__option_set(own->custom.name, own->table, values, o->name, o->fallback));
  }
  own->op.options = count ? own->table : NULL;
  own->op.options_size = (size_t)count * sizeof(double);
  return IG_OK;
}

static unsigned flags_of(ig_op_kind kind) {
  static const unsigned flags[] = {[IG_OP_LAYER] = IG__LAYER, [IG_OP_ACTIVATION] = IG__LAYER | IG__ACTIVATION, [IG_OP_LOSS] = IG__LOSS,
                                   [IG_OP_PART] = 0};
  return flags[kind];
}

ig_status ig_add_op(ig_context *context, const ig_custom_op *custom) {
  IG__TRY(check(context, custom));
  own_op *own = ig__alloc(1, sizeof *own);
  if (!own) return IG_NO_MEMORY;
  own->custom = *custom;
  own->op = (ig__op){.name = custom->name, .help = custom->help ? custom->help : "",
                     .min_in = custom->build ? 1 : custom->inputs, /* beside the line's inputs, run may take parameters */
                     .max_in = custom->build ? IG_OP_INPUTS : custom->inputs, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_PLAIN, .flags = flags_of(custom->kind), .infer = infer,
                     .derive = custom->derive ? derive : NULL, .no_derivative = "the program gave it no derivative",
                     .build = custom->build || custom->kind == IG_OP_LOSS ? build : NULL, .scratch = scratch, .owner = &context->ops};
  if (custom->run) own->op.run[0] = own->op.run[1] = run;
  ig_status status = fill_table(own);
  if (status == IG_OK)
    status = ig__grow((void **)&context->ops.op, context->ops.count, &context->ops.capacity, sizeof *context->ops.op);
  if (status != IG_OK) {
    ig__free(own);
    return status;
  }
  context->ops.op[context->ops.count++] = &own->op;
  return IG_OK;
}
