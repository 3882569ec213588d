#ifndef IG__BASE_OPTION_VALUE_H
#define IG__BASE_OPTION_VALUE_H
/* What reading and writing of options share; nobody else includes it. */

#include "base/options.h"

#define IG__REASON_SIZE 256

/* The value of one option outside its struct. All members begin at the same address, so any of them is copied to its
 * place by size alone. A text is not kept here. */
typedef union ig__option_value { int i; int64_t i64; double d; bool b; ig__pair pair; ig__list list; } ig__option_value;

/* Reads `text` as a value of `o`. False puts into `reason` (IG__REASON_SIZE bytes) what is wrong, to stand behind the text. */
bool ig__option_read(const ig__option *o, const char *text, ig__option_value *out, char *reason);
/* The range and the unit: "1 … 255 pixels", "at least 0"; "" when there is none. Returns `out`. */
const char *ig__option_range(const ig__option *o, char *out, size_t size);

#endif
