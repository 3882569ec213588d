#ifndef IG__LIVE_HTTP_H
#define IG__LIVE_HTTP_H
/* What the module http (modules/http.c) offers: HTTP/1.1 on a socket that listens already. It has no thread: the one that calls `run` does
 * all the work, and everything is called on it. What is answered to whom is decided by the site. */

#include "base/module.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ig__http_request {
  const char *method, *path;
  const char *host, *origin;  /* headers; NULL: not there */
  int connections;            /* that are open, this one among them */
} ig__http_request;

typedef struct ig__http_header { const char *name, *value; } ig__http_header;

typedef struct ig__http_answer {
  int code;
  const ig__http_header *header; /* ends with a NULL name */
  const void *body;           /* copied */
  size_t size;
  bool stream;                /* instead of a body: what ig__http_site.more gives */
} ig__http_answer;

/* Where a reader of the stream is; zeros at first. */
typedef struct ig__http_place { uint64_t generation, offset, progress; double written; } ig__http_place;

typedef struct ig__http_site {
  void (*answer)(void *user, const ig__http_request *request, ig__http_answer *answer);
  /* The stream's next bytes for one reader, at most `size`: how many; 0: none now, to be asked again after `poke`; −1: it is over. */
  long (*more)(void *user, ig__http_place *place, char *out, size_t size);
  void *user;
} ig__http_site;

typedef struct ig__http ig__http;
typedef struct ig__http_module {
  ig__module module;
  /* NULL: errno says why. The socket is the server's from then on. `most`: connections that are taken on at all; a reader who says nothing
   * or takes nothing for `seconds` is dropped. */
  ig__http *(*open)(int listening, int most, unsigned seconds, const ig__http_site *site);
  void (*run)(ig__http *http, int wake, int milliseconds); /* waits until there is work, `wake` can be read, or so long; does the work */
  void (*poke)(ig__http *http);
  int (*readers)(const ig__http *http);                    /* of the stream */
  void (*close)(ig__http *http);
} ig__http_module;

#endif
