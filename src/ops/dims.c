/* Shapes as option text, and the checks and probe shapes that many ops share. */
#include "ops/dims.h"

#include "base/text.h"

#include <string.h>

void ig__dims_print(char out[IG__DIMS_TEXT], const ig__shape *s) {
  size_t used = 0;
  if (s->rank == 0) {
    ig__snprintf(out, IG__DIMS_TEXT, "scalar");
    return;
  }
  for (int i = 0; i < s->rank; i++) {
    const char *times = i ? "x" : "";
    int wrote = i == 0 && s->batched ? ig__snprintf(out, IG__DIMS_TEXT, "n")
                                     : ig__snprintf(out + used, IG__DIMS_TEXT - used, "%s%d", times, s->dim[i]);
    used += (size_t)wrote;
  }
}

/* One number, or "n" at the beginning. */
static bool read_dim(const char **text, int n, ig__shape *s) {
  const char *p = *text;
  int64_t value = 0;
  if (s->rank == IG__MAX_RANK) return false;
  if (*p == 'n' && s->rank == 0) {
    s->batched = true;
    value = n;
    p++;
  } else {
    if (*p < '1' || *p > '9') return false;
    for (; *p >= '0' && *p <= '9'; p++)
      if ((value = value * 10 + (*p - '0')) > INT32_MAX) return false;
  }
  s->dim[s->rank++] = (int)value;
  *text = p;
  return true;
}

bool ig__dims_parse(const char *text, int n, ig__shape *out) {
  ig__shape s = {0};
  if (strcmp(text, "scalar") != 0)
    for (bool more = true; more; text++) {
      if (!read_dim(&text, n, &s)) return false;
      more = *text == 'x';
      if (!more && *text != 0) return false;
    }
  *out = s;
  return true;
}

ig_status ig__check_real(const char *op, const ig__infer *i, int input) {
  if (i->in[input]->dtype == IG__REAL) return IG_OK;
  return ig__fail(IG_BAD_MODEL, "%s takes numbers, input %d is %s: put a convert before it", op, input,
                  i->in[input]->dtype == IG__F32 ? "a field of 32-bit floats" : "a field of labels or bytes");
}

ig_status ig__check_all_real(const char *op, const ig__infer *i) {
  for (int k = 0; k < i->in_count; k++) IG__TRY(ig__check_real(op, i, k));
  return IG_OK;
}

ig_status ig__check_same(const char *op, const ig__infer *i, int a, int b) {
  char ta[96], tb[96];
  if (ig__shape_equal(&i->in[a]->shape, &i->in[b]->shape)) return IG_OK;
  return ig__fail(IG_BAD_MODEL, "%s takes inputs of one shape, got %s and %s (nothing is broadcast)", op,
                  ig__shape_text(ta, &i->in[a]->shape), ig__shape_text(tb, &i->in[b]->shape));
}

ig_status ig__check_rows_or_image(const char *op, const ig__infer *i, int input) {
  const ig__shape *s = &i->in[input]->shape;
  char text[96];
  if (s->batched && (s->rank == 2 || s->rank == 4)) return IG_OK;
  return ig__fail(IG_BAD_MODEL, "%s takes n×k values or n×c×h×w images, got %s", op, ig__shape_text(text, s));
}

ig_status ig__check_rank(const char *op, const ig__infer *i, int input, int rank, bool batched) {
  const ig__shape *s = &i->in[input]->shape;
  char text[96];
  if (s->rank == rank && s->batched == batched) return IG_OK;
  return ig__fail(IG_BAD_MODEL, "%s takes as input %d a tensor of rank %d %s pictures, got %s", op, input, rank,
                  batched ? "with" : "without", ig__shape_text(text, s));
}

ig__shape ig__rows(int n, int k) { return ig__shape_make(2, (int[]){n, k}, true); }

ig__shape ig__image_shape(int n, int c, int h, int w) { return ig__shape_make(4, (int[]){n, c, h, w}, true); }

static const int row_or_image[IG__ROW_OR_IMAGE_SHAPES][4] = {
  {1, 1, 1, 1}, {2, 1, 3, 5},  {1, 3, 5, 7}, {2, 3, 4, 3},  {1, 15, 3, 3}, {1, 16, 2, 5}, {2, 16, 3, 1}, {1, 17, 1, 7},
  {1, 33, 3, 2}, {3, 2, 2, 2}, {2, 17, 2, 3}, {1, 32, 3, 3}, {1, 1, 0, 0},  {3, 1, 0, 0},  {2, 3, 0, 0},  {5, 7, 0, 0},
  {3, 15, 0, 0}, {4, 16, 0, 0}, {2, 17, 0, 0}, {3, 33, 0, 0}, {7, 10, 0, 0}, {1, 64, 0, 0}};

ig__shape ig__row_or_image_shape(int index, int *n) {
  const int *d = row_or_image[index];
  *n = d[0];
  return ig__shape_make(d[2] ? 4 : 2, d, true);
}

static const struct { int rank; bool batched; int dim[5]; } any[IG__ANY_SHAPES] = {
  {0, false, {0}},           {1, false, {1}},           {1, false, {17}},          {2, false, {3, 5}},
  {4, false, {5, 3, 3, 2}},  {1, true, {1}},            {1, true, {9}},            {2, true, {1, 1}},
  {2, true, {3, 10}},        {2, true, {5, 17}},        {3, true, {2, 3, 5}},      {5, true, {2, 2, 3, 2, 3}},
  {4, true, {1, 1, 1, 1}},   {4, true, {2, 1, 3, 5}},   {4, true, {1, 3, 5, 7}},   {4, true, {2, 3, 4, 3}},
  {4, true, {1, 15, 3, 3}},  {4, true, {2, 16, 2, 3}},  {4, true, {1, 17, 3, 3}},  {4, true, {1, 33, 2, 3}},
  {4, true, {3, 2, 5, 5}},   {4, true, {1, 32, 1, 7}},  {4, true, {2, 17, 5, 1}},  {2, true, {3, 64}}};

ig__shape ig__any_shape(int index, int *n) {
  const int *d = any[index].dim;
  *n = any[index].batched ? d[0] : 2;
  return ig__shape_make(any[index].rank, d, any[index].batched);
}
