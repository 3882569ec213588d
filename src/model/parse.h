#ifndef IG__MODEL_PARSE_H
#define IG__MODEL_PARSE_H
/* What the files of the model-text parser share; nobody else includes it.
 *
 * The text is cut into words once. Then a stack of frames walks it: the lowest frame is the text itself, each further one is
 * a use of a block. All strings of the parser live in one arena that is freed when it ends; what the model keeps is copied. */

#include "model/model.h"

#define IG__TEXT_BYTES (1 << 20)
#define IG__TEXT_LINES 10000       /* written, and again after blocks are unfolded */
#define IG__TEXT_LINE_BYTES 1000   /* one line: a long one would be kept 10,000 times by a block used that often */
#define IG__TEXT_WORDS 64          /* of one line */
#define IG__TEXT_NAME 63           /* bytes of one name */
#define IG__TEXT_FULL 2200         /* and of a full one, with the names of 16 blocks, an activation's and the final 0 */
#define IG__TEXT_VALUE 255         /* of a block's parameter */
#define IG__TEXT_ACTIVATIONS 8     /* at the end of one line */
#define IG__BLOCK_DEPTH 16
#define IG__BLOCK_PARAMS 16
#define IG__MODEL_OUTPUTS 8        /* as ig__built has room for */

typedef struct ig__block ig__block;

/* ---- names: full ("e1.conv2d1") → what they stand for -------------------------------------------------------------- */

typedef struct ig__named {
  const char *key;
  int line;                  /* the line that has the parameters, by index; −1 for a use of a block */
  int value;                 /* the line whose value @NAME is: the last activation, or the block's last line */
  int number;                /* in the text */
  const ig__block *block;    /* of a use */
  int count;                 /* of a counter */
} ig__named;

/* Open addressing over an array in order of insertion: a text of 10,000 lines with 16 references each is read in time in
 * proportion to its length. Entries move when the table grows. */
typedef struct ig__name_table {
  ig__named *entry;
  size_t count, capacity;
  uint32_t *slot;            /* index + 1; 0: empty */
  size_t slots;              /* a power of two */
} ig__name_table;

ig__named *ig__name_find(const ig__name_table *t, const char *key);
/* Adds a key that is not there yet; `key` is kept, not copied. NULL: no memory. */
ig__named *ig__name_add(ig__name_table *t, const char *key);
void ig__name_table_free(ig__name_table *t);

/* ---- the text ------------------------------------------------------------------------------------------------------ */

typedef struct ig__source_line { int number, count; char **words; const char *text; } ig__source_line;

struct ig__block {
  const char *name;
  int number;                /* of its `block` line */
  size_t first, end;         /* source lines of its body: first … end−1; end is its `end` */
  int param_count;
  const char *param[IG__BLOCK_PARAMS];
  char *fallback[IG__BLOCK_PARAMS]; /* NULL: must be given */
};

/* What a line says about the parameters below it. In a block it goes for all lines that do not say otherwise. */
typedef struct ig__traits {
  bool frozen;
  double l2, l1;             /* NaN: not said */
  const char *share;         /* of a line: the full name; in a block: the other use's prefix; or NULL */
} ig__traits;

/* One line of text, taken apart. */
typedef struct ig__statement {
  const ig__source_line *source;
  const char *name;          /* as given; NULL: none */
  bool is_output;
  char *word;                /* the op's or the block's name */
  const ig__op *op;          /* one of these two */
  const ig__block *block;
  char *words[IG__TEXT_WORDS]; /* positional and key=value words */
  int count;
  const ig__op *activation[IG__TEXT_ACTIVATIONS];
  int activation_count;
  int in[IG__MAX_IN], in_count;
  ig__traits traits;
} ig__statement;

typedef struct ig__frame {
  const ig__block *block;    /* NULL: the text itself */
  char *param[IG__BLOCK_PARAMS];
  size_t next, end;          /* source lines still to be read */
  const char *prefix;        /* before the names of its lines: "", "e1." */
  int in, above;             /* the lines that @in and @. are */
  ig__traits traits;
  const ig__source_line *use; /* the line that uses it */
  const char *name;          /* the use's full name */
  bool is_output;
  const char *output_name;
  const ig__op *activation[IG__TEXT_ACTIVATIONS];
  int activation_count;
} ig__frame;

typedef struct ig__parser {
  const char *place;
  const ig__own_ops *own;
  int classes;
  char classes_text[16];
  ig__arena *arena;
  ig__source_line *source;
  size_t source_count, source_capacity;
  const ig__source_line *at; /* the line being read, for messages */
  ig__source_line cut;       /* the line being cut into words */
  ig__block *block;
  size_t block_count, block_capacity;
  ig__frame frame[IG__BLOCK_DEPTH + 1];
  int depth;                 /* frames in use */
  ig__name_table names;
  ig__model *model;
} ig__parser;

static inline ig__frame *ig__parser_top(ig__parser *p) { return &p->frame[p->depth - 1]; }

/* Puts the place of the present line before the message; a failure of an option becomes IG_BAD_MODEL. */
ig_status ig__parse_at(const ig__parser *p, ig_status status);
/* Is this a name as lines, blocks and their parameters may have? The message is set when not. */
ig_status ig__parse_name(const char *what, const char *name);
/* The same for a line's name, which may have dots: the names of blocks' uses before its own, where blocks were written out. */
ig_status ig__parse_line_name(const char *name);
/* "X is not in this version" for the words that the grammar keeps for later. */
ig_status ig__parse_reserved(const char *word);

/* block.c */
ig_status ig__blocks_collect(ig__parser *p);
const ig__block *ig__block_find(const ig__parser *p, const char *name);
ig_status ig__block_enter(ig__parser *p, const ig__statement *s); /* pushes a frame */
ig_status ig__block_leave(ig__parser *p);                         /* pops it; its last line's value is the use's */

/* statement.c: words → ig__statement */
ig_status ig__statement_read(ig__parser *p, const ig__source_line *source, ig__statement *s);

/* line.c: ig__statement → lines of the model */
ig_status ig__line_add(ig__parser *p, const ig__statement *s);
ig_status ig__input_add(ig__parser *p, const ig__source_line *source);
/* The full name of a use or line in the present frame: as given, or op and number. Adds it to the table as the name of
 * something not yet finished (value −1). */
ig_status ig__line_name(ig__parser *p, const ig__statement *s, const char **full);
/* Lines for the activations behind line `value`; answers the last one. */
ig_status ig__activations_add(ig__parser *p, const char *name, const ig__op *const *activation, int count, int *value);
ig_status ig__output_add(ig__parser *p, const char *name, int value);

#endif
