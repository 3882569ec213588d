/* KANN: the textbook network, in the protocol of common.py:  kann BATCH THREADS
 * KANN has no Adam; the update is its own, RMSprop. Its threads share out the pictures of a batch. */
#define _POSIX_C_SOURCE 200809L
#include "kann.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static kann_t *textbook(void) {
  kad_node_t *t = kad_feed(4, 1, 1, 28, 28);
  t->ext_flag |= KANN_F_IN;
  t = kad_max2d(kad_relu(kann_layer_conv2d(t, 32, 3, 3, 1, 1, 0, 0)), 2, 2, 2, 2, 0, 0);
  t = kad_max2d(kad_relu(kann_layer_conv2d(t, 64, 3, 3, 1, 1, 0, 0)), 2, 2, 2, 2, 0, 0);
  t = kad_relu(kann_layer_dense(t, 128));
  return kann_new(kann_layer_cost(t, 10, KANN_C_CEM), 0);
}

int main(int argc, char **argv) {
  const int batch = argc > 1 ? atoi(argv[1]) : 0, threads = argc > 2 ? atoi(argv[2]) : 0;
  if (batch < 1 || threads < 1) return fprintf(stderr, "usage: kann BATCH THREADS\n"), 2;
  kann_srand(1);
  kann_t *net = textbook();
  float *x = malloc(sizeof(float) * 784 * (size_t)batch), *y = calloc((size_t)batch * 10, sizeof(float));
  const int count = kann_size_var(net);
  float *r = calloc((size_t)count, sizeof(float));
  if (!x || !y || !r) return 6;
  for (int i = 0; i < batch * 784; i++) x[i] = (float)kann_drand();
  for (int i = 0; i < batch; i++) y[i * 10 + i % 10] = 1;
  if (threads > 1) kann_mt(net, threads, batch);
  kann_switch(net, 1);
  kann_set_batch_size(net, batch);
  kann_feed_bind(net, KANN_F_IN, 0, &x);
  kann_feed_bind(net, KANN_F_TRUTH, 0, &y);
  printf("{\"versions\": \"KANN %s\"}\n", KANN_VERSION);
  fflush(stdout);
  char line[64];
  double wanted;
  while (fgets(line, sizeof line, stdin) && sscanf(line, "run %lf", &wanted) == 1) {
    int steps = 0;
    const double start = now();
    double seconds = 0;
    for (; seconds < wanted; seconds = now() - start, steps++) {
      kann_cost(net, 0, 1);
      kann_RMSprop(count, 0.001f, 0, 0.9f, net->g, net->x, r);
    }
    printf("{\"steps\": %d, \"seconds\": %.6f}\n", steps, seconds);
    fflush(stdout);
  }
  return 0;
}
