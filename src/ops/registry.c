/* The table of ops. all.def is alphabetical, and so is the table. */
#include "ops/ops.h"

#include <string.h>

#define X(name) &ig__op_##name,
const ig__op *const ig__ops[] = {
#include "ops/all.def"
  NULL };
#undef X

const ig__op *ig__op_find(const char *name) {
  size_t i = 0;
  while (ig__ops[i] && strcmp(ig__ops[i]->name, name) != 0) i++;
  return ig__ops[i];
}

const ig__op *ig__op_find_with(const ig__own_ops *own, const char *name) {
  const ig__op *op = ig__op_find(name);
  for (size_t i = 0; !op && own && i < own->count; i++)
    if (!strcmp(own->op[i]->name, name)) op = own->op[i];
  return op;
}

ig__core_ops ig__core_ops_get(void) { return (ig__core_ops){&ig__op_add, &ig__op_convert}; }
