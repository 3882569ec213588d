#ifndef IG__BASE_MODULE_H
#define IG__BASE_MODULE_H
/* Modules: shared objects around heavy libraries, which few runs need. One is opened when it is first needed and stays open. */

#include "base/status.h"

/* What a module's table of functions begins with. Its symbol is ig__module_NAME. */
typedef struct ig__module {
  const char *version;                /* of the imgrad that it was built with */
  const char *(*library)(void);       /* "libmicrohttpd 0.9.75" */
} ig__module;

/* Opens NAME.so from $IMGRAD_MODULES or, without that, from the places where a build and an installation have it, counted from where this
 * code is. IG_USAGE: none there, its library (`package` of Debian) is not there, or it is of another version; says so of `what`, which
 * needs it. */
ig_status ig__module_open(const char *name, const char *what, const char *package, const ig__module **out);

#endif
