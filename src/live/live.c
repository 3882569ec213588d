/* The server of a live page: who is answered what, and its thread. */
#include "live/live.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "base/text.h"
#include "live/feed.h"
#include "live/http.h"
#include "live/page.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOK_EVERY 250    /* milliseconds between two looks at the folder, … */
#define LOOK_SHARE 20     /* … and so many times as long as a look takes: of a long history a core sees a twentieth at most */
#define BEAT_EVERY 1.0    /* seconds after which a stream that says nothing says so: this shows readers that are gone */
#define SILENT_MOST 10    /* seconds that a reader may say or take nothing */
#define GOODBYE 0.5       /* seconds for readers to take the last events */

struct ig__live {
  const ig__http_module *module;
  int listening, wake[2];
  char url[48], *folder;
  ig__http *http;
  ig__feed feed;
  ig__buffer page;        /* the last answer: page, policy, headers */
  char policy[256];
  ig__http_header header[8];
  pthread_t thread;
  bool started;
  atomic_bool ending;
  bool over;              /* said so to the readers */
  pthread_mutex_t lock;   /* of what the trainer tells */
  ig__live_progress progress;
  uint64_t told;
};

/* ---- who is answered ------------------------------------------------------------------------------------------------------------ */

#define COMMON {"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}, {"Referrer-Policy", "no-referrer"}, \
               {"Cross-Origin-Resource-Policy", "same-origin"}

/* By name this machine and nothing else. A page of a foreign name that was led to 127.0.0.1 (DNS rebinding) has its own name here. The
 * port may be another: it is, through a tunnel of ssh. */
static bool is_here(const char *host) {
  static const char *const names[] = {"127.0.0.1", "localhost"};
  for (size_t i = 0; host && i < sizeof names / sizeof names[0]; i++) {
    const size_t length = strlen(names[i]);
    if (strncmp(host, names[i], length) != 0) continue;
    const char *rest = host + length;
    if (*rest == 0) return true;
    if (*rest == ':' && rest[1] && strspn(rest + 1, "0123456789") == strlen(rest + 1)) return true;
  }
  return false;
}

static bool is_own(const char *origin, const char *host) {
  return !origin || (strncmp(origin, "http://", 7) == 0 && strcmp(origin + 7, host) == 0);
}

static void answer_text(ig__http_answer *a, int code, const char *text) {
  static const ig__http_header header[] = {{"Content-Type", "text/plain; charset=utf-8"}, {"Connection", "close"}, {"Allow", "GET"}, COMMON, {NULL, NULL}};
  *a = (ig__http_answer){.code = code, .header = header, .body = text, .size = strlen(text)};
}

static void answer_page(ig__live *live, ig__http_answer *a) {
  const ig__http_header header[] = {{"Content-Type", "text/html; charset=utf-8"}, {"Connection", "close"},
                                    {"Content-Security-Policy", live->policy}, COMMON, {NULL, NULL}};
  uint8_t random[16];
  char nonce[33];
  if (getentropy(random, sizeof random) != 0) {
    answer_text(a, 500, "The system gives no random numbers.\n");
    return;
  }
  for (int i = 0; i < 16; i++) ig__snprintf(nonce + 2 * i, 3, "%02x", random[i]);
  memcpy(live->header, header, sizeof header);
  ig__snprintf(live->policy, sizeof live->policy, "default-src 'none'; img-src data:; style-src 'nonce-%s'; script-src 'nonce-%s'; connect-src 'self'; "
               "base-uri 'none'; form-action 'none'; frame-ancestors 'none'", nonce, nonce);
  live->page.size = 0;
  ig__live_page(&live->page, live->folder, nonce);
  if (live->page.failed) answer_text(a, 500, "Out of memory.\n");
  else *a = (ig__http_answer){.code = 200, .header = live->header, .body = live->page.data, .size = live->page.size};
}

