/* Shapes: counting, comparing, showing. */
#include "graph/graph.h"

#include <stdio.h>
#include <string.h>

ig__shape ig__shape_make(int rank, const int *dim, bool batched) {
  ig__shape s = {.rank = rank, .batched = batched};
  for (int i = 0; i < rank && i < IG__MAX_RANK; i++) s.dim[i] = dim[i];
  return s;
}

int64_t ig__shape_count(const ig__shape *s) {
  int64_t count = 1;
  for (int i = 0; i < s->rank; i++) count *= s->dim[i];
  return count;
}

int64_t ig__shape_per_picture(const ig__shape *s) {
  int64_t count = 1;
  for (int i = s->batched ? 1 : 0; i < s->rank; i++) count *= s->dim[i];
  return count;
}

bool ig__shape_equal(const ig__shape *a, const ig__shape *b) {
  if (a->rank != b->rank || a->batched != b->batched) return false;
  return memcmp(a->dim, b->dim, (size_t)a->rank * sizeof a->dim[0]) == 0;
}

bool ig__shape_is_image(const ig__shape *s) { return s->batched && s->rank == 4; }

const char *ig__shape_text(char out[96], const ig__shape *s) {
  size_t used = 0;
  if (s->rank == 0) return strcpy(out, "scalar");
  for (int i = 0; i < s->rank; i++) {
    const char *sign = i ? "×" : "";
    int wrote = i == 0 && s->batched ? snprintf(out, 96, "n") : snprintf(out + used, 96 - used, "%s%d", sign, s->dim[i]);
    used += (size_t)wrote;
  }
  return out;
}
