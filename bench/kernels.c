/* Speed of the convolution and matrix kernels beside the multiply-add peak, measured in the same run: GF/s of direct
 * arithmetic (2 a multiply-add) and share of the peak, on one thread and on two.
 *   bench_kernels [--isa avx512|avx2|baseline] [--real 4|8] [--threads 1|2] [--time SECONDS] [--batch N]
 *                 [WORD …]
 * WORD: only lines whose name contains it. */
#include "kernels/kernels.h"
#include "kernels/pack.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const ig__kernels *kernels;
static char **words;
static int word_count, most_threads = 2;
static int batch = 32;
static double seconds = 0.2; /* a measurement takes */

static double clock_seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- Two threads that spin: a parked one would cost more than the shorter measurements. The second lives as long as one
 * measurement, so as not to disturb those on one thread. */

typedef void work(int thread, int threads, void *context);
static work *volatile job;
static void *volatile job_context;
static atomic_int round_number, finished;

static void *second_thread(void *first_round) {
  for (int seen = *(const int *)first_round;; seen++) {
    while (atomic_load(&round_number) == seen) {}
    if (!job) return NULL;
    job(1, 2, job_context);
    atomic_fetch_add(&finished, 1);
  }
}

static void run(work *w, void *context, int threads) {
  if (threads == 1) {
    w(0, 1, context);
    return;
  }
  job = w;
  job_context = context;
  atomic_store(&finished, 0);
  atomic_fetch_add(&round_number, 1);
  w(0, 2, context);
  while (!atomic_load(&finished)) {}
}

/* One thread is timed by its own clock, so that other programs on the machine matter less; two need the wall's. */
static double best_seconds(work *w, void *context, int threads, int times) {
  const clockid_t clock = threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
  double best = 1e9;
  pthread_t second;
  int first_round = atomic_load(&round_number);
  if (threads == 2 && pthread_create(&second, NULL, second_thread, &first_round) != 0) exit(1);
  const double start = clock_seconds(CLOCK_MONOTONIC);
  for (int i = 0; i < 5 || clock_seconds(CLOCK_MONOTONIC) - start < seconds; i++) {
    const double t = clock_seconds(clock);
    for (int j = 0; j < times; j++) run(w, context, threads);
    const double s = (clock_seconds(clock) - t) / times;
    if (s < best) best = s;
  }
  if (threads == 2) {
    job = NULL;
    atomic_fetch_add(&round_number, 1);
    pthread_join(second, NULL);
  }
  return best;
}

/* ---- The peak -------------------------------------------------------------------------------------------------------- */

#define ROUNDS 300000 /* 0.4 ms and more: the clock of a thread is too coarse for less */

static void chains(int thread, int threads, void *context) {
  _Alignas(64) double room[IG__CHAINS] = { 0 };
  (void)thread, (void)threads, (void)context;
  kernels->fma_chains(room, 0.5, 0.5, ROUNDS);
}

static double peak(int threads) {
  return threads * 2.0 * IG__CHAINS * ROUNDS / best_seconds(chains, NULL, threads, 1) * 1e-9;
}

/* ---- What is measured ------------------------------------------------------------------------------------------------ */

static void *array(int64_t count) {
  const size_t bytes = ((size_t)count * (size_t)kernels->real_size + 8191) / 4096 * 4096;
  char *data = aligned_alloc(4096, bytes);
  if (!data) exit(6);
  memset(data, 0, bytes);
  return data;
}

static void fill(void *data, int64_t count) {
  static uint32_t state = 1;
  for (int64_t i = 0; i < count; i++) {
    state = state * 1664525u + 1013904223u;
    const double v = (double)(state >> 8) / 8388608 - 1;
    if (kernels->real_size == 4) ((float *)data)[i] = (float)v;
    else ((double *)data)[i] = v;
  }
}

static ig__image image(int n, int c, int h, int w, int block, int halo) {
  ig__image m = { .c = c, .h = h, .w = w, .block = block, .halo = halo };
  m.h_pitch = (int64_t)(w + 2 * halo) * block;
  m.c_pitch = m.h_pitch * (h + 2 * halo);
  m.n_pitch = m.c_pitch * ((c + block - 1) / block);
  char *memory = array(m.n_pitch * n + 64);
  m.data = memory + (halo * m.h_pitch + halo * block) * kernels->real_size;
  for (int64_t p = 0; p < (int64_t)n * ((c + block - 1) / block); p++)
    for (int y = 0; y < h; y++)
      fill((char *)m.data + (p * m.c_pitch + y * m.h_pitch) * kernels->real_size, (int64_t)w * block);
  return m;
}

