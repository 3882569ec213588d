/* reshape: the same elements in the same order (pictures stay apart) under another shape. */
#include "ops/reshape.h"

#include <string.h>

typedef struct reshape_options { char to[IG__DIMS_TEXT]; } reshape_options;

static const ig__option table[] = {
  IG__POSITIONAL(reshape_options, to, NULL, 0, 0, "", "shape of one picture: 4x7x7"),
  IG__OPTIONS_END };

/* The option holds the shape without its pictures: those stay what they are. */
ig__value ig__reshape_node(ig__graph *graph, ig__value x, const ig__shape *to) {
  reshape_options o = {{0}};
  const int skip = to->batched ? 1 : 0;
  const ig__shape picture = ig__shape_make(to->rank - skip, to->dim + skip, false);
  ig__dims_print(o.to, &picture);
  return ig__node1(graph, &ig__op_reshape, &o, x);
}

/* A tensor as plain images: the real ones as they are, others as n × 1 × 1 × (all) or, beside an image, in its c, h, w. */
static ig__image as_image(const ig__view *v, const ig__view *beside) {
  if (ig__shape_is_image(&v->shape)) return v->image;
  ig__image m = {.data = v->data, .n_pitch = v->n_pitch, .block = 1};
  m.c = beside->image.c;
  m.h = beside->image.h;
  m.w = beside->image.w;
  m.h_pitch = m.w;
  m.c_pitch = (int64_t)m.w * m.h;
  return m;
}

/* Between two images of different c, h, w, element by element. */
static void copy_elements(const ig__run *r, const ig__image *a, const ig__image *b) {
  const int64_t count = (int64_t)a->c * a->h * a->w;
  for (int n = r->n0; n < r->n1; n++)
    for (int64_t i = 0; i < count; i++) {
      const int64_t ya = i / a->w, yb = i / b->w;
      const int64_t from = ig__image_at(a, n, (int)(ya / a->h), (int)(ya % a->h), (int)(i % a->w));
      const int64_t to = ig__image_at(b, n, (int)(yb / b->h), (int)(yb % b->h), (int)(i % b->w));
      ig__put(r, b->data, to, ig__get(r, a->data, from));
    }
}

void ig__reshape_run(const ig__run *r) {
  const ig__view *x = &r->in[0], *y = &r->out[0];
  const bool from_image = ig__shape_is_image(&x->shape), to_image = ig__shape_is_image(&y->shape);
  if (!from_image && !to_image) {
    const size_t bytes = (size_t)ig__shape_per_picture(&x->shape) * (size_t)r->k->real_size;
    for (int64_t n = ig__picture_from(x, r->n0); n < ig__picture_to(x, r->n1); n++)
      memcpy(ig__at(r, y, n * y->n_pitch), ig__at(r, x, n * x->n_pitch), bytes);
    return;
  }
  const ig__image a = as_image(x, y), b = as_image(y, x);
  if (a.c == b.c && a.h == b.h && a.w == b.w) r->k->copy_image(&a, &b, r->n0, r->n1);
  else copy_elements(r, &a, &b);
}

static ig_status infer(ig__infer *i) {
  const reshape_options *o = i->options;
  const ig__shape *from = &i->in[0]->shape;
  ig__shape picture, *to = &i->out[0].shape;
  char text[96];
  IG__TRY(ig__check_real("reshape", i, 0));
  if (!ig__dims_parse(o->to, i->graph->n, &picture) || picture.batched)
    return ig__fail(IG_BAD_MODEL, "reshape: '%s' is no shape of a picture; write it as 4x7x7, without the number of pictures",
                    o->to);
  const int skip = from->batched ? 1 : 0;
  if (picture.rank + skip > IG__MAX_RANK || ig__shape_count(&picture) != ig__shape_per_picture(from))
    return ig__fail(IG_BAD_MODEL, "reshape cannot make %s of %s: the numbers of elements differ", o->to,
                    ig__shape_text(text, from));
  *to = (ig__shape){.rank = picture.rank + skip, .dim = {from->dim[0]}, .batched = from->batched};
  for (int k = 0; k < picture.rank; k++) to->dim[k + skip] = picture.dim[k];
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  d->gin[0] = ig__reshape_node(d->graph, d->gout[0], ig__shape_of(d->graph, d->node->in[0]));
  return IG_OK;
}

static bool probe(int index, ig__probe *p) {
  static const struct { const char *to; int n, rank, dim[5]; } cases[] = {
    {"12", 2, 4, {3, 2, 2}}, {"3x2x2", 2, 2, {12}}, {"4x3", 1, 4, {3, 2, 2}}, {"2x3x2", 2, 4, {3, 2, 2}}, {"1x1x1", 3, 2, {1}},
    {"scalar", 3, 2, {1}},   {"17x1x3", 2, 2, {51}}, {"51", 2, 4, {17, 1, 3}}, {"16x2x2", 1, 4, {4, 4, 4}},
    {"33x1x2", 1, 4, {2, 33, 1}}, {"66", 2, 4, {33, 2, 1}}, {"2x3x4x5", 1, 2, {120}}, {"120", 1, 5, {2, 3, 4, 5}},
    {"1", 2, 1, {0}}, {"1x1x1", 2, 1, {0}}, {"15x2x2", 1, 4, {1, 6, 10}}, {"1x5x7", 1, 4, {5, 7, 1}}, {"32x2x2", 1, 2, {128}},
    {"16x3x1", 2, 4, {16, 3, 1}}, {"3x5x7", 1, 2, {105}}, {"105", 1, 4, {3, 5, 7}}, {"2x2x2x2", 2, 4, {16, 1, 1}}};
  if (index >= (int)(sizeof cases / sizeof cases[0])) return false;
  static reshape_options options[sizeof cases / sizeof cases[0]]; /* the same values whoever writes them */
  strcpy(options[index].to, cases[index].to);
  *p = (ig__probe){.options = &options[index], .n = cases[index].n, .in_count = 1};
  ig__shape s = {.rank = cases[index].rank, .dim = {cases[index].n}, .batched = true};
  for (int k = 1; k < s.rank; k++) s.dim[k] = cases[index].dim[k - 1];
  p->in[0].shape = s;
  return true;
}

const ig__op ig__op_reshape = {
  .name = "reshape", .help = "the same elements under another shape",
  .options = table, .options_size = sizeof(reshape_options),
  .min_in = 1, .max_in = 1, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_ANY,
  .flags = IG__LAYER | IG__LINEAR | IG__DIRTY_LANES,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(ig__reshape_run), .probe = probe };
