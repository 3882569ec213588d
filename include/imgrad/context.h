#ifndef IMGRAD_CONTEXT_H
#define IMGRAD_CONTEXT_H
/* A context: the threads, the instruction set and the log of one user of the library. Lifetimes nest: context > model.
 * The library keeps no global state; any number of contexts may live in one process. */

#include "imgrad/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ig_context ig_context;

typedef enum ig_log_level { IG_LOG_INFO, IG_LOG_WARNING } ig_log_level;

typedef struct ig_context_options {
  int threads;            /* compute threads, the caller included; 0: as many as the process may use */
  const char *isa;        /* "avx512", "avx2", "neon", "baseline", "reference"; NULL: IMGRAD_ISA, else the best this machine has */
  /* What the library has to say besides results and errors, one line without newline; NULL: nothing is said. Called on the
   * thread that is inside the library. */
  void (*log)(void *user, ig_log_level level, const char *text);
  void *user;
} ig_context_options;

ig_context_options ig_context_options_default(void);

/* Makes a context. `options` NULL means the defaults. IG_USAGE: unknown or unusable isa; IG_NO_MEMORY.
 * Owner: caller, ig_context_free (NULL is allowed). A context is used by one thread at a time. */
ig_status ig_context_new(ig_context **out, const ig_context_options *options);
void ig_context_free(ig_context *context);

int ig_context_threads(const ig_context *context);       /* threads really there */
const char *ig_context_isa(const ig_context *context);   /* "avx512" */

const char *ig_version(void);                            /* "0.1.0" */
const char *ig_cpu_name(void);
/* Names and versions of the libraries this build contains, "zlib 1.2.13, libyaml 0.2.5, jansson 2.14". */
const char *ig_libraries(void);

#ifdef __cplusplus
}
#endif
#endif
