#ifndef IG__MODEL_SAFETENSORS_H
#define IG__MODEL_SAFETENSORS_H
/* Between the files of this folder. The format: 8 bytes, the header's length, little-endian; the header, JSON; the data.
 * https://github.com/huggingface/safetensors (README, "Format"). */

#include "model/model_impl.h"

#include <jansson.h>

#define IG__HEADER_BYTES ((size_t)16 << 20)
#define IG__TENSORS_BYTES ((size_t)1 << 36) /* of one file */

/* Parses JSON nested at most `depth` deep; the depth is checked before the parser, which calls itself, sees it. NULL with
 * *status and the message set: IG_BAD_MODEL or IG_NO_MEMORY. */
json_t *ig__json_read(const char *text, size_t size, int depth, ig_status *status);
/* Appends a JSON string. Bytes that are no UTF-8 become U+FFFD: a class may be called as a folder is, and that may be
 * anything. */
void ig__json_add_string(ig__buffer *b, const char *text);

/* The entry called `name`, or NULL; entries are sorted by name. */
const ig__tensors_entry *ig__tensors_find(const ig__tensors *t, const char *name);
/* Reads and parses a file. */
ig_status ig__tensors_open(const char *path, ig__tensors *out);

#endif
