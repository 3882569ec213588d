#ifndef IG__LR_FIND_H
#define IG__LR_FIND_H
#include "base/options.h"

extern const ig__option ig__lr_find_table[];
extern const char ig__lr_find_rule[];  /* in words */

#endif