static void answer(void *user, const ig__http_request *r, ig__http_answer *a) {
  static const ig__http_header stream[] = {{"Content-Type", "text/event-stream"}, COMMON, {NULL, NULL}};
  if (!is_here(r->host)) answer_text(a, 403, "Only for requests to 127.0.0.1 or localhost by that name.\n");
  else if (!is_own(r->origin, r->host)) answer_text(a, 403, "Not for pages of other origins.\n");
  else if (r->connections > IG__LIVE_READERS) answer_text(a, 503, "64 readers are here already; try again later.\n");
  else if (strcmp(r->method, "GET") != 0) answer_text(a, 405, "Only GET.\n");
  else if (strcmp(r->path, "/") == 0) answer_page(user, a);
  else if (strcmp(r->path, "/events") == 0) *a = (ig__http_answer){.code = 200, .header = stream, .stream = true};
  else answer_text(a, 404, "There are / and /events.\n");
}

/* ---- the stream ------------------------------------------------------------------------------------------------------------------ */

static const char *number(char out[32], double v) { return isfinite(v) ? ig__print_double(out, v) : ""; }

static int progress_text(const ig__live_progress *p, char *out, size_t size) {
  char n[5][32];
  return ig__snprintf(out, size, "event: progress\ndata: %d,%d,%lld,%lld,%s,%s,%s,%s,%s\n\n", p->epoch, p->epochs, (long long)p->step,
                      (long long)p->steps, number(n[0], p->loss), number(n[1], p->accuracy), number(n[2], p->lr),
                      number(n[3], p->images_per_second), number(n[4], p->seconds_left));
}

/* What was told since this reader had the last. */
static int more_progress(ig__live *live, ig__http_place *place, char *out, size_t size) {
  pthread_mutex_lock(&live->lock);
  const ig__live_progress progress = live->progress;
  const uint64_t told = live->told;
  pthread_mutex_unlock(&live->lock);
  if (told == place->progress) return 0;
  place->progress = told;
  int length = progress_text(&progress, out, size);
  return length > 0 && (size_t)length < size ? length : 0;
}

static long more(void *user, ig__http_place *place, char *out, size_t size) {
  ig__live *live = user;
  const ig__buffer *text = &live->feed.text;
  const double now = ig__now();
  long count = 0;
  if (text->failed) return -1;
  if (place->generation != live->feed.generation) {
    place->generation = live->feed.generation;
    place->offset = 0;
  }
  if (place->offset < text->size) {
    const size_t left = text->size - (size_t)place->offset;
    count = (long)(left < size ? left : size);
    memcpy(out, text->data + place->offset, (size_t)count);
    place->offset += (uint64_t)count;
  } else if (live->over) return -1;
  else if (!(count = more_progress(live, place, out, size)) && now - place->written >= BEAT_EVERY && size >= 3) {
    memcpy(out, ":\n\n", 3); /* a comment */
    count = 3;
  }
  if (count) place->written = now;
  return count;
}

/* ---- the thread ------------------------------------------------------------------------------------------------------------------- */

static void *serve(void *user) {
  ig__live *live = user;
  double due = 0;
  while (!atomic_load(&live->ending)) {
    const double now = ig__now();
    if (now >= due) {
      ig__feed_look(&live->feed);
      const double took = ig__now() - now;
      due = now + (LOOK_SHARE * took > 1e-3 * LOOK_EVERY ? LOOK_SHARE * took : 1e-3 * LOOK_EVERY);
      live->module->poke(live->http);
    }
    const double wait = 1e3 * (due - ig__now());
    live->module->run(live->http, live->wake[0], wait < 1 ? 1 : wait < LOOK_EVERY ? (int)wait : LOOK_EVERY);
  }
  ig__feed_look(&live->feed);
  ig__feed_say(&live->feed.text, "state", "over", 4);
  live->over = true;
  for (const double end = ig__now() + GOODBYE; ig__now() < end && live->module->readers(live->http) > 0;) {
    live->module->poke(live->http);
    live->module->run(live->http, -1, 10);
  }
  live->module->close(live->http);
  return NULL;
}

/* ---- from outside ----------------------------------------------------------------------------------------------------------------- */

/* Not for programs that this one starts, and never waited for. */
static bool keep_to_ourselves(int fd) { return fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0; }

