#ifndef IG__LIVE_PAGE_H
#define IG__LIVE_PAGE_H
#include "base/file.h"

/* The page: style of the reports, an empty chart for each curve, and the script of page.js, which alone may run (by its nonce). */
void ig__live_page(ig__buffer *out, const char *folder, const char *nonce);
extern const char ig__live_script[]; /* page.js */

#endif
