#ifndef IG__OPS_CONV_LOWERED_H
#define IG__OPS_CONV_LOWERED_H
/* What the lowered forms of a convolution share: each pass (forward, gradient to the input, gradient to the weights) exists
 * directly and by Winograd, and but for the kernel that is called they have the same rules. All options are ig__conv_lowered. */

#include "ops/conv_geometry.h"

/* The infer rules of a pass, and of the packing of weights. */
ig_status ig__conv_lowered_infer(ig__infer *i, const char *what, ig__conv_pass pass);
ig_status ig__conv_pack_infer(ig__infer *i, const char *what);

/* For the run of a gradient to the input: the part of dy and dx that o->g speaks of, the rest of dx filled with zeros. */
typedef struct ig__conv_pictures { ig__image dy, dx; } ig__conv_pictures;
ig__conv_pictures ig__conv_dx_pictures(const ig__run *r);

/* What happens to an output before it is stored. */
ig__epilogue ig__conv_epilogue(const ig__run *r);

/* Hooks of ig__op. Forward and dw read around x, dx around dy. */
int ig__conv_lowered_halo(const ig__run *r, int input);
int ig__conv_lowered_dx_halo(const ig__run *r, int input);
ig__layout ig__conv_lowered_layout(const ig__run *r, int input);
int ig__conv_lowered_parts(const ig__run *r);
int ig__conv_lowered_dx_parts(const ig__run *r);
int ig__conv_pack_parts(const ig__run *r);
size_t ig__conv_lowered_partial(const ig__run *r);
double ig__conv_lowered_work(const ig__run *r);
double ig__conv_lowered_effort(const ig__run *r); /* conv_ways.c */

#endif
