#include "base/module.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* From the folder of a program to that of the modules; an installation may have others than bin and lib. */
#ifndef IG__MODULE_FOLDER
#define IG__MODULE_FOLDER "../lib/imgrad"
#endif

/* The folder that this code was loaded from: of the shared library, or of the program that holds the static one. */
static bool own_folder(char out[PATH_MAX]) {
  Dl_info info;
  void (*const here)(void) = (void (*)(void))ig__module_open;
  void *address;
  memcpy(&address, &here, sizeof address); /* ISO C has no cast from a function */
  if (!dladdr(address, &info) || !info.dli_fname) return false;
  /* A program is known by its argv[0], which is no path when the shell looked for it. */
  if (!realpath(strchr(info.dli_fname, '/') ? info.dli_fname : "/proc/self/exe", out)) return false;
  char *slash = strrchr(out, '/');
  if (slash) *slash = 0;
  return slash != NULL;
}

/* The first place that has the module: of a build, of an installed command, of an installed library. */
static char *find(const char *name) {
  static const char *const places[] = {"modules", IG__MODULE_FOLDER, "imgrad"};
  const char *given = getenv("IMGRAD_MODULES");
  char here[PATH_MAX];
  if (given && *given) return ig__format("%s/%s.so", given, name);
  if (!own_folder(here)) return ig__format("%s.so", name);
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
    char *path = ig__format("%s/%s/%s.so", here, places[i], name);
    if (!path || ig__file_exists(path)) return path;
    ig__free(path);
  }
  return ig__format("%s/%s/%s.so", here, IG__MODULE_FOLDER, name);
}

static ig_status open_at(const char *path, const char *name, const char *what, const char *package, const ig__module **out) {
  char symbol[64];
  if (!ig__file_exists(path))
    return ig__fail(IG_USAGE, "%s needs the module %s.so, which this imgrad was built or installed without (looked for: %s); build it where %s is "
                              "installed, or name its folder in IMGRAD_MODULES", what, name, path, package);
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!handle) return ig__fail(IG_USAGE, "%s needs the library of the Debian package %s: %s", what, package, dlerror());
  ig__snprintf(symbol, sizeof symbol, "ig__module_%s", name);
  const ig__module *module = dlsym(handle, symbol);
  if (!module) return ig__fail(IG_USAGE, "%s: %s is no module of imgrad", what, path);
  if (strcmp(module->version, IMGRAD_VERSION) != 0)
    return ig__fail(IG_USAGE, "%s: %s is of imgrad %s, this is %s; install both together", what, path, module->version, IMGRAD_VERSION);
  *out = module;
  return IG_OK;
}

ig_status ig__module_open(const char *name, const char *what, const char *package, const ig__module **out) {
  char *path = find(name);
  *out = NULL;
  ig_status status = path ? open_at(path, name, what, package, out) : IG_NO_MEMORY;
  ig__free(path);
  return status;
}
