#ifndef IG__TESTS_CONTEXTS_H
#define IG__TESTS_CONTEXTS_H
/* What the tests of sweeps share. */

#include "test.h"

static inline ig_context *context_of(int threads) {
  ig_context_options o = ig_context_options_default();
  ig_context *context;
  o.threads = threads;
  CHECK_OK(ig_context_new(&context, &o));
  return context;
}

#endif
