#ifndef IG__IMAGE_CANVAS_H
#define IG__IMAGE_CANVAS_H
/* What a codec paints on: takes rows from top to bottom and makes the picture that is wanted.
 *
 * Each row is brought to the wanted channels and width as it comes, and kept; when all are there the columns follow. The
 * filter is a triangle, as wide as the reduction (antialiased), with weights of 22 bits, summed in integers: the same bits
 * everywhere, and those of Pillow's resize(BILINEAR). */

#include "image/image.h"

/* One side of a resize: output i is the sum of weight[i·taps + k] · in[first[i] + k] for k < length[i], in 2^−22. */
typedef struct ig__filter {
  int count, taps;
  bool same;             /* nothing to do: the input itself, from the start */
  int *first, *length;
  int32_t *weight;
} ig__filter;

typedef struct ig__canvas {
  ig__picture_want want;
  size_t bytes;          /* of the file: memory may grow with it */
  bool look;             /* only the size is wanted: codecs stop after begin */
  uint64_t used;         /* memory that has been allowed so far */
  /* Set by begin. */
  int channels, height, width, turn;
  int shrink;            /* 1, 2, 4 or 8: rows may come from a picture so many times smaller */
  /* Set by start. */
  int out_channels, tall, wide;   /* the picture inside the bars, before it is turned */
  double box[4];         /* top, left, height, width of what is shown, in pixels as they come */
  int rows, row_width;   /* what comes */
  ig__filter across, down;
  uint8_t *line, *kept;  /* a row in the wanted channels; [rows][wide][out_channels] */
  int y;
} ig__canvas;

/* The size that a header tells, before it is turned; `channels` 1 or 3, `turn` as in EXIF. Refuses what is too large. */
ig_status ig__canvas_begin(ig__canvas *canvas, int channels, int height, int width, int turn);
/* The size in which rows will come: height and width over a shrink of 1, 2, 4 or 8, rounded up. */
ig_status ig__canvas_start(ig__canvas *canvas, int height, int width);
/* Books memory that is about to be taken; refuses it when all of it together is out of proportion to the file. A codec calls this for its
 * own: rows, and whole pictures that cannot be had row by row. */
ig_status ig__canvas_allow(ig__canvas *canvas, uint64_t bytes);
uint64_t ig__canvas_left(const ig__canvas *canvas);  /* that would still be allowed */
void ig__canvas_row(ig__canvas *canvas, const uint8_t *row);
/* After the last row. */
ig_status ig__canvas_finish(ig__canvas *canvas, ig__picture *out);
void ig__canvas_free(ig__canvas *canvas);

/* Output of `count` from [from, from + length) of an input of `size`; and the memory that this will take. */
uint64_t ig__filter_memory(int count, int size, double from, double length);
ig_status ig__filter_make(ig__filter *filter, int count, int size, double from, double length);
void ig__filter_free(ig__filter *filter);
void ig__filter_row(const ig__filter *filter, int channels, const uint8_t *in, uint8_t *out);
/* Row i of the output from rows of `row_bytes`. */
void ig__filter_column(const ig__filter *filter, int i, size_t row_bytes, const uint8_t *in, uint8_t *out);

#endif
