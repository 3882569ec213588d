#ifndef IG__SOURCES_IDX_H
#define IG__SOURCES_IDX_H
/* The IDX format of MNIST: 0 0 type rank, the dimensions as big-endian 32-bit numbers, then the values. */

#include "base/status.h"

#include <stdint.h>

typedef struct ig__idx {
  int rank;              /* 1 … 4 */
  int64_t dim[4];        /* each ≥ 1; 1 beyond the rank */
  size_t item_bytes;     /* of one record: the product of dim[1 …] */
  const uint8_t *data;   /* into the bytes given: dim[0] · item_bytes of them */
} ig__idx;

/* Reads the header of `size` bytes and checks it against them. Allocates nothing. IG_BAD_DATA says what was asked and
 * found; the caller adds the place. Only unsigned bytes are taken, the type of every picture set there is. */
ig_status ig__idx_parse(const uint8_t *bytes, size_t size, ig__idx *out);

#endif