typedef struct convolution {
  ig__conv g;
  ig__image x, y, dy, dx;
  void *w, *turned, *partial[2], *bias;
  void *u, *u_turned, *scratch[2];
  int n, m; /* m: of Winograd */
} convolution;

static void forward(int t, int threads, void *context) {
  const convolution *k = context;
  const ig__epilogue e = { .bias = k->bias, .relu = true };
  kernels->conv2d(&k->g, &k->x, k->w, &k->y, &e, k->n * t / threads, k->n * (t + 1) / threads, 0, 1);
}

static void to_input(int t, int threads, void *context) {
  const convolution *k = context;
  kernels->conv2d_dx(&k->g, &k->dy, k->turned, &k->dx, k->n * t / threads, k->n * (t + 1) / threads, 0, 1);
}

static void winograd(int t, int threads, void *context) {
  const convolution *k = context;
  const ig__epilogue e = { .bias = k->bias, .relu = true };
  kernels->winograd(&k->g, k->m, &k->x, k->u, &k->y, &e, k->n * t / threads, k->n * (t + 1) / threads, 0, 1, k->scratch[t]);
}

static void winograd_to_input(int t, int threads, void *context) {
  const convolution *k = context;
  kernels->winograd_dx(&k->g, k->m, &k->dy, k->u_turned, &k->dx, k->n * t / threads, k->n * (t + 1) / threads, 0, 1,
                       k->scratch[t]);
}

static void winograd_pack(int t, int threads, void *context) {
  const convolution *k = context;
  kernels->winograd_pack(&k->g, k->m, IG__PACK_FORWARD, k->w, k->u, t, threads);
}

static void winograd_pack_turned(int t, int threads, void *context) {
  const convolution *k = context;
  kernels->winograd_pack(&k->g, k->m, IG__PACK_BACKWARD, k->w, k->u_turned, t, threads);
}

/* Pictures over threads with a copy each, as small tensors are summed. */
static void to_weights(int t, int threads, void *context) {
  const convolution *k = context;
  kernels->conv2d_dw(&k->g, &k->x, &k->dy, k->partial[t], k->n * t / threads, k->n * (t + 1) / threads, 0, 1);
}

/* Pieces of the tensor over threads, as large ones are. */
static void to_weights_in_parts(int t, int threads, void *context) {
  const convolution *k = context;
  kernels->conv2d_dw(&k->g, &k->x, &k->dy, k->partial[0], 0, k->n, t, threads);
}

static void winograd_to_weights(int t, int threads, void *context) {
  const convolution *k = context;
  kernels->winograd_dw(&k->g, k->m, &k->x, &k->dy, k->partial[t], k->n * t / threads, k->n * (t + 1) / threads, 0, 1,
                       k->scratch[t]);
}

static void winograd_unpack(int t, int threads, void *context) {
  const convolution *k = context;
  const void *const all[] = { k->partial[0] };
  kernels->winograd_unpack(&k->g, k->m, all, 1, k->u_turned, t, threads);
}

static void matrix(int t, int threads, void *context) {
  const ig__gemm *whole = context;
  ig__gemm p = *whole;
  const int64_t blocks = (p.n + 15) / 16, j0 = blocks * t / threads * 16, end = blocks * (t + 1) / threads * 16;
  const int64_t size = kernels->real_size;
  p.n = (end < p.n ? end : p.n) - j0;
  p.b = (const char *)p.b + j0 / 16 * p.b_block * size;
  p.c = (char *)p.c + j0 * size;
  if (p.epilogue.bias) p.epilogue.bias = (const char *)p.epilogue.bias + j0 * size;
  if (p.n > 0) kernels->gemm(&p);
}

