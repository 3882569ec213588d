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

ig_status ig__model_fit(ig__model *model, const ig__source_info *data) {
  static const int shown[] = {3, 32, 32};
  const int *dim = shown;
  if (!ig__model_is_open(model)) return IG_OK;
  for (int i = 0; data && i < data->field_count && dim == shown; i++)
    if (data->field[i].role == IG__ROLE_IMAGE && data->field[i].rank == 3) dim = data->field[i].dim;
  return ig__model_fix_input(model, dim[0], dim[1], dim[2]);
}

ig_status ig__model_named(const ig_context *context, const char *name, int classes, ig__model **out) {
  const ig__builtin *own = ig__own_model(context, name);
  if (own) return ig__model_parse_with(&context->ops, own->text, strlen(own->text), name, classes, out);
  return ig__model_open_with(&context->ops, name, classes, out);
}

static bool is_trained(const ig_context *context, const char *name) {
  return !ig__own_model(context, name) && (ig__is_folder(name) || ends_with(name, ".safetensors"));
}

ig_status ig__model_trained(const ig_context *context, const char *name, int real_size, ig__model **out) {
  char *path = ig__is_folder(name) ? ig__format("%s/model.safetensors", name) : ig__strdup(name);
  ig_status status = path ? ig__model_load_with(&context->ops, path, real_size, out) : IG_NO_MEMORY;
  ig__free(path);
  return status;
}

ig_status ig__model_any(const ig_context *context, const char *name, const ig__source_info *data, int classes, int real_size,
                        uint64_t seed, ig__model **out) {
  if (is_trained(context, name)) return ig__model_trained(context, name, real_size, out);
  IG__TRY(ig__model_named(context, name, classes, out));
  ig_status status = ig__model_fit(*out, data);
  if (status == IG_OK) status = ig__model_bind(*out, real_size, seed);
  if (status != IG_OK) {
    ig__model_free(*out);
    *out = NULL;
  }
  return status;
}

ig__source_want ig__model_want(const ig__model *model) {
  const ig__input_options *in = &model->input;
  return (ig__source_want){.picture = {in->channels, in->height, in->width, (ig__fit)in->fit},
                           .class_count = model->class_name ? model->class_count : 0, .class_name = model->class_name};
}

ig_status ig__model_want_of(const ig_context *context, const char *name, ig__source_want *out) {
  ig__model *model;
  /* The input does not depend on the classes. */
  IG__TRY(is_trained(context, name) ? ig__model_trained(context, name, 4, &model) : ig__model_named(context, name, 2, &model));
  *out = ig__model_want(model);
  out->class_count = 0;
  out->class_name = NULL;
  ig__model_free(model);
  return IG_OK;
}

/* Weights from a file or a run folder; what did not match is said. */
ig_status ig__trainer_take_weights(ig__trainer *t, const char *from) {
  char *path = ig__is_folder(from) ? ig__format("%s/model.safetensors", from) : ig__strdup(from);
  ig__buffer unmatched = {0};
  int matched = 0;
  if (!path) return IG_NO_MEMORY;
  ig_status status = ig__model_load_weights(t->model, path, &matched, &unmatched);
  if (status == IG_OK) {
    ig__buffer_add(&unmatched, "", 1);
    ig__log(t->context, IG_LOG_INFO, "%d tensors taken from %s", matched, path);
    if (!unmatched.failed && unmatched.size > 1) ig__log(t->context, IG_LOG_WARNING, "%s", (const char *)unmatched.data);
  }
  ig__buffer_free(&unmatched);
  ig__free(path);
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
