/* What a run that is taken up again must have in common with what it was. */
#include "train/checkpoint.h"

#include "base/text.h"

#include <string.h>

/* Options that may differ when a run is taken up again: they change no result. */
static bool is_free(const char *name) {
  static const char *const names[] = {"resume", "out", "threads", "workers", "time", "epochs", "patience", "checkpoint_every",
                                      "min_accuracy", "report", "tensorboard", "watch"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (!strcmp(name, names[i])) return true;
  return false;
}

/* Of all that results depend on: model, data, options, instruction set, and the plan itself, since another version of this
 * library may choose other kernels or cut sums otherwise. */
ig_status ig__resume_fingerprint(ig__trainer *t) {
  ig__buffer plan = {0};
  uint64_t hash = ig__hash(t->model->text, strlen(t->model->text), t->source->info.fingerprint);
  for (const ig__option *o = ig__verb_table(IG_VERB_TRAIN); o->name; o++)
    if (!is_free(o->name) && strcmp(o->name, "strict")) {
      const char *at = (const char *)t->options + o->offset;
      hash = ig__hash(at, o->type == IG__OPTION_TEXT ? strlen(at) : o->size, hash);
    }
  hash = ig__hash(&t->train.k->isa, sizeof t->train.k->isa, hash);
  ig_status status = ig__plan_describe(t->train.plan, &plan);
  if (status == IG_OK) t->fingerprint = ig__hash(plan.data, plan.size, hash);
  ig__buffer_free(&plan);
  return status;
}

ig_status ig__resume_checkpoint(ig__trainer *t) {
  if (!ig__folder_has(t->options->resume, "checkpoint")) return IG_OK;
  IG__TRY(ig__checkpoint_open(t->options->resume, &t->checkpoint));
  return ig__checkpoint_choices(t->checkpoint, &t->given_choices);
}

/* The run's own configuration, with what may differ taken from the command line. */
ig_status ig__resume_options(const ig_train_options *asked, ig_train_options *out) {
  const ig__option *table = ig__verb_table(IG_VERB_TRAIN);
  char *path = ig__format("%s/config.yaml", asked->resume);
  if (!path) return IG_NO_MEMORY;
  if (*asked->weights) {
    ig__free(path);
    return ig__fail(IG_USAGE, "--resume goes on with its own weights; --weights starts fresh: give one of them");
  }
  if (*asked->out && strcmp(asked->out, asked->resume) != 0) {
    ig__free(path);
    return ig__fail(IG_USAGE, "--resume goes on in its own folder, %s; --out is for new runs: leave it out", asked->resume);
  }
  *out = ig_train_options_default();
  ig_status status = ig_options_load(IG_VERB_TRAIN, out, path);
  ig__free(path);
  IG__TRY(ig__fail_at(status, "--resume %s", asked->resume));
  for (int i = 0; table[i].name; i++) {
    if (!(asked->given >> i & 1)) continue;
    char *to = (char *)out + table[i].offset;
    const char *from = (const char *)asked + table[i].offset;
    bool same = table[i].type == IG__OPTION_TEXT ? !strcmp(to, from) : !memcmp(to, from, table[i].size);
    if (!same && !is_free(table[i].name))
      return ig__fail(IG_USAGE, "--%s differs from the run's own (see %s/config.yaml): it would change the result. Leave it out, or "
                      "start a new run with --weights %s", table[i].name, asked->resume, asked->resume);
    if (strcmp(table[i].name, "epochs") && strcmp(table[i].name, "out")) memcpy(to, from, table[i].size);
  }
  memcpy(out->resume, asked->resume, sizeof out->resume);
  return IG_OK;
}

ig_status ig__trainer_configure(const ig__trainer *t, const ig_train_options *options) {
  ig__buffer config = {0};
  ig__config_write(options, &config);
  return ig__folder_write(t->folder, "config.yaml", &config);
}

/* A run that is given more epochs says so in its configuration, so that --resume alone goes on to the new end after the
 * next interruption, and a further +N counts from there. */
ig_status ig__resume_extend(const ig__trainer *t) {
  int64_t before;
  if (t->planning || t->state.planned_steps || (ig__parse_i64(t->options->epochs, &before) && before == t->epochs)) return IG_OK;
  ig_train_options *o = ig__alloc(1, sizeof *o);
  if (!o) return IG_NO_MEMORY;
  *o = *t->options;
  ig__snprintf(o->epochs, sizeof o->epochs, "%d", t->epochs);
  o->resume[0] = 0;
  ig_status status = ig__trainer_configure(t, o);
  ig__free(o);
  return status;
}
