/* The model that is looked at: its classes and its numbers; and the folder for what is made of it. */
#include "train/ascend/ascend.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

#define SHOWN 256          /* names tried for the nearest */

static ig_status find_out(ig__subject *s, const char *kind) {
  const ig_ascend_options *o = s->options;
  if (!*o->out && !ig__is_folder(o->run))
    return ig__fail(IG_USAGE, "%s is no run folder: say where the pictures go with --out FOLDER", o->run);
  const int length = *o->out ? ig__snprintf(s->out, sizeof s->out, "%s", o->out) : ig__snprintf(s->out, sizeof s->out, "%s/%s", o->run, kind);
  if (length < 0 || (size_t)length >= sizeof s->out) return ig__fail(IG_USAGE, "the path of the folder for pictures is too long");
  return IG_OK;
}

static ig_status name_classes(ig__subject *s) {
  const ig__model *m = s->model;
  if (!(s->name = ig__alloc((size_t)s->classes, sizeof *s->name))) return IG_NO_MEMORY;
  for (int c = 0; c < s->classes; c++)
    if (m->class_name && c < m->class_count) memcpy(s->name[c], m->class_name[c], sizeof *s->name);
    else ig__snprintf(s->name[c], sizeof *s->name, "%d", c);
  return IG_OK;
}

static ig_status open_all(ig__subject *s, const char *kind) {
  const ig_ascend_options *o = s->options;
  int real_size;
  IG__TRY(ig__options_check(IG_VERB_ASCEND, o));
  IG__TRY(ig__real_size(s->context, o->precision, &real_size));
  IG__TRY(ig__run_options("ascend", o->run, &s->run));
  IG__TRY(ig__conv_is_direct(*o->conv ? o->conv : s->run.conv, &s->direct));
  IG__TRY(ig__model_trained(s->context, o->run, real_size, &s->model));
  s->model->bf16 = ig__is_bf16(o->precision);
  s->size = (ig_size){s->model->input.channels, s->model->input.height, s->model->input.width};
  IG__TRY(find_out(s, kind));
  IG__TRY(ig__slopes_new(s->context, &(ig__slopes_request){s->model, -1, o->batch, s->direct, true}, &s->slopes));
  if (s->slopes.shape.rank != 2) return IG_OK;
  s->classes = (int)s->slopes.numbers;
  s->probabilities = s->slopes.softmax;
  return name_classes(s);
}

ig_status ig__subject_open(ig_context *context, const ig_ascend_options *options, const char *kind, ig__subject *out) {
  *out = (ig__subject){.context = context, .options = options};
  return open_all(out, kind);
}

void ig__subject_close(ig__subject *s) {
  ig__slopes_free(&s->slopes);
  ig__model_free(s->model);
  ig__free(s->name);
}

ig_status ig__subject_wants_classes(const ig__subject *s) {
  if (s->classes >= 2) return IG_OK;
  return ig__fail(IG_BAD_MODEL, "%s does not end in classes, and an answer is what is looked at here; --filters makes pictures for its lines",
                  s->options->run);
}

ig_status ig__subject_class(const ig__subject *s, const char *option, const char *text, int *out) {
  const char *list[SHOWN];
  const int shown = s->classes < SHOWN ? s->classes : SHOWN;
  int64_t number;
  for (*out = 0; *out < s->classes; ++*out)
    if (!strcmp(s->name[*out], text)) return IG_OK;
  if (ig__parse_i64(text, &number) && number >= 0 && number < s->classes) {
    *out = (int)number;
    return IG_OK;
  }
  for (int c = 0; c < shown; c++) list[c] = s->name[c];
  const char *nearest = ig__nearest(text, list, (size_t)shown);
  return ig__fail(IG_USAGE, "%s: there is no class '%s' among %d%s%s", option, text, s->classes, nearest ? "; did you mean " : "",
                  nearest ? nearest : "");
}
