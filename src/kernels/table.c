/* The table of one (instruction set, real type). */
#include "kernels/real.h"

extern const ig__kernels IG__NAME(table);
const ig__kernels IG__NAME(table) = {
  .isa = IG__ISA_ID,
  .real_size = IG__REAL_SIZE,
#define IG__KERNEL_ENTRY(type, name, args) .name = IG__NAME(name),
  IG__KERNEL_LIST(IG__KERNEL_ENTRY)
#undef IG__KERNEL_ENTRY
};
