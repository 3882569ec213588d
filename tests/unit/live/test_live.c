/* The server of the live page, asked by plain sockets: who is answered, what the stream says, readers that are many, slow or silent.
 * HTTP/1.0 is spoken where a stream is read, because then it comes as it is, without the lengths of chunks. Whatever is waited for has
 * half a minute. */
#include "live/live.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/pool.h"
#include "live/http.h"
#include "test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE 30.
#define HERE "Host: 127.0.0.1\r\n"
#define STREAM "GET /events HTTP/1.0\r\n" HERE "\r\n"

static char folder[1024];

static void write_file(const char *name, const char *text) {
  char path[2048];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  CHECK_OK(ig__file_write_atomic(path, text, strlen(text)));
}

static void append_file(const char *name, const char *text) {
  char path[2048];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  CHECK_OK(ig__file_append(path, text, strlen(text)));
}

/* A server over a folder with two rows; the test is skipped in a build without one. */
static ig__live *served(void) {
  ig__live *live;
  if (!ig__live_library()) test_skip("%s", ig_last_error());
  snprintf(folder, sizeof folder, "%s", test_folder());
  write_file("results.csv", "epoch,train/loss\n1,0.5\n2,0.25\n");
  write_file("log.txt", "2026-01-01T00:00:00Z imgrad 0.1.0 on a machine\n");
  CHECK_OK(ig__live_open("--watch", 0, &live));
  CHECK_OK(ig__live_start(live, folder));
  return live;
}

static int port_of(const ig__live *live) { return atoi(strrchr(ig__live_url(live), ':') + 1); }

static int connect_to(const ig__live *live) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port_of(live)), .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0);
  return fd;
}

static int ask(const ig__live *live, const char *request) {
  int fd = connect_to(live);
  CHECK(send(fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request));
  return fd;
}

/* Reads on until `part` has come, or for NULL to the end; what was read since the last call for this buffer stands in it. */
static bool comes(int fd, ig__buffer *have, const char *part) {
  const double end = ig__now() + PATIENCE;
  char bytes[65536];
  size_t looked = 0; /* megabytes come: each is looked at once */
  for (;;) {
    if (part && have->data && strstr((char *)have->data + looked, part)) return true;
    looked = !part || have->size < strlen(part) ? 0 : have->size - strlen(part);
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (ig__now() > end) return false;
    if (poll(&wait, 1, 100) <= 0) continue;
    ssize_t n = recv(fd, bytes, sizeof bytes, 0);
    if (n <= 0) return !part;
    ig__buffer_add(have, bytes, (size_t)n);
  }
}

static void forget(ig__buffer *have) {
  have->size = 0;
  if (have->data) have->data[0] = 0;
}

static void check_comes(int fd, ig__buffer *have, const char *part) {
  if (!comes(fd, have, part))
    test_fail(__FILE__, __LINE__, "\"%s\" did not come; there is: %.600s", part ? part : "the end", have->data ? (char *)have->data : "nothing");
}

static int code_of(const ig__live *live, const char *request) {
  ig__buffer have = {0};
  int fd = ask(live, request), code = 0;
  check_comes(fd, &have, "\r\n");
  CHECK(sscanf((char *)have.data, "HTTP/1.%*d %d", &code) == 1);
  ig__buffer_free(&have);
  close(fd);
  return code;
}

