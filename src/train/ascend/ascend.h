#ifndef IG__TRAIN_ASCEND_H
#define IG__TRAIN_ASCEND_H
/* Inside the verb ascend: the arithmetic on pixels, and what its three pages share. Pictures are planar doubles, 0 … 1. */

#include "imgrad/ascend.h"
#include "imgrad/model.h"
#include "report/html.h"
#include "train/ascend/softmax.h"
#include "train/slopes.h"

/* ---- climb.c: the ascent ------------------------------------------------------------------------------------------------ */

/* Σ √(dx² + dy² + δ²) − δ over the pixels of each channel, dx and dy the differences to the next pixel (0 at the edge); its gradient times
 * `weight` is added to `g` (NULL: not wanted). δ = 0.01 makes it smooth. */
double ig__total_variation(const double *x, ig_size size, double weight, double *g);
/* The picture shifted round its edges: pixel (y, x) comes from (y + dy, x + dx). */
void ig__roll(double *to, const double *from, ig_size size, int dy, int dx);

typedef struct ig__climb { int steps, jitter; double rate, tv, l2; uint64_t seed; bool planes; } ig__climb;
/* Climbs Σ weight·number for n pictures side by side, or with `planes` Σ weight·max(number, 0); `key` tells their lots apart. x[n][pixels] receives the pictures, before and
 * after [n] what the sum was and is. */
ig_status ig__climb_run(ig__slopes *slopes, const ig__climb *how, const double *weight, const uint64_t *key, int n, double *x,
                        double *before, double *after);

/* ---- attribute.c: saliency ---------------------------------------------------------------------------------------------- */

/* Of the number of class `target[i]` for picture i; `out` [n][pixels]. */
ig_status ig__attribute_gradient(ig__slopes *slopes, const double *x, const int *target, int n, double *out);
/* (x − baseline) · mean gradient on the straight way from it. `difference` [n]: what the attributions of a picture should add up to. */
ig_status ig__attribute_integrated(ig__slopes *slopes, const double *x, const int *target, int n, double baseline, int points, double *out,
                                   double *difference);
/* The mean gradient of `samples` copies with normal noise of `noise` times the picture's range. */
ig_status ig__attribute_smooth(ig__slopes *slopes, const double *x, const int *target, int n, int samples, double noise, uint64_t seed,
                               const uint64_t *key, double *out);

/* ---- attack.c: small changes ---------------------------------------------------------------------------------------------- */

typedef struct ig__attacked {
  ig__slopes *slopes;
  const double *x;           /* [n][pixels] */
  const int *truth;          /* [n]; what the answer is to be turned from */
  int target;                /* what it is to be turned to; −1: to anything else */
  const uint64_t *key;       /* [n] */
  int n, steps;              /* of PGD */
  uint64_t seed;
} ig__attacked;
/* Tries pictures list[0 … count) with their ε: out [count][pixels] receives the changed pictures, fooled [count]. */
ig_status ig__attack_try(const ig__attacked *a, ig_attack kind, const int *list, const double *epsilon, int count, double *out,
                         bool *fooled);
/* The smallest ε found for each picture, up to `most`; NaN: none. `out` [n][pixels]: the picture that was fooled with it. */
ig_status ig__attack_smallest(const ig__attacked *a, ig_attack kind, double most, double *epsilon, double *out);

/* ---- subject.c: the model, and whose numbers are looked at ------------------------------------------------------------------ */

typedef struct ig__subject {
  ig_context *context;
  const ig_ascend_options *options;
  ig_train_options run;      /* of the run folder */
  ig__model *model;
  bool direct;
  int classes;               /* 0: its output is a picture */
  bool probabilities;        /* what a softmax of the numbers is */
  ig_size size;
  ig__slopes slopes;         /* of the classes' numbers; not made where there are no classes */
  char (*name)[64];          /* [classes] */
  char out[IG_PATH_SIZE];
} ig__subject;
/* `kind`: "ascend", "saliency" or "fool", the folder's name. IG_USAGE: options that are out of range, no such run. */
ig_status ig__subject_open(ig_context *context, const ig_ascend_options *options, const char *kind, ig__subject *out);
void ig__subject_close(ig__subject *subject);
/* IG_BAD_MODEL: it ends in pictures. */
ig_status ig__subject_wants_classes(const ig__subject *subject);
/* A class by its name or number. IG_USAGE: the nearest is named. */
ig_status ig__subject_class(const ig__subject *subject, const char *option, const char *text, int *out);

/* ---- seen.c: the pictures that are looked at ---------------------------------------------------------------------------------- */

typedef struct ig__seen {
  int n;
  double *x;                 /* [n][pixels] */
  char (*place)[IG_PATH_SIZE];
  int *truth;                /* [n]; −1: not known */
  uint64_t *key;             /* [n] */
  int64_t failed, beyond;    /* could not be read; beyond the limit, and not read */
} ig__seen;
/* Files that cannot be read are said and counted. IG_BAD_DATA: no pictures at all. */
ig_status ig__seen_open(const ig__subject *subject, const char *const *file, int count, ig__seen *out);
void ig__seen_free(ig__seen *seen);
/* At the end: says what was beyond the limit. IG_BAD_DATA: some files could not be read. */
ig_status ig__seen_say(const ig__subject *subject, const ig__seen *seen);
/* ---- draw.c: pixels to look at -------------------------------------------------------------------------------------------- */

/* The last part of a path. */
const char *ig__draw_name(const char *place);
/* "003-photo": a number from 1, and the letters and digits of a name or of a path's last part without its ending. */
void ig__draw_stem(const char *name, int number, char out[IG_ASCEND_NAME]);
/* 0 … 1 rounded to bytes. Owner of a raster: caller, ig__raster_free. */
ig_status ig__draw_picture(const double *x, ig_size size, ig__raster *out);
/* The attribution over the picture in grey: red where it speaks for the class, blue where against; of one sign (`magnitude`: absolute
 * values): from nothing over red to yellow. Depth is the share of its 99th percentile. */
ig_status ig__draw_heat(const double *x, const double *attribution, bool magnitude, ig_size size, ig__raster *out);
/* after − before about grey, the largest change black or white. */
ig_status ig__draw_change(const double *before, const double *after, ig_size size, ig__raster *out);
/* out/STEM-KIND.png (kind NULL: STEM.png), and an <img> of it in the page. */
ig_status ig__draw_save(const ig__subject *subject, const char *stem, const char *kind, const ig__raster *raster, ig__buffer *page);
/* Pictures side by side, `columns` in a row, each scaled up by a whole number: out/sheet.png. Beyond its 8,000 × 8,000 pixels the last
 * are left out. */
ig_status ig__draw_sheet(const ig__subject *subject, const ig__raster *rasters, int count, int columns);
/* Makes the folder, and the beginning and end of its index.html. */
ig_status ig__page_begin(const ig__subject *subject, const char *title, ig__buffer *page);
ig_status ig__page_end(const ig__subject *subject, ig__buffer *page);
/* Begins the row of a picture: the last part of its path, and the class that it is taken for. */
void ig__page_row(ig__buffer *page, const char *place, const char *answer);
/* Where picture i goes: into the page as long as it is small enough for any browser; then into `beyond`, which is emptied each time; ig__page_full
 * says then that the rest has its files only. Owner of beyond: caller. */
ig__buffer *ig__page_room(ig__buffer *page, ig__buffer *beyond);
extern const char ig__page_full[];

#endif
