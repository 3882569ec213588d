#ifndef IG__MODEL_IMPL_H
#define IG__MODEL_IMPL_H
/* Between the files of this folder: the steps that binding a model and loading one are made of. */

#include "model/model.h"

#define IG__MODEL_NAME 2400 /* bytes of a parameter's name with its final 0 */

/* Builds the lines once and records parameters and states; nothing is allocated for their values yet. */
ig_status ig__model_record(ig__model *model);
/* Elements of a span with its padding. */
static inline int64_t ig__span_size(int64_t count) { return (count + IG__BLOCK - 1) / IG__BLOCK * IG__BLOCK; }
/* The flat arrays, all zeros, and the offsets. */
ig_status ig__model_allocate(ig__model *model, int real_size);
/* Back to what parsing left. */
void ig__model_unbind(ig__model *model);

/* Parameters and states as one list of named tensors in their plain order. */
typedef struct ig__slot { const char *name; const ig__shape *shape; int64_t offset, count; bool is_state; } ig__slot;
size_t ig__slot_count(const ig__model *model);
ig__slot ig__slot_at(const ig__model *model, size_t index);
/* Where its values are; the model is bound. */
void *ig__slot_data(const ig__model *model, const ig__slot *slot);
/* Indices of all slots in byte order of their names; owner: caller. NULL: no memory. */
size_t *ig__slots_sorted(const ig__model *model);

/* Sorts numbers of things; `before` tells whether a thing stands before another. No recursion, no memory. */
typedef bool (*ig__before_fn)(const void *things, size_t a, size_t b);
void ig__sort_index(size_t *index, size_t count, ig__before_fn before, const void *things);

#endif
