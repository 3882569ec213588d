#ifndef IG__TRAIN_SHARED_H
#define IG__TRAIN_SHARED_H
/* What runs beside each other have in common. */

#include "train/train.h"

/* A context of the same instruction set that knows what the program has brought to this one, for a run beside others. It says nothing
 * until its log is set. Owner: caller, ig_context_free, before the parent. */
ig_status ig__context_beside(const ig_context *parent, int threads, ig_context **out);

/* Data that are opened once: whoever asks is given a view, so that runs side by side have one copy of the pictures, each decoded once
 * as far as memory goes. A context that has one opens its data there. Any thread. Owner: caller; freed after all views. */
typedef struct ig__shared ig__shared;
ig_status ig__shared_new(ig__shared **out);
void ig__shared_free(ig__shared *shared);
ig_status ig__shared_open(ig__shared *shared, const char *text, const ig__source_want *want, ig__source **out);

#endif
