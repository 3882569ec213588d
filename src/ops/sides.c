/* Rows and columns on the four sides of a picture. */
#include "ops/sides.h"

#include "ops/dims.h"

const ig__word ig__side_words[] = {{"by", IG__AS_BY}, {NULL, 0}};

ig__sides ig__sides_resolve(const ig__sides *o) {
  ig__sides s = *o;
  if (s.top == IG__AS_BY) s.top = o->by.a;
  if (s.bottom == IG__AS_BY) s.bottom = o->by.a;
  if (s.left == IG__AS_BY) s.left = o->by.b;
  if (s.right == IG__AS_BY) s.right = o->by.b;
  return s;
}

ig_status ig__sides_infer(const char *what, ig__infer *i, const ig__sides *s, int sign) {
  IG__TRY(ig__check_rank(what, i, 0, 4, true));
  IG__TRY(ig__check_real(what, i, 0));
  const int *dim = i->in[0]->shape.dim;
  const int64_t h = dim[2] + (int64_t)sign * (s->top + s->bottom), w = dim[3] + (int64_t)sign * (s->left + s->right);
  if (h < 1 || w < 1)
    return ig__fail(IG_BAD_MODEL, "%s: top=%d bottom=%d left=%d right=%d leave nothing of %d×%d pixels", what, s->top, s->bottom,
                    s->left, s->right, dim[2], dim[3]);
  if (h > INT32_MAX || w > INT32_MAX) return ig__fail(IG_BAD_MODEL, "%s: more than 2^31 rows or columns", what);
  i->out[0].shape = ig__image_shape(dim[0], dim[1], (int)h, (int)w);
  return IG_OK;
}

ig__image ig__image_part(const ig__run *r, const ig__view *v, int y, int x, int h, int w) {
  ig__image part = v->image;
  part.data = (char *)v->data + (y * part.h_pitch + (int64_t)x * part.block) * r->k->real_size;
  part.h = h;
  part.w = w;
  return part;
}

static const struct { int n, c, h, w; ig__sides sides; } probes[] = {
  {1, 1, 1, 1, {{1, 1}, -1, -1, -1, -1, 0}}, {2, 1, 3, 5, {{1, 1}, -1, -1, -1, -1, 0}}, {1, 3, 2, 3, {{0, 2}, -1, -1, -1, -1, 0}},
  {2, 3, 4, 3, {{3, 0}, -1, -1, -1, -1, 0}}, {1, 15, 3, 2, {{1, 2}, -1, -1, -1, -1, 0}}, {1, 16, 2, 3, {{2, 1}, -1, -1, -1, -1, 0}},
  {2, 17, 1, 2, {{1, 1}, -1, -1, -1, -1, 0}}, {1, 33, 2, 2, {{1, 1}, -1, -1, -1, -1, 0}}, {3, 2, 2, 2, {{0, 0}, -1, -1, -1, -1, 0}},
  {1, 2, 3, 3, {{0, 0}, 1, -1, -1, -1, 0}}, {1, 2, 3, 3, {{0, 0}, -1, 1, -1, -1, 0}}, {1, 2, 3, 3, {{0, 0}, -1, -1, 1, -1, 0}},
  {1, 2, 3, 3, {{0, 0}, -1, -1, -1, 1, 0}}, {2, 5, 3, 2, {{1, 1}, 0, 2, 3, 0, 0}}, {1, 16, 3, 3, {{1, 1}, 0, 0, 0, 0, 0}},
  {1, 17, 2, 4, {{2, 2}, 0, 1, 0, 3, 0}}, {1, 1, 2, 2, {{5, 7}, -1, -1, -1, -1, 0}}, {2, 31, 2, 1, {{0, 0}, 2, 1, 1, 2, 0}},
  {1, 32, 1, 3, {{0, 1}, -1, -1, -1, -1, 0}}, {1, 48, 1, 1, {{1, 0}, -1, -1, 2, -1, 0}}, {4, 1, 1, 5, {{1, 0}, -1, 0, -1, -1, 0}},
  {1, 4, 5, 1, {{0, 1}, 3, -1, -1, 0, 0}},
  /* IG__ZERO_SIDES */
  {2, 1, 3, 5, {{1, 1}, -1, -1, -1, -1, IG__PAD_REFLECT}}, {1, 3, 2, 3, {{0, 2}, -1, -1, -1, -1, IG__PAD_REFLECT}},
  {2, 3, 4, 3, {{3, 0}, -1, -1, -1, -1, IG__PAD_REFLECT}}, {1, 15, 3, 3, {{1, 2}, -1, -1, -1, -1, IG__PAD_REFLECT}},
  {1, 16, 3, 2, {{2, 1}, -1, -1, -1, -1, IG__PAD_REFLECT}}, {1, 17, 2, 2, {{1, 1}, -1, -1, -1, -1, IG__PAD_REFLECT}},
  {1, 33, 2, 3, {{0, 0}, 1, -1, -1, 2, IG__PAD_REFLECT}}, {1, 2, 1, 3, {{0, 0}, 0, 0, 2, 1, IG__PAD_REFLECT}},
  {3, 2, 3, 3, {{2, 2}, 0, -1, -1, 1, IG__PAD_REFLECT}}, {1, 1, 4, 5, {{3, 4}, -1, -1, -1, -1, IG__PAD_REFLECT}},
  {2, 32, 2, 2, {{1, 0}, -1, -1, -1, -1, IG__PAD_REFLECT}}, {1, 1, 1, 1, {{0, 0}, -1, -1, -1, -1, IG__PAD_REFLECT}},
  {1, 1, 1, 1, {{2, 2}, -1, -1, -1, -1, IG__PAD_REPLICATE}}, {2, 1, 3, 2, {{1, 1}, -1, -1, -1, -1, IG__PAD_REPLICATE}},
  {1, 3, 2, 3, {{0, 4}, -1, -1, -1, -1, IG__PAD_REPLICATE}}, {2, 15, 2, 1, {{3, 0}, -1, -1, -1, -1, IG__PAD_REPLICATE}},
  {1, 16, 3, 3, {{1, 2}, -1, -1, -1, -1, IG__PAD_REPLICATE}}, {1, 17, 2, 2, {{1, 1}, -1, -1, -1, -1, IG__PAD_REPLICATE}},
  {1, 33, 1, 2, {{0, 0}, 1, -1, -1, 2, IG__PAD_REPLICATE}}, {3, 2, 2, 2, {{2, 2}, 0, -1, -1, 1, IG__PAD_REPLICATE}},
};

bool ig__sides_probe(int index, ig__probe *p, bool large) {
  if (index < 0 || index >= (int)(sizeof probes / sizeof probes[0])) return false;
  const ig__sides s = ig__sides_resolve(&probes[index].sides);
  const int h = probes[index].h + (large ? s.top + s.bottom : 0), w = probes[index].w + (large ? s.left + s.right : 0);
  *p = (ig__probe){.options = &probes[index].sides, .training = true, .n = probes[index].n, .in_count = 1};
  p->in[0].shape = ig__image_shape(p->n, probes[index].c, h, w);
  return true;
}
