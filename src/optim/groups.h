#ifndef IG__OPTIM_GROUPS_H
#define IG__OPTIM_GROUPS_H
/* The weights of a tensor in groups: those of each filter (output), or those of each channel (input) over all filters. */

#include "optim/optim.h"

int64_t ig__group_count(const ig__weights *w, bool filters);
int64_t ig__group_size(const ig__weights *w, bool filters);
int64_t ig__group_element(const ig__weights *w, bool filters, int64_t group, int64_t i); /* where its i-th weight is, from w on */
/* The sum of the groups' Euclidean norms. */
double ig__groups_norms(const ig__kernels *k, const ig__weights *w, bool filters);
/* Multiplies each group by factor(its norm, bound); a factor of 0 makes exact zeros. */
void ig__groups_scale(const ig__kernels *k, const ig__weights *w, bool filters, double (*factor)(double norm, double bound),
                      double bound);

#endif
