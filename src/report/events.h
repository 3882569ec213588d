#ifndef IG__REPORT_EVENTS_H
#define IG__REPORT_EVENTS_H
/* Event files as TensorBoard reads them: records of a length, its check, a message of event.proto, its check (the framing of TFRecord).
 * Records are appended to a buffer, whose bytes are then appended to a file; a file begins with the version. */

#include "base/file.h"

/* The library that encodes the messages, with its version; NULL in a build without it: then nothing below may be called. */
const char *ig__events_library(void);

typedef struct ig__event_scalar { const char *tag; double value; } ig__event_scalar;
#define IG__EVENT_SCALARS 32

void ig__events_version(ig__buffer *out, double time); /* time: seconds since 1970 */
/* What the run has said of this step and later ones, in whatever file, is void from here on. */
void ig__events_start(ig__buffer *out, double time, int64_t step);
/* At most IG__EVENT_SCALARS of them, of one step. They are kept in single precision: the format's. */
void ig__events_scalars(ig__buffer *out, double time, int64_t step, const ig__event_scalar *scalar, int count);

/* CRC-32C (Castagnoli), and masked as records carry it, so that checks of data that hold checks stay checks. */
uint32_t ig__crc32c(const void *data, size_t size);
uint32_t ig__crc32c_masked(const void *data, size_t size);

#endif
