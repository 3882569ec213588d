/* A model's life: opening by path or name, freeing. */
#include "model/model_impl.h"

#include "base/text.h"
#include "base/unknown.h"

#include <string.h>

#define TEXT_BYTES (1 << 20)
#define BUILTINS_SHOWN 64

static void free_line(ig__line *line) {
  ig__free(line->name);
  ig__free(line->options);
  ig__free(line->text);
  ig__free(line->output_name);
}

void ig__model_free(ig__model *model) {
  if (!model) return;
  ig__model_unbind(model);
  for (size_t i = 0; i < model->line_count; i++) free_line(&model->line[i]);
  ig__free(model->line);
  ig__free(model->output);
  ig__free(model->class_name);
  ig__free(model->text);
  ig__free(model->name);
  ig__free(model->loss);
  ig__free(model->lambda);
  ig__free(model);
}

static ig_status open_file(const ig__own_ops *own, const char *path, int classes, ig__model **out) {
  uint8_t *data;
  size_t size;
  const char *dot = strrchr(path, '.');
  if (dot && strcmp(dot, ".safetensors") == 0)
    return ig__fail(IG_BAD_MODEL, "%s: this holds weights; a model is a text file or one of the built-in names", path);
  ig_status status = ig__file_read(path, TEXT_BYTES, &data, &size);
  if (status != IG_OK) return status == IG_BAD_DATA ? IG_BAD_MODEL : status; /* too long for text, or no regular file */
  status = ig__model_parse_with(own, (const char *)data, size, path, classes, out);
  ig__free(data);
  return status;
}

ig_status ig__model_open_with(const ig__own_ops *own, const char *name, int classes, ig__model **out) {
  const char *names[BUILTINS_SHOWN];
  char known[IG__SUGGESTION_SIZE];
  size_t count = 0;
  *out = NULL;
  if (ig__file_exists(name) && !ig__is_folder(name)) return open_file(own, name, classes, out);
  for (const ig__builtin *b = ig__builtins; b->name; b++) {
    if (strcmp(b->name, name) == 0) return ig__model_parse(b->text, strlen(b->text), b->name, classes, out);
    if (count < BUILTINS_SHOWN) names[count++] = b->name;
  }
  return ig__fail(IG_USAGE, "model '%s': no such file, and no built-in model of that name%s", name, ig__suggestion(known, name, names, count));
}
