#ifndef IG__REPORT_STYLE_H
#define IG__REPORT_STYLE_H
/* The one style sheet of all reports, in pieces (a C string has 4095 characters at most), NULL behind the last. */
extern const char *const ig__style[];
#endif
