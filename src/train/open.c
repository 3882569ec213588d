/* What the words on the command line open. */
#include "train/own.h"

#include <string.h>

ig_status ig__real_size(const char *precision, int *out) {
  *out = !strcmp(precision, "f32") ? 4 : !strcmp(precision, "f64") ? 8 : 0;
  return *out ? IG_OK : ig__fail(IG_USAGE, "--precision %s: f32 and f64 are there", precision);
}

static bool ends_with(const char *s, const char *end) {
  size_t n = strlen(s), m = strlen(end);
  return n >= m && !strcmp(s + n - m, end);
}

ig_status ig__model_named(const ig_context *context, const char *name, int classes, ig__model **out) {
  const ig__builtin *own = ig__own_model(context, name);
  if (own) return ig__model_parse_with(&context->ops, own->text, strlen(own->text), name, classes, out);
  return ig__model_open_with(&context->ops, name, classes, out);
}

ig_status ig__model_any(const ig_context *context, const char *name, int classes, int real_size, uint64_t seed, ig__model **out) {
  if (!ig__own_model(context, name) && ig__is_folder(name)) {
    char *path = ig__format("%s/model.safetensors", name);
    ig_status status = path ? ig__model_load_with(&context->ops, path, real_size, out) : IG_NO_MEMORY;
    ig__free(path);
    return status;
  }
  if (ends_with(name, ".safetensors")) return ig__model_load_with(&context->ops, name, real_size, out);
  IG__TRY(ig__model_named(context, name, classes, out));
  ig_status status = ig__model_bind(*out, real_size, seed);
  if (status != IG_OK) {
    ig__model_free(*out);
    *out = NULL;
  }
  return status;
}

static const ig__builtin *text_at(const ig__builtin *list, int index) {
  for (int i = 0; i < index && list->name; i++) list++;
  return list; /* past the last, all its members are NULL */
}

const char *ig_model_name(int index) { return text_at(ig__builtins, index)->name; }
const char *ig_model_help(int index) { return text_at(ig__builtins, index)->help; }
const char *ig_model_text(int index) { return text_at(ig__builtins, index)->text; }
const char *ig_recipe_name(int index) { return text_at(ig__recipes, index)->name; }
const char *ig_recipe_help(int index) { return text_at(ig__recipes, index)->help; }
const char *ig_recipe_text(int index) { return text_at(ig__recipes, index)->text; }
