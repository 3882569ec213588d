#ifndef IG__DATA_SORT_H
#define IG__DATA_SORT_H
/* Sorting by 64-bit hashes, the one sort of orders and splits. */

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

typedef struct ig__ranked { uint64_t rank; int64_t at; } ig__ranked;

/* Sorts `a` by rank; equal ranks keep their order. `scratch` has the same length. */
void ig__sort_ranked(ig__ranked *a, ig__ranked *scratch, size_t count);

#endif
