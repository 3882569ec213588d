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

/* ---- head.c: weights of other classes -------------------------------------------------------------------------------------- */

#define IG__CLASS_NAME 64
/* Class names from their JSON list (load.c). Owner of *names: caller. */
ig_status ig__classes_read(const char *text, int *count, char (**names)[IG__CLASS_NAME]);

/* The last layer of a model whose classes are not those of a file: which row of the file each class takes. */
typedef struct ig__head {
  int classes, had, taken;   /* of the model, of the file; in both */
  int *from;                 /* by class of the model: its row in the file, −1: none. NULL: the classes are the same, or unknown */
  const char *name;          /* "dense2.", the beginning of its parameters' names */
  size_t name_length;
} ig__head;
ig_status ig__head_find(const ig__model *model, const ig__tensors *t, ig__head *out);
void ig__head_free(ig__head *head);
bool ig__head_has(const ig__head *head, const ig__slot *slot);
/* The tensor whose rows go into a slot of the head, or NULL. */
const ig__tensors_entry *ig__head_match(const ig__head *head, const ig__tensors *t, const ig__slot *slot);
/* What was done, as a line; nothing when the classes are the same. `matched`: rows were copied. */
void ig__head_say(const ig__head *head, const ig__model *model, bool matched, ig__buffer *out);

#endif
