#ifndef IG__SOURCES_COMMON_H
#define IG__SOURCES_COMMON_H
/* What the sources of numbered records share. */

#include "data/data.h"

/* The key of record `index` of `part`. A bijection of (part, index) — the finaliser of splitmix64 — so two records never
 * share a key, and neighbours look unrelated. Indices stay below 2^56. */
static inline uint64_t ig__record_key(ig__part part, int64_t index) {
  uint64_t k = (uint64_t)part << 56 | (uint64_t)index;
  k = (k ^ k >> 30) * 0xbf58476d1ce4e5b9u;
  k = (k ^ k >> 27) * 0x94d049bb133111ebu;
  return k ^ k >> 31;
}

/* Classes "0", "1", …, count−1. */
ig_status ig__source_number_classes(ig__source *source, int count);
/* "digits: train sample 17" */
void ig__source_place(const ig__source *source, ig__part part, int64_t index, char *out, size_t size);
/* The two fields of a classified picture: "image" (c h w) and "label" (one i32). */
void ig__source_image_label(ig__source *source, ig__field_type type, int c, int h, int w);

#endif
