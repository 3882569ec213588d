#ifndef IG__OPS_DIMS_H
#define IG__OPS_DIMS_H
/* Shapes as option text, and the checks and probe shapes that many ops share. */

#include "graph/op.h"

#define IG__DIMS_TEXT 80

/* "nx4x7x7" for a batched shape, "64x32" for another, "scalar". */
void ig__dims_print(char out[IG__DIMS_TEXT], const ig__shape *s);
/* Reads it back; `n` stands for "n". False when it is no such text. */
bool ig__dims_parse(const char *text, int n, ig__shape *out);

/* Refuse an input that is not of the real type (labels, bytes), or two inputs of different shapes. */
ig_status ig__check_real(const char *op, const ig__infer *i, int input);
ig_status ig__check_all_real(const char *op, const ig__infer *i);
ig_status ig__check_same(const char *op, const ig__infer *i, int a, int b);
/* Refuse what is neither [n, k] nor an image. */
ig_status ig__check_rows_or_image(const char *op, const ig__infer *i, int input);
/* Refuse what is not of rank `rank`, batched or not as said. */
ig_status ig__check_rank(const char *op, const ig__infer *i, int input, int rank, bool batched);

/* Shape `index` of a list of IG__ANY_SHAPES that holds vectors, images, weights and a scalar, and its number of pictures. */
#define IG__ANY_SHAPES 24
ig__shape ig__any_shape(int index, int *n);
/* The same for images and for [n, k] rows only. */
#define IG__ROW_OR_IMAGE_SHAPES 22
ig__shape ig__row_or_image_shape(int index, int *n);
ig__shape ig__rows(int n, int k);
ig__shape ig__image_shape(int n, int c, int h, int w);

#endif
