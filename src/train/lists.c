/* Help on what an option may name, from the registries. */
#include "data/augment.h"
#include "train/train.h"

#include <stdio.h>
#include <string.h>

static void entry(ig__buffer *out, const char *name, const char *help, const ig__option *table) {
  char text[4096];
  ig__buffer_text(out, "%-18s %s\n", name, help);
  if (table && ig__options_help(table, text, sizeof text) < sizeof text) ig__buffer_text(out, "%s", text);
}

static void ops_with(ig__buffer *out, unsigned flag) {
  for (int i = 0; ig__ops[i]; i++)
    if (ig__ops[i]->flags & flag) entry(out, ig__ops[i]->name, ig__ops[i]->help, ig__ops[i]->options);
}

static bool list(ig__buffer *out, const char *kind) {
  if (!strcmp(kind, "optimizers")) {
    for (int i = 0; ig__optimisers[i]; i++) entry(out, ig__optimisers[i]->name, ig__optimisers[i]->help, ig__optimisers[i]->options);
    for (int i = 0; ig__descent_methods[i]; i++)
      entry(out, ig__descent_methods[i]->name, ig__descent_methods[i]->help, ig__descent_methods[i]->options);
  } else if (!strcmp(kind, "schedules"))
    for (int i = 0; ig__schedules[i]; i++) entry(out, ig__schedules[i]->name, ig__schedules[i]->help, ig__schedules[i]->options);
  else if (!strcmp(kind, "penalties"))
    for (int i = 0; ig__penalties[i]; i++) entry(out, ig__penalties[i]->name, ig__penalties[i]->help, ig__penalties[i]->options);
  else if (!strcmp(kind, "averages"))
    for (int i = 0; ig__averages[i]; i++) entry(out, ig__averages[i]->name, ig__averages[i]->help, ig__averages[i]->options);
  else if (!strcmp(kind, "initialisers"))
    for (int i = 0; ig__initialisers[i]; i++)
      entry(out, ig__initialisers[i]->name, ig__initialisers[i]->help, ig__initialisers[i]->options);
  else if (!strcmp(kind, "sources"))
    for (int i = 0; ig__source_kinds[i]; i++)
      entry(out, ig__source_kinds[i]->name, ig__source_kinds[i]->help, ig__source_kinds[i]->options);
  else if (!strcmp(kind, "augmentations"))
    for (int i = 0; ig__augment_kinds[i]; i++)
      entry(out, ig__augment_kinds[i]->name, ig__augment_kinds[i]->help, ig__augment_kinds[i]->options);
  else if (!strcmp(kind, "models"))
    for (int i = 0; ig__builtins[i].name; i++) entry(out, ig__builtins[i].name, ig__builtins[i].help, NULL);
  else if (!strcmp(kind, "recipes"))
    for (int i = 0; ig__recipes[i].name; i++) entry(out, ig__recipes[i].name, ig__recipes[i].help, NULL);
  else if (!strcmp(kind, "losses")) ops_with(out, IG__LOSS);
  else if (!strcmp(kind, "layers")) ops_with(out, IG__LAYER);
  else return false;
  return true;
}

size_t ig_list_help(const char *kind, char *out, size_t size) {
  ig__buffer text = {0};
  size_t length = 0;
  if (list(&text, kind) && !text.failed) {
    length = text.size;
    if (size) snprintf(out, size, "%.*s", (int)text.size, (const char *)text.data);
  }
  ig__buffer_free(&text);
  return length;
}