static void line(const char *name, const char *what, work *w, void *context, double flops) {
  bool wanted = word_count == 0;
  for (int i = 0; i < word_count; i++) wanted |= strstr(name, words[i]) || strstr(what, words[i]);
  if (!wanted) return;
  const int times = 1 + (int)(2e7 / flops); /* the clock costs as much as the smallest of them */
  printf("%-34s %-16s", name, what);
  for (int threads = 1; threads <= most_threads; threads++) {
    double top = peak(threads);
    const double rate = flops / best_seconds(w, context, threads, times) * 1e-9, again = peak(threads);
    if (again > top) top = again;
    printf("  %8.1f GF/s %5.1f %%", rate, 100 * rate / top);
  }
  printf("\n");
  fflush(stdout);
}

/* Winograd with output tiles m × m, counted as direct arithmetic. The packing counts as a forward pass too: what share of a
 * step it takes is then the ratio of two rates. */
static void winograd_lines(const char *name, convolution *c, int m, const void *plain, double flops) {
  char what[32];
  c->m = m;
  void *const packed = c->w;
  c->w = (void *)(uintptr_t)plain;
  c->u = array((int64_t)kernels->winograd_count(&c->g, m, IG__PACK_FORWARD));
  c->u_turned = array((int64_t)kernels->winograd_count(&c->g, m, IG__PACK_BACKWARD));
  void *const partial[] = { c->partial[0], c->partial[1] };
  for (int t = 0; t < 2; t++) {
    size_t bytes = kernels->winograd_scratch(&c->g, m, IG__PACK_FORWARD);
    const size_t more[] = { kernels->winograd_scratch(&c->g, m, IG__PACK_BACKWARD), kernels->winograd_dw_scratch(&c->g, m) };
    for (int i = 0; i < 2; i++)
      if (more[i] > bytes) bytes = more[i];
    c->scratch[t] = array((int64_t)(bytes / (size_t)kernels->real_size) + 1);
    c->partial[t] = array((int64_t)kernels->winograd_count(&c->g, m, IG__PACK_FORWARD));
  }
  winograd_pack(0, 1, c);
  winograd_pack_turned(0, 1, c);
  snprintf(what, sizeof what, "winograd%d", m);
  line(name, what, winograd, c, flops);
  snprintf(what, sizeof what, "winograd%d dx", m);
  line(name, what, winograd_to_input, c, flops);
  snprintf(what, sizeof what, "winograd%d pack", m);
  line(name, what, winograd_pack, c, flops);
  snprintf(what, sizeof what, "winograd%d turned", m);
  line(name, what, winograd_pack_turned, c, flops);
  snprintf(what, sizeof what, "winograd%d dw", m);
  line(name, what, winograd_to_weights, c, flops);
  snprintf(what, sizeof what, "winograd%d unpack", m);
  line(name, what, winograd_unpack, c, flops);
  c->w = packed;
  free(c->u), free(c->u_turned);
  for (int t = 0; t < 2; t++) {
    free(c->scratch[t]), free(c->partial[t]);
    c->partial[t] = partial[t];
  }
}

/* `first`: plain x, and no gradient to it. */
static void convolve(const char *name, int c_in, int size, int c_out, int k, int stride, int pad, int groups, bool first) {
  convolution c = { .n = batch };
  const int out = (size + 2 * pad - k) / stride + 1;
  c.g = (ig__conv){ c_in, size, size, c_out, out, out, k, k, stride, stride, pad, pad, 1, 1, groups };
  const ig__pack form = ig__pack_forward(&c.g, first ? 1 : 16), turned = ig__pack_backward(&c.g);
  const int64_t count = (int64_t)kernels->conv2d_pack_count(&c.g, form);
  const int64_t weights = (int64_t)c_in / groups * c_out * k * k;
  c.x = image(c.n, c_in, size, size, first ? 1 : 16, pad);
  c.y = image(c.n, c_out, out, out, 16, 1);
  c.dy = image(c.n, c_out, out, out, 16, stride == 1 ? k - 1 - pad : 0);
  c.dx = image(c.n, c_in, size, size, 16, 1);
  c.bias = array((c_out + 15) / 16 * 16);
  void *plain = array(weights);
  fill(plain, weights);
  c.w = array(count);
  c.turned = array((int64_t)kernels->conv2d_pack_count(&c.g, turned));
  c.partial[0] = array(count);
  c.partial[1] = array(count);
  kernels->conv2d_pack(&c.g, form, plain, c.w, 0, 1);
  kernels->conv2d_pack(&c.g, turned, plain, c.turned, 0, 1);
  const double flops = 2.0 * c.n * (double)weights * out * out;
  line(name, "forward", forward, &c, flops);
  if (!first) line(name, "dx", to_input, &c, flops);
  line(name, "dw", to_weights, &c, flops);
  line(name, "dw in parts", to_weights_in_parts, &c, flops);
  for (int m = 4; !first && kernels->winograd_takes(&c.g, m) && m >= 2; m -= 2) winograd_lines(name, &c, m, plain, flops);
  void *all[] = { c.w, c.turned, c.partial[0], c.partial[1], c.bias, plain };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
  const ig__image *images[] = { &c.x, &c.y, &c.dy, &c.dx };
  for (int i = 0; i < 4; i++) {
    const int64_t origin = images[i]->halo * (images[i]->h_pitch + images[i]->block);
    free((char *)images[i]->data - origin * kernels->real_size);
  }
}