static ig_status listen_at(ig__live *live, const char *what, int port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof at;
  const int on = 1;
  live->listening = socket(AF_INET, SOCK_STREAM, 0);
  if (!keep_to_ourselves(live->listening)) return ig__fail(IG_IO, "%s: no socket: %s", what, ig__errno_text(errno));
  /* A port whose last connections are only waiting to be forgotten is free. */
  setsockopt(live->listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(live->listening, (struct sockaddr *)&at, sizeof at) != 0 || listen(live->listening, 128) != 0)
    return errno == EADDRINUSE ? ig__fail(IG_USAGE, "%s: port %d of 127.0.0.1 is taken, perhaps by another live page; give another port, or none "
                                                    "for one that is free", what, port)
                               : ig__fail(IG_USAGE, "%s: port %d of 127.0.0.1: %s", what, port, ig__errno_text(errno));
  if (getsockname(live->listening, (struct sockaddr *)&at, &size) != 0) return ig__fail(IG_IO, "%s: %s", what, ig__errno_text(errno));
  ig__snprintf(live->url, sizeof live->url, "http://127.0.0.1:%d/", ntohs(at.sin_port));
  if (pipe(live->wake) != 0 || !keep_to_ourselves(live->wake[0]) || !keep_to_ourselves(live->wake[1])) return ig__fail(IG_IO, "%s: no pipe: %s", what, ig__errno_text(errno));
  return IG_OK;
}

ig_status ig__live_open(const char *what, int port, ig__live **out) {
  const ig__module *module;
  *out = NULL;
  IG__TRY(ig__module_open("http", what, "libmicrohttpd-dev", &module));
  ig__live *live = *out = ig__alloc(1, sizeof *live);
  if (!live) return IG_NO_MEMORY;
  *live = (ig__live){.module = (const ig__http_module *)(const void *)module, .listening = -1, .wake = {-1, -1}};
  pthread_mutex_init(&live->lock, NULL);
  ig_status status = listen_at(live, what, port);
  if (status != IG_OK) {
    ig__live_close(live);
    *out = NULL;
  }
  return status;
}

const char *ig__live_url(const ig__live *live) { return live->url; }

ig_status ig__live_start(ig__live *live, const char *folder) {
  sigset_t all, before;
  live->folder = ig__strdup(folder);
  if (!live->folder) return IG_NO_MEMORY;
  ig__feed_begin(&live->feed, live->folder);
  live->http = live->module->open(live->listening, IG__LIVE_READERS + 16, SILENT_MOST, &(ig__http_site){.answer = answer, .more = more, .user = live});
  if (!live->http) return ig__fail(IG_FAILED, "%s: the server does not start: %s", live->url, ig__errno_text(errno));
  live->listening = -1;
  /* Signals are the program's: its own threads get them. */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  live->started = !ig__fault("thread") && pthread_create(&live->thread, NULL, serve, live) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (!live->started) {
    live->module->close(live->http);
    return ig__fail(IG_FAILED, "%s: the system grants no thread", live->url);
  }
  return IG_OK;
}

void ig__live_tell(ig__live *live, const ig__live_progress *progress) {
  if (pthread_mutex_trylock(&live->lock) != 0) return;
  live->progress = *progress;
  live->told++;
  pthread_mutex_unlock(&live->lock);
}

void ig__live_close(ig__live *live) {
  if (!live) return;
  if (live->started) {
    atomic_store(&live->ending, true);
    while (write(live->wake[1], "", 1) < 0 && errno == EINTR) continue;
    pthread_join(live->thread, NULL);
  }
  if (live->listening >= 0) close(live->listening);
  for (int i = 0; i < 2; i++)
    if (live->wake[i] >= 0) close(live->wake[i]);
  pthread_mutex_destroy(&live->lock);
  ig__feed_free(&live->feed);
  ig__buffer_free(&live->page);
  ig__free(live->folder);
  ig__free(live);
}

const char *ig__live_library(void) {
  const ig__module *module;
  return ig__module_open("http", "info", "libmicrohttpd-dev", &module) == IG_OK ? module->library() : NULL;
}
