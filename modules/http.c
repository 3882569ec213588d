/* The module http: libmicrohttpd behind the table of src/live/http.h. Nothing of the library is called here, so the module fits the
 * static and the shared one. */
#include "live/http.h"

#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct reader {
  ig__http *http;
  struct MHD_Connection *connection;
  ig__http_place place;
  bool waiting;              /* suspended */
  struct reader *next, **link;
} reader;

struct ig__http {
  struct MHD_Daemon *daemon;
  ig__http_site site;
  reader *first;
  int epoll, connections, readers;
};

static ssize_t read_stream(void *user, uint64_t position, char *out, size_t size) {
  reader *r = user;
  (void)position;
  long count = r->http->site.more(r->http->site.user, &r->place, out, size);
  if (count < 0) return MHD_CONTENT_READER_END_OF_STREAM;
  if (count == 0) {
    r->waiting = true;
    MHD_suspend_connection(r->connection);
  }
  return count;
}

static void free_reader(void *user) {
  reader *r = user;
  *r->link = r->next;
  if (r->next) r->next->link = r->link;
  r->http->readers--;
  free(r);
}

static struct MHD_Response *stream_to(ig__http *http, struct MHD_Connection *connection) {
  reader *r = calloc(1, sizeof *r);
  if (!r) return NULL;
  *r = (reader){.http = http, .connection = connection, .next = http->first, .link = &http->first};
  struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 8192, read_stream, r, free_reader);
  if (!response) {
    free(r);
    return NULL;
  }
  if (http->first) http->first->link = &r->next;
  http->first = r;
  http->readers++;
  return response;
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
                                  const char *upload, size_t *upload_size, void **state) {
  ig__http *http = user;
  ig__http_answer answer = {.code = 500};
  const ig__http_request request = {.method = method, .path = path, .connections = http->connections,
                                    .host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host"),
                                    .origin = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Origin")};
  (void)version, (void)upload, (void)upload_size, (void)state;
  http->site.answer(http->site.user, &request, &answer);
  struct MHD_Response *response = answer.stream ? stream_to(http, connection)
    : MHD_create_response_from_buffer(answer.size, (void *)(uintptr_t)answer.body, MHD_RESPMEM_MUST_COPY);
  if (!response) return MHD_NO; /* the connection is closed */
  for (const ig__http_header *h = answer.header; h && h->name; h++) MHD_add_response_header(response, h->name, h->value);
  enum MHD_Result queued = MHD_queue_response(connection, (unsigned)answer.code, response);
  MHD_destroy_response(response);
  return queued;
}

static void on_connection(void *user, struct MHD_Connection *connection, void **state, enum MHD_ConnectionNotificationCode code) {
  ig__http *http = user;
  (void)connection, (void)state;
  http->connections += code == MHD_CONNECTION_NOTIFY_STARTED ? 1 : -1;
}

/* Its own words would go to standard error, which is not ours. */
static void say_nothing(void *user, const char *format, va_list args) { (void)user, (void)format, (void)args; }

static ig__http *open_server(int listening, int most, unsigned seconds, const ig__http_site *site) {
  ig__http *http = calloc(1, sizeof *http);
  if (!http) return NULL;
  http->site = *site;
  http->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, http,
                                  MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL, MHD_OPTION_LISTEN_SOCKET, listening,
                                  MHD_OPTION_CONNECTION_LIMIT, (unsigned)most, MHD_OPTION_CONNECTION_TIMEOUT, seconds,
                                  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32768, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
                                  MHD_OPTION_END);
  const union MHD_DaemonInfo *info = http->daemon ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
  if (!info) {
    if (http->daemon) MHD_stop_daemon(http->daemon);
    free(http);
    return NULL;
  }
  http->epoll = info->epoll_fd;
  return http;
}

static void run(ig__http *http, int wake, int milliseconds) {
  struct pollfd poll_at[2] = {{.fd = http->epoll, .events = POLLIN}, {.fd = wake, .events = POLLIN}};
  MHD_UNSIGNED_LONG_LONG due;
  if (MHD_get_timeout(http->daemon, &due) == MHD_YES && due < (unsigned)milliseconds) milliseconds = (int)due;
  poll(poll_at, 2, milliseconds);
  MHD_run(http->daemon);
}

static void poke(ig__http *http) {
  for (reader *r = http->first; r; r = r->next) {
    if (!r->waiting) continue;
    r->waiting = false;
    MHD_resume_connection(r->connection);
  }
}

static int readers(const ig__http *http) { return http->readers; }

static void close_server(ig__http *http) {
  poke(http); /* none may be suspended when it ends */
  MHD_stop_daemon(http->daemon);
  free(http);
}

static const char *library(void) {
  static _Thread_local char text[48];
  snprintf(text, sizeof text, "libmicrohttpd %s", MHD_get_version());
  return text;
}

extern const ig__http_module ig__module_http;
__attribute__((visibility("default"))) const ig__http_module ig__module_http = {
  .module = {IMGRAD_VERSION, library}, .open = open_server, .run = run, .poke = poke, .readers = readers, .close = close_server};