TEST(only_who_asks_for_this_machine) {
  ig__live *live = served();
  char own[256];
  snprintf(own, sizeof own, "GET / HTTP/1.1\r\nHost: localhost:%d\r\nOrigin: http://localhost:%d\r\n\r\n", port_of(live), port_of(live));
  CHECK_INT(code_of(live, own), 200);
  const struct { int code; const char *request; } all[] = {
    {200, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"},
    {200, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"},
    {200, "GET / HTTP/1.1\r\nHost: localhost:9999\r\n\r\n"}, /* a tunnel's */
    {200, "GET /events HTTP/1.1\r\nHost: 127.0.0.1:1\r\nOrigin: http://127.0.0.1:1\r\n\r\n"},
    {404, "GET /other HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"},
    {404, "GET /../results.csv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"},
    {403, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"},
    {403, "GET / HTTP/1.1\r\nHost: evil.example:80\r\n\r\n"},
    {403, "GET / HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n"},
    {403, "GET / HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n"},
    {403, "GET / HTTP/1.1\r\nHost: localhost:\r\n\r\n"},
    {403, "GET / HTTP/1.1\r\nHost: localhost:80@evil\r\n\r\n"},
    {403, "GET / HTTP/1.1\r\nHost: 192.168.0.1\r\n\r\n"},
    {403, "GET / HTTP/1.1\r\nHost: 127.0.0.2\r\n\r\n"},
    {403, "GET / HTTP/1.0\r\n\r\n"},
    {403, "GET /events HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n"},
    {403, "GET /events HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:8080\r\n\r\n"},
    {403, "GET /events HTTP/1.1\r\nHost: localhost\r\nOrigin: https://localhost\r\n\r\n"},
    {403, "GET /events HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n\r\n"},
    {403, "POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n"},
    {405, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"},
    {405, "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n"},
    {405, "PUT /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"},
    {405, "OPTIONS / HTTP/1.1\r\nHost: localhost\r\n\r\n"},
  };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    int code = code_of(live, all[i].request);
    if (code != all[i].code) test_fail(__FILE__, __LINE__, "%d, want %d: %s", code, all[i].code, all[i].request);
  }
  ig__live_close(live);
}

/* The page names its script and style by a nonce that is another each time, and nothing else may run or be fetched. */
TEST(the_page_has_its_policy) {
  ig__live *live = served();
  char nonce[2][33];
  for (int i = 0; i < 2; i++) {
    ig__buffer have = {0};
    char part[128];
    int fd = ask(live, "GET / HTTP/1.1\r\n" HERE "\r\n");
    check_comes(fd, &have, "</html>");
    const char *text = (const char *)have.data, *at = strstr(text, "script-src 'nonce-");
    CHECK(at);
    snprintf(nonce[i], sizeof nonce[i], "%.32s", at + 18);
    CHECK_HAS(text, "default-src 'none';");
    CHECK_HAS(text, "frame-ancestors 'none'");
    snprintf(part, sizeof part, "<script nonce=\"%s\">", nonce[i]);
    CHECK_HAS(text, part);
    CHECK(!strstr(text, "Access-Control"));
    CHECK(!strstr(text, "http://127") && !strstr(text, "https:"));
    close(fd);
    ig__buffer_free(&have);
  }
  CHECK(strcmp(nonce[0], nonce[1]) != 0);
  ig__live_close(live);
}

TEST(the_stream_grows_and_is_taken_back) {
  ig__live *live = served();
  ig__buffer have = {0};
  int fd = ask(live, STREAM);
  check_comes(fd, &have, "event: columns\ndata: epoch,train/loss\n\nevent: row\ndata: 1,0.5\n\nevent: row\ndata: 2,0.25\n\n");
  check_comes(fd, &have, "event: state\ndata: running\n\n");
  forget(&have);
  write_file("results.csv", "epoch,train/loss\n1,0.5\n2,0.25\n3,0.125\n");
  append_file("log.txt", "2026-01-01T00:00:01Z epoch 3: a line with \x01 and \r in it\n");
  check_comes(fd, &have, "event: row\ndata: 3,0.125\n\n");
  check_comes(fd, &have, "epoch 3: a line with \xEF\xBF\xBD and \xEF\xBF\xBD in it\n\n");
  CHECK(!strstr((char *)have.data, "data: 2,0.25"));
  /* As when a run goes on from a checkpoint before its last epoch. */
  forget(&have);
  write_file("results.csv", "epoch,train/loss\n1,0.5\n");
  check_comes(fd, &have, "event: begin\ndata: \n\nevent: columns\ndata: epoch,train/loss\n\nevent: row\ndata: 1,0.5\n\n");
  append_file("log.txt", "2026-01-01T00:00:02Z ended after epoch 1, step 9: epochs\n");
  check_comes(fd, &have, "event: state\ndata: ended\n\n");
  ig__live_close(live);
  check_comes(fd, &have, "event: state\ndata: over\n\n");
  check_comes(fd, &have, NULL);
  close(fd);
  ig__buffer_free(&have);
}

TEST(progress_of_a_training) {
  ig__live *live = served();
  ig__buffer have = {0};
  int fd = ask(live, STREAM);
  ig__live_progress p = {.epoch = 3, .epochs = 9, .steps = 1000000, .loss = 0.5, .accuracy = NAN, .lr = 1e-3, .images_per_second = 1000, .seconds_left = 60};
  for (const double end = ig__now() + PATIENCE; ig__now() < end && !(have.data && strstr((char *)have.data, "event: progress"));) {
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    for (int i = 0; i < 1000; i++, p.step++) ig__live_tell(live, &p);
    if (poll(&wait, 1, 1) <= 0) continue;
    char bytes[4096];
    ssize_t n = recv(fd, bytes, sizeof bytes, 0);
    CHECK(n > 0);
    ig__buffer_add(&have, bytes, (size_t)n);
  }
  check_comes(fd, &have, ",1000000,0.5,,0.001,1000,60\n\n");
  CHECK_HAS((char *)have.data, "event: progress\ndata: 3,9,");
  close(fd);
  ig__live_close(live);
  ig__buffer_free(&have);
}

/* 64 are held, the next is refused, and a place that is free again can be had. */
TEST(sixty_four_readers) {
  ig__live *live = served();
  int fd[IG__LIVE_READERS];
  ig__buffer have[IG__LIVE_READERS] = {{0}};
  for (int i = 0; i < IG__LIVE_READERS; i++) fd[i] = ask(live, STREAM);
  for (int i = 0; i < IG__LIVE_READERS; i++) check_comes(fd[i], &have[i], "data: 2,0.25");
  CHECK_INT(code_of(live, STREAM), 503);
  CHECK_INT(code_of(live, "GET / HTTP/1.1\r\n" HERE "\r\n"), 503);
  write_file("results.csv", "epoch,train/loss\n1,0.5\n2,0.25\n3,0.125\n");
  for (int i = 0; i < IG__LIVE_READERS; i++) check_comes(fd[i], &have[i], "data: 3,0.125");
  for (int i = 0; i < 8; i++) close(fd[i]);
  int code = 0;
  for (const double end = ig__now() + PATIENCE; code != 200 && ig__now() < end;) {
    code = code_of(live, "GET / HTTP/1.1\r\n" HERE "\r\n");
    usleep(50000);
  }
  CHECK_INT(code, 200);
  for (int i = 8; i < IG__LIVE_READERS; i++) close(fd[i]);
  for (int i = 0; i < IG__LIVE_READERS; i++) ig__buffer_free(&have[i]);
  ig__live_close(live);
}

static ig__buffer long_results(int rows) {
  ig__buffer out = {0};
  ig__buffer_text(&out, "epoch,train/loss\n");
  for (int i = 1; i <= rows; i++) ig__buffer_text(&out, "%d,0.%0100d\n", i, i);
  CHECK(!out.failed);
  return out;
}

/* Readers that say nothing, ask by halves, or ask for much and take none of it, are not in the way of one who reads, nor of the end; the
 * server's memory does not grow by what they do not take. */
TEST(slow_and_silent_readers) {
  ig__live *live = served();
  ig__buffer rows = long_results(40000), have = {0};
  int fd[40];
  write_file("results.csv", (char *)rows.data);
  ig__buffer_free(&rows);
  int first = ask(live, STREAM);
  check_comes(first, &have, "event: row\ndata: 40000,");
  const int64_t before = ig__alloc_bytes();
  for (int i = 0; i < 40; i++) fd[i] = i % 3 == 0 ? connect_to(live) : i % 3 == 1 ? ask(live, "GET /eve") : ask(live, STREAM);
  forget(&have);
  int fast = ask(live, STREAM);
  check_comes(fast, &have, "event: row\ndata: 40000,");
  CHECK(have.size > 4000000);
  CHECK(ig__alloc_bytes() - before < 1000000 + (int64_t)have.capacity);
  append_file("log.txt", "2026-01-01T00:00:01Z news\n");
  check_comes(fast, &have, "Z news\n\n");
  ig__live_close(live);
  check_comes(fast, &have, "event: state\ndata: over\n\n");
  for (int i = 0; i < 40; i++) close(fd[i]);
  close(first);
  close(fast);
  ig__buffer_free(&have);
}

TEST(nonsense_is_survived) {
  ig__live *live = served();
  static char large[100000];
  memset(large, 'a', sizeof large - 1);
  for (int i = 0; i < 20; i++) {
    int fd = connect_to(live);
    if (i % 4 == 0) send(fd, "\x16\x03\x01\x02\0\x01\0\xff\xff\n\r\n\r\n", 13, MSG_NOSIGNAL); /* as TLS begins */
    if (i % 4 == 1) send(fd, large, sizeof large, MSG_NOSIGNAL);
    if (i % 4 == 2) send(fd, "GET / HTTP/1.1\r\nX: ", 19, MSG_NOSIGNAL), send(fd, large, sizeof large, MSG_NOSIGNAL);
    if (i % 4 == 3) send(fd, "GET / HTTP/9.9\r\n: \r\n\r\n", 22, MSG_NOSIGNAL);
    close(fd);
  }
  CHECK_INT(code_of(live, "GET / HTTP/1.1\r\n" HERE "\r\n"), 200);
  ig__live_close(live);
}

TEST(a_port_that_is_taken) {
  ig__live *live = served(), *other;
  CHECK_STATUS(ig__live_open("--watch=1", port_of(live), &other), IG_USAGE);
  CHECK_HAS(ig_last_error(), "is taken");
  CHECK_HAS(ig_last_error(), "--watch=1");
  CHECK(!other);
  int port = port_of(live);
  int fd = ask(live, STREAM); /* its connection waits to be forgotten, and does not hold the port */
  ig__live_close(live);
  CHECK_OK(ig__live_open("--watch", port, &other));
  ig__live_close(other);
  close(fd);
}

TEST(without_the_module) {
  char here[1024];
  ig__live *live = NULL;
  const char *before = getenv("IMGRAD_MODULES");
  char *kept = before ? ig__strdup(before) : NULL;
  setenv("IMGRAD_MODULES", test_folder(), 1);
  ig_status missing = ig__live_open("--watch", 0, &live);
  char words[1024];
  snprintf(words, sizeof words, "%s", ig_last_error());
  snprintf(folder, sizeof folder, "%s", test_folder());
  write_file("http.so", "no library");
  ig_status broken = ig__live_open("--watch", 0, &live);
  snprintf(here, sizeof here, "%s", ig_last_error());
  if (kept) setenv("IMGRAD_MODULES", kept, 1);
  else unsetenv("IMGRAD_MODULES");
  ig__free(kept);
  CHECK_STATUS(missing, IG_USAGE);
  CHECK_HAS(words, "libmicrohttpd-dev");
  CHECK_HAS(words, "--watch");
  CHECK_STATUS(broken, IG_USAGE);
  CHECK_HAS(here, "http.so");
}

#ifdef IG__FAULTS
TEST(no_thread_no_memory) {
  ig__live *live;
  if (!ig__live_library()) test_skip("%s", ig_last_error());
  CHECK_OK(ig__live_open("--watch", 0, &live));
  ig__fault_set("thread@1");
  ig_status status = ig__live_start(live, test_folder());
  ig__fault_set(NULL);
  CHECK_STATUS(status, IG_FAILED);
  ig__live_close(live);
  for (int n = 1; n < 3; n++) {
    char fault[32];
    snprintf(fault, sizeof fault, "malloc@%d", n);
    ig__fault_set(fault);
    status = ig__live_open("--watch", 0, &live);
    ig__fault_set(NULL);
    CHECK_STATUS(status, IG_NO_MEMORY);
    CHECK(!live);
  }
}
#endif
