/* The context, and what the build contains. */
#include "live/live.h"
#include "report/events.h"
#include "train/own.h"
#include "train/shared.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <yaml.h>
#include <zlib.h>

ig_context_options ig_context_options_default(void) { return (ig_context_options){.threads = 0}; }

ig_status ig_context_new(ig_context **out, const ig_context_options *options) {
  ig_context_options o = options ? *options : ig_context_options_default();
  *out = NULL;
  if (o.threads < 0) return ig__fail(IG_USAGE, "threads=%d: a number of threads cannot be negative", o.threads);
  ig_context *context = ig__alloc(1, sizeof *context);
  if (!context) return IG_NO_MEMORY;
  context->log = o.log;
  context->user = o.user;
  ig_status status = ig__isa_choose(o.isa, &context->isa);
  if (status == IG_OK) status = ig__pool_new(&context->pool, o.threads);
  if (status != IG_OK) {
    ig__free(context);
    return status;
  }
  if (o.threads > 0 && ig__pool_threads(context->pool) < o.threads)
    ig__log(context, IG_LOG_WARNING, "%d threads were asked for, the system grants %d", o.threads,
            ig__pool_threads(context->pool));
  *out = context;
  return IG_OK;
}

ig_status ig__context_beside(const ig_context *parent, int threads, ig_context **out) {
  *out = NULL;
  ig_context *context = ig__alloc(1, sizeof *context);
  if (!context) return IG_NO_MEMORY;
  *context = (ig_context){.isa = parent->isa, .ops = parent->ops, .model = parent->model, .model_count = parent->model_count,
                          .source = parent->source, .source_count = parent->source_count, .borrows = true, .shared = parent->shared};
  ig_status status = ig__pool_new(&context->pool, threads);
  if (status == IG_OK) *out = context;
  else ig__free(context);
  return status;
}

void ig_context_free(ig_context *context) {
  if (!context) return;
  ig__pool_free(context->pool);
  if (!context->borrows) ig__own_free(context);
  ig__free(context);
}

void ig_cancel(ig_context *context) { atomic_store(&context->cancelled, 1); }

ig_status ig__cancel_check(const ig_context *context) {
  return atomic_load(&context->cancelled) ? ig__fail(IG_INTERRUPTED, "cancelled by the program") : IG_OK;
}

ig_status ig__verb_end(ig_context *context, ig_status status) {
  atomic_store(&context->cancelled, 0);
  return status;
}

int ig_context_threads(const ig_context *context) { return ig__pool_threads(context->pool); }
const char *ig_context_isa(const ig_context *context) { return ig__isa_name(context->isa); }
const char *ig_version(void) { return IMGRAD_VERSION; }
const char *ig_cpu_name(void) { return ig__cpu_name(); }

const char *ig_libraries(void) {
  static _Thread_local char text[256];
  const char *events = ig__events_library();
  const char *live = ig__live_library();
  snprintf(text, sizeof text, "zlib %s, libyaml %s, jansson %s, %s, %s", zlibVersion(), yaml_get_version_string(), jansson_version_str(),
           events ? events : "no protobuf-c (--tensorboard)", live ? live : "no libmicrohttpd (--watch)");
  return text;
}

void ig__log(const ig_context *context, ig_log_level level, const char *format, ...) {
  char text[IG__MESSAGE_SIZE];
  va_list args;
  if (!context->log) return;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  context->log(context->user, level, text);
}
