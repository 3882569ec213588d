/* How a list of runs was asked for, in its folder: what goes on goes on with that. */
#include "sweep/sweep.h"

#include <string.h>

void ig__saved_options(const ig_train_options *o, uint64_t without, ig__buffer *out) {
  const ig__option *table = ig__verb_table(IG_VERB_TRAIN);
  const ig_train_options usual = ig_train_options_default();
  for (int i = 0; table[i].name; i++) {
    const char *a = (const char *)o + table[i].offset, *b = (const char *)&usual + table[i].offset;
    const bool same = table[i].type == IG__OPTION_TEXT ? !strcmp(a, b) : !memcmp(a, b, table[i].size);
    if ((without >> i & 1) || !strcmp(table[i].name, "out") || (same && !(o->given >> i & 1))) continue;
    ig__config_line(&table[i], o, out);
  }
}

bool ig__saved_differs(const ig_train_options *asked, const char *also) {
  static const char *const may[] = {"resume", "out", "threads", "workers", "checkpoint_every"};
  const ig__option *table = ig__verb_table(IG_VERB_TRAIN);
  for (int i = 0; table[i].name; i++) {
    bool free_one = also && !strcmp(table[i].name, also);
    for (size_t k = 0; k < sizeof may / sizeof may[0]; k++) free_one |= !strcmp(table[i].name, may[k]);
    if (!free_one && (asked->given >> i & 1)) return true;
  }
  return false;
}

ig_status ig__saved_take(const ig_train_options *asked, ig_train_options *out) {
  const ig__option *table = ig__verb_table(IG_VERB_TRAIN);
  if (*asked->out && strcmp(asked->out, asked->resume) != 0)
    return ig__fail(IG_USAGE, "--resume goes on in its own folder, %s; --out is for a new one: leave it out", asked->resume);
  memcpy(out->resume, asked->resume, sizeof out->resume);
  if (asked->given >> ig__option_row(table, "workers") & 1) out->workers = asked->workers;
  if (asked->given >> ig__option_row(table, "checkpoint_every") & 1) out->checkpoint_every = asked->checkpoint_every;
  return IG_OK;
}
