#ifndef IG__REPORT_HTML_H
#define IG__REPORT_HTML_H
/* What reports are made of. A report is one HTML file that needs no script and fetches nothing: everything is appended to an
 * ig__buffer (sticky, so a report is straight code and `failed` is looked at once, at its end). Text that comes from outside
 * goes through ig__html_text or ig__html_name. A number stands in an element with data-name and data-value, its fewest
 * digits that read back the same, so that a test can read what the page says. */

#include "base/file.h"

/* Head, style and the beginning of the page; then sections; then the end. */
void ig__html_begin(ig__buffer *out, const char *title);
void ig__html_end(ig__buffer *out);
/* The same for a page that a server gives: its header has the policy, by which style and script of this nonce alone are taken. */
void ig__html_begin_live(ig__buffer *out, const char *title, const char *nonce);
/* A section that #id leads to. `wide`: tables in it may be broader than the text. */
void ig__html_section(ig__buffer *out, const char *id, const char *title);
void ig__html_section_end(ig__buffer *out);
/* Opens a tile of <div class="tiles">: its title; then a value, "</b>", a <small> text or none, and "</div>". */
void ig__html_tile(ig__buffer *out, const char *title);
/* A part that is shut until it is asked for; open in print. */
void ig__html_details(ig__buffer *out, const char *summary);
void ig__html_details_end(ig__buffer *out);

/* Any bytes as text: markup is escaped, what is no UTF-8, control characters and those that turn the direction of writing
 * become U+FFFD. Newlines and tabs stay. */
void ig__html_text(ig__buffer *out, const char *text);
/* A name on its own: as text, in isolation from the direction of what stands around it; of more than `most` characters the
 * middle is left out. */
void ig__html_name(ig__buffer *out, const char *text, size_t most);
/* The same inside an attribute: no markup around it. */
void ig__html_cut(ig__buffer *out, const char *text, size_t most);

typedef enum ig__unit {
  IG__UNIT_PLAIN,    /* 0.0123, four digits */
  IG__UNIT_COUNT,    /* 12,345 */
  IG__UNIT_SHARE,    /* 98.1 % */
  IG__UNIT_EXACT,    /* 0.001, all digits */
  IG__UNIT_SECONDS,  /* 4.2 s, 3 min 12 s */
  IG__UNIT_BYTES     /* 1.9 MiB */
} ig__unit;
/* A value as people read it: "–" when it is not a number. */
const char *ig__unit_text(char out[48], ig__unit unit, double value);
/* <span>, and a cell of a table; the name is formatted. */
void ig__html_value(ig__buffer *out, ig__unit unit, double value, const char *name, ...) IG__PRINTF(4, 5);
void ig__html_cell(ig__buffer *out, ig__unit unit, double value, const char *name, ...) IG__PRINTF(4, 5);
/* A cell with a value and its interval, NAME, NAME.low, NAME.high. */
void ig__html_interval(ig__buffer *out, double value, double low, double high, const char *name, ...) IG__PRINTF(5, 6);
/* A bar inside a cell, as long as a share of it. */
void ig__html_bar(ig__buffer *out, double share);
/* A table in a frame that scrolls by itself when the page is narrow; `heads` are separated by '|', "<" before one: left. */
void ig__html_table(ig__buffer *out, const char *heads);
void ig__html_table_end(ig__buffer *out);

/* data:…;base64, */
void ig__html_data(ig__buffer *out, const char *type, const void *data, size_t size);

/* ---- pictures: picture.c ---------------------------------------------------------------------------------------------- */

/* Interleaved 8-bit pixels, 1 or 3 channels. */
typedef struct ig__raster { int width, height, channels; uint8_t *pixel; } ig__raster;
/* From planar pixels, channels × height × width: bytes, or floats that are stretched from low … high. Averaged down until no side
 * is longer than `most`. Two channels show the first; four and more the first three. Owner: caller, ig__raster_free. */
ig_status ig__raster_from_bytes(ig__raster *out, const uint8_t *planar, int channels, int height, int width, int most);
ig_status ig__raster_from_floats(ig__raster *out, const float *planar, int channels, int height, int width, int most, float low,
                                 float high);
void ig__raster_free(ig__raster *raster);
/* An <img> with the picture in it, scaled up by a whole number to about `side` pixels when it is small. */
ig_status ig__html_picture(ig__buffer *out, const ig__raster *raster, int side, const char *alt);

#endif
