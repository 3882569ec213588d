#ifndef IG__OPS_H
#define IG__OPS_H
/* The registry of ops: every line of all.def is a file of this folder and a const ig__op ig__op_NAME. */

#include "graph/op.h"

#define X(name) extern const ig__op ig__op_##name;
#include "ops/all.def"
#undef X

extern const ig__op *const ig__ops[];      /* NULL-terminated, alphabetical */
const ig__op *ig__op_find(const char *name);

/* Ops that a program brings along (imgrad/op.h), owned by its context. `own` may be NULL; the library's ops come first. */
typedef struct ig__own_ops { ig__op **op; size_t count, capacity; } ig__own_ops;
const ig__op *ig__op_find_with(const ig__own_ops *own, const char *name);
ig__core_ops ig__core_ops_get(void);

#endif