/* A dense layer in → out: y = x·Wᵀ, dx = dy·W, dW += dyᵀ·x. */
static void dense(int64_t rows, int64_t in, int64_t out) {
  char name[64];
  snprintf(name, sizeof name, "dense %d -> %d, batch %d", (int)in, (int)out, (int)rows);
  void *x = array(rows * in), *w = array(in * out), *packed = array((out + 15) / 16 * 16 * in), *y = array(rows * out);
  void *dy = array(rows * out), *dx = array(rows * in), *dw = array(in * out), *bias = array((out + 15) / 16 * 16);
  fill(x, rows * in), fill(w, in * out), fill(dy, rows * out);
  kernels->gemm_pack_transposed(out, in, w, packed, 0, 1);
  const double flops = 2.0 * (double)rows * (double)in * (double)out;
  ig__gemm p = { .m = rows, .n = out, .k = in, .a = x, .a_row = in, .a_col = 1, .b = packed, .b_row = 16,
                 .b_block = in * 16, .c = y, .c_row = out, .epilogue = { .bias = bias, .relu = true } };
  line(name, "forward", matrix, &p, flops);
  p = (ig__gemm){ .m = rows, .n = in, .k = out, .a = dy, .a_row = out, .a_col = 1, .b = w, .b_row = in, .b_block = 16,
                  .c = dx, .c_row = in };
  line(name, "dx", matrix, &p, flops);
  p = (ig__gemm){ .m = out, .n = in, .k = rows, .a = dy, .a_row = 1, .a_col = out, .b = x, .b_row = in, .b_block = 16,
                  .c = dw, .c_row = in, .accumulate = true };
  line(name, "dw", matrix, &p, flops);
  void *all[] = { x, w, packed, y, dy, dx, dw, bias };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
}

int main(int argc, char **argv) {
  ig__isa isa;
  const char *isa_name = NULL;
  int real_size = 4, i = 1;
  for (; i + 1 < argc && !strncmp(argv[i], "--", 2); i += 2) {
    if (!strcmp(argv[i], "--isa")) isa_name = argv[i + 1];
    if (!strcmp(argv[i], "--threads")) most_threads = atoi(argv[i + 1]);
    if (!strcmp(argv[i], "--batch")) batch = atoi(argv[i + 1]);
    if (!strcmp(argv[i], "--time")) seconds = atof(argv[i + 1]);
    if (!strcmp(argv[i], "--real")) real_size = atoi(argv[i + 1]) == 8 ? 8 : 4;
  }
  if (ig__isa_choose(isa_name, &isa) != IG_OK) {
    fprintf(stderr, "bench_kernels: this instruction set is unknown or cannot be used here\n");
    return 2;
  }
  kernels = ig__kernels_for(isa, real_size);
  words = argv + i;
  word_count = argc - i;
  const double one = peak(1);
  printf("%s, %s, f%d: peak %.1f GF/s on one thread, %.1f on two; GF/s and share on one, on two\n", ig__cpu_name(),
         ig__isa_name(isa), real_size * 8, one, peak(most_threads));
#define X(...) convolve(__VA_ARGS__);
#include "layers.def"
  dense(batch, 1600, 128);
  dense(batch, 128, 10);
  dense(1, 1600, 128);
  return 0;
}
