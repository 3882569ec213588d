/* Fault points of the test builds, set by IMGRAD_FAULT="kind@N[+][=how],…" (base/alloc.h). "short" lets half of a read or a
 * write happen; "kill" ends the process as kill -9 does: what is on the disk then is what a crash leaves. */
#include "base/alloc.h"

#ifdef IG__FAULTS
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KIND_SIZE 16
#define SHORT (-1)
#define KILL (-2)

typedef struct spec { char kind[KIND_SIZE]; uint64_t from, to; int how; } spec;
typedef struct counter { char kind[KIND_SIZE]; uint64_t calls; } counter;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static spec specs[16];
static counter counters[32];
static int spec_count, counter_count;
static bool loaded, unreadable;

static const struct { const char *name; int how; } hows[] = {
  {"EACCES", EACCES}, {"EAGAIN", EAGAIN}, {"EINTR", EINTR}, {"EIO", EIO},     {"EMFILE", EMFILE}, {"ENOENT", ENOENT},
  {"ENOMEM", ENOMEM}, {"ENOSPC", ENOSPC}, {"EROFS", EROFS}, {"short", SHORT}, {"kill", KILL},
};

static bool same(const char *name, const char *text, size_t length) {
  return strlen(name) == length && memcmp(name, text, length) == 0;
}

static bool read_spec(const char *text, size_t length, spec *out) {
  const char *end = text + length, *at = memchr(text, '@', length), *p;
  size_t kind = at ? (size_t)(at - text) : 0;
  if (kind == 0 || kind >= KIND_SIZE) return false;
  memset(out, 0, sizeof *out);
  memcpy(out->kind, text, kind);
  for (p = at + 1; p < end && *p >= '0' && *p <= '9' && out->from < UINT32_MAX; p++)
    out->from = out->from * 10 + (uint64_t)(*p - '0');
  if (out->from == 0) return false;
  out->to = out->from;
  if (p < end && *p == '+') {
    out->to = UINT64_MAX;
    p++;
  }
  out->how = strcmp(out->kind, "malloc") == 0 ? ENOMEM : strcmp(out->kind, "thread") == 0 ? EAGAIN : EIO;
  if (p == end) return true;
  if (*p++ != '=') return false;
  for (size_t i = 0; i < sizeof hows / sizeof hows[0]; i++)
    if (same(hows[i].name, p, (size_t)(end - p))) {
      out->how = hows[i].how;
      return true;
    }
  return false;
}

static void load(const char *text) {
  spec_count = counter_count = 0;
  unreadable = false;
  loaded = true;
  while (text && *text) {
    size_t length = strcspn(text, ",");
    if (spec_count == (int)(sizeof specs / sizeof specs[0]) || !read_spec(text, length, &specs[spec_count]))
      unreadable = true;
    else
      spec_count++;
    text += length;
    if (*text == ',') text++;
  }
}

static counter *find(const char *kind) {
  for (int i = 0; i < counter_count; i++)
    if (strcmp(counters[i].kind, kind) == 0) return &counters[i];
  if (counter_count == (int)(sizeof counters / sizeof counters[0]) || strlen(kind) >= KIND_SIZE) return NULL;
  counter *c = &counters[counter_count++];
  memset(c, 0, sizeof *c);
  memcpy(c->kind, kind, strlen(kind));
  return c;
}

int ig__fault(const char *kind) {
  int how = 0;
  pthread_mutex_lock(&lock);
  if (!loaded) load(getenv("IMGRAD_FAULT"));
  counter *c = find(kind);
  if (c) {
    c->calls++;
    for (int i = 0; i < spec_count && how == 0; i++)
      if (strcmp(specs[i].kind, kind) == 0 && c->calls >= specs[i].from && c->calls <= specs[i].to) how = specs[i].how;
  }
  /* A specification that cannot be read fails everything: a misspelt test must not pass. */
  if (unreadable) how = EINVAL;
  pthread_mutex_unlock(&lock);
  if (how == KILL) kill(getpid(), SIGKILL);
  return how;
}

void ig__fault_set(const char *text) {
  pthread_mutex_lock(&lock);
  load(text);
  pthread_mutex_unlock(&lock);
}

uint64_t ig__fault_calls(const char *kind) {
  pthread_mutex_lock(&lock);
  if (!loaded) load(getenv("IMGRAD_FAULT"));
  counter *c = find(kind);
  uint64_t calls = c ? c->calls : 0;
  pthread_mutex_unlock(&lock);
  return calls;
}
#endif
