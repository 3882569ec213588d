/* Patterns of parameter names: which stay as they are (--freeze), which learn at another rate (--lr-scale). */
#include "base/text.h"
#include "base/unknown.h"
#include "train/train.h"

#include <string.h>

#define MOST_PATTERNS 32
#define NAMES_SHOWN 256  /* that a nearest one is looked for among */

/* Cuts "a*, b*" at commas and blanks. */
static int cut(char *text, char **word) {
  int count = 0;
  for (char *p = text; *p;) {
    p += strspn(p, ", \t");
    if (!*p) break;
    if (count == MOST_PATTERNS) return -1;
    word[count++] = p;
    p += strcspn(p, ", \t");
    if (*p) *p++ = 0;
  }
  return count;
}

static ig_status unknown(const ig__model *m, const char *option, const char *pattern) {
  const char *names[NAMES_SHOWN];
  char known[IG__SUGGESTION_SIZE];
  size_t count = m->param_count < NAMES_SHOWN ? m->param_count : NAMES_SHOWN;
  for (size_t i = 0; i < count; i++) names[i] = m->param[i].name;
  return ig__fail(IG_USAGE, "--%s: no parameter of %s is called %.80s ('*' stands for anything)%s", option, m->name, pattern,
                  ig__suggestion(known, pattern, names, count));
}

/* The parameters that a pattern names: none is a mistake. */
ig_status ig__patterns_mark(const ig__model *m, const char *option, const char *pattern, double value, double *of) {
  size_t found = 0;
  for (size_t i = 0; i < m->param_count; i++)
    if (ig__glob(pattern, m->param[i].name)) {
      of[i] = value;
      found++;
    }
  return found ? IG_OK : unknown(m, option, pattern);
}

/* `value` for patterns without one; `scaled`: each has "=number". */
static ig_status mark_all(const ig__model *m, const char *option, const char *text, bool scaled, double value, double *of) {
  char copy[IG_SPEC_SIZE], *word[MOST_PATTERNS];
  ig__snprintf(copy, sizeof copy, "%s", text);
  int count = cut(copy, word);
  if (count < 0) return ig__fail(IG_USAGE, "--%s: more than %d patterns", option, MOST_PATTERNS);
  for (int i = 0; i < count; i++) {
    char *equals = strchr(word[i], '=');
    if (scaled && (!equals || !ig__parse_double(equals + 1, &value) || value < 0 || value > 1e6))
      return ig__fail(IG_USAGE, "--%s %s: PATTERN=FACTOR is wanted, as in conv2d1.*=0.1", option, word[i]);
    if (scaled) *equals = 0;
    IG__TRY(ig__patterns_mark(m, option, word[i], value, of));
  }
  return IG_OK;
}

ig_status ig__patterns_freeze(ig__model *m, const char *text) {
  double *of = ig__alloc(m->param_count, sizeof *of);
  ig_status status = of ? mark_all(m, "freeze", text, false, 1, of) : IG_NO_MEMORY;
  bool left = m->param_count == 0;
  for (size_t i = 0; status == IG_OK && i < m->param_count; i++) {
    m->param[i].frozen |= of[i] > 0;
    left |= !m->param[i].frozen;
  }
  if (status == IG_OK && !left) status = ig__fail(IG_USAGE, "--freeze %s: nothing is left to train", text);
  ig__free(of);
  return status;
}

ig_status ig__patterns_rates(const ig__model *m, const char *text, double *of) {
  for (size_t i = 0; i < m->param_count; i++) of[i] = 1;
  return mark_all(m, "lr-scale", text, true, 1, of);
}
