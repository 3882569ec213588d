/* Speed of oneDNN's convolutions on the layers of bench_kernels, in lines of the same form: GF/s of direct arithmetic on one
 * thread and on two, direct and Winograd, in the blocked formats that oneDNN chooses itself (`any`), which are made before
 * the clock starts; so are Winograd's transformed weights. A dash: oneDNN has no such form, or only its reference loops.
 *   bench_onednn [--threads 1|2] [--time SECONDS] [--batch N] [WORD …]
 * WORD: only lines whose name contains it. Built by bench/run against Debian's libdnnl-dev (2.x). */
#define _POSIX_C_SOURCE 200809L
#include <dnnl.h>
#include <omp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static dnnl_engine_t engine;
static dnnl_stream_t stream;
static double seconds = 0.2; /* a measurement takes */
static int batch = 32;

static void ok(dnnl_status_t status, const char *what) {
  if (status == dnnl_success) return;
  fprintf(stderr, "bench_onednn: %s answered %d\n", what, (int)status);
  exit(1);
}
#define OK(call) ok(call, #call)

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

typedef struct layer {
  const char *name;
  int c_in, size, c_out, k, stride, pad, groups, out;
  bool first;
} layer;

typedef enum pass { FORWARD, TO_INPUT, TO_WEIGHTS } pass;

static dnnl_memory_desc_t any(int rank, const dnnl_dims_t dims) {
  dnnl_memory_desc_t md;
  OK(dnnl_memory_desc_init_by_tag(&md, rank, dims, dnnl_f32, dnnl_format_tag_any));
  return md;
}

static bool describe(const layer *l, pass p, dnnl_alg_kind_t algorithm, dnnl_primitive_desc_t *pd) {
  const dnnl_dims_t x_dims = { batch, l->c_in, l->size, l->size }, y_dims = { batch, l->c_out, l->out, l->out };
  const dnnl_dims_t bias_dims = { l->c_out }, strides = { l->stride, l->stride }, pads = { l->pad, l->pad };
  const dnnl_dims_t grouped_dims = { l->groups, l->c_out / l->groups, l->c_in / l->groups, l->k, l->k };
  const dnnl_dims_t plain_dims = { l->c_out, l->c_in, l->k, l->k };
  const bool grouped = l->groups > 1;
  const dnnl_memory_desc_t x = any(4, x_dims), y = any(4, y_dims), bias = any(1, bias_dims);
  const dnnl_memory_desc_t w = any(grouped ? 5 : 4, grouped ? grouped_dims : plain_dims);
  dnnl_convolution_desc_t forward, backward;
  dnnl_primitive_desc_t hint = NULL;
  dnnl_primitive_attr_t attributes;
  dnnl_post_ops_t relu;
  OK(dnnl_primitive_attr_create(&attributes));
  OK(dnnl_post_ops_create(&relu));
  OK(dnnl_post_ops_append_eltwise(relu, 1, dnnl_eltwise_relu, 0, 0));
  OK(dnnl_primitive_attr_set_post_ops(attributes, relu));
  OK(dnnl_convolution_forward_desc_init(&forward, dnnl_forward_training, algorithm, &x, &w, &bias, &y, strides, pads, pads));
  bool found = dnnl_primitive_desc_create(p == FORWARD ? pd : &hint, &forward, p == FORWARD ? attributes : NULL, engine, NULL) ==
               dnnl_success;
  if (p == TO_INPUT)
    OK(dnnl_convolution_backward_data_desc_init(&backward, algorithm, &x, &w, &y, strides, pads, pads));
  if (p == TO_WEIGHTS)
    OK(dnnl_convolution_backward_weights_desc_init(&backward, algorithm, &x, &w, NULL, &y, strides, pads, pads));
  if (p != FORWARD && found) {
    found = dnnl_primitive_desc_create(pd, &backward, NULL, engine, hint) == dnnl_success;
    OK(dnnl_primitive_desc_destroy(hint));
  }
  OK(dnnl_post_ops_destroy(relu));
  OK(dnnl_primitive_attr_destroy(attributes));
  const char *implementation = "";
  if (found) OK(dnnl_primitive_desc_query(*pd, dnnl_query_impl_info_str, 0, &implementation));
  if (found && !strncmp(implementation, "ref", 3)) {
    OK(dnnl_primitive_desc_destroy(*pd));
    return false;
  }
  return found;
}

static dnnl_memory_t memory(const_dnnl_primitive_desc_t pd, dnnl_query_t what) {
  dnnl_memory_t m;
  const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(pd, what, 0);
  void *data;
  OK(dnnl_memory_create(&m, md, engine, DNNL_MEMORY_ALLOCATE));
  OK(dnnl_memory_get_data_handle(m, &data));
  uint32_t state = 1;
  for (size_t i = 0; i < dnnl_memory_desc_get_size(md) / sizeof(float); i++) {
    state = state * 1664525u + 1013904223u;
    ((float *)data)[i] = (float)(state >> 8) / 8388608 - 1;
  }
  return m;
}

/* Seconds of one execution, the best of as many as fit; 0 when there is no such form. */
static double measure(const layer *l, pass p, dnnl_alg_kind_t algorithm, int threads, double flops) {
  static const struct { int argument; dnnl_query_t what; } uses[3][4] = {
    { { DNNL_ARG_SRC, dnnl_query_src_md }, { DNNL_ARG_WEIGHTS, dnnl_query_weights_md }, { DNNL_ARG_DST, dnnl_query_dst_md },
      { DNNL_ARG_BIAS, dnnl_query_undef } },
    { { DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md }, { DNNL_ARG_WEIGHTS, dnnl_query_weights_md },
      { DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md } },
    { { DNNL_ARG_SRC, dnnl_query_src_md }, { DNNL_ARG_DIFF_WEIGHTS, dnnl_query_diff_weights_md },
      { DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md } } };
  omp_set_num_threads(threads);
  dnnl_primitive_desc_t pd;
  if (!describe(l, p, algorithm, &pd)) return 0;
  dnnl_primitive_t primitive;
  OK(dnnl_primitive_create(&primitive, pd));
  dnnl_exec_arg_t arguments[4];
  const int count = p == FORWARD ? 4 : 3;
  for (int i = 0; i < 3; i++) arguments[i] = (dnnl_exec_arg_t){ uses[p][i].argument, memory(pd, uses[p][i].what) };
  if (p == FORWARD) {
    const dnnl_dims_t dims = { l->c_out };
    dnnl_memory_desc_t md;
    OK(dnnl_memory_desc_init_by_tag(&md, 1, dims, dnnl_f32, dnnl_a));
    arguments[3].arg = DNNL_ARG_BIAS;
    OK(dnnl_memory_create(&arguments[3].memory, &md, engine, DNNL_MEMORY_ALLOCATE));
  }
  const int times = 1 + (int)(2e7 / flops); /* the clock costs as much as the smallest of them */
  double best = 1e9;
  const double start = now();
  for (int i = 0; i < 5 || now() - start < seconds; i++) {
    const double t = now();
    for (int j = 0; j < times; j++) OK(dnnl_primitive_execute(primitive, stream, count, arguments));
    OK(dnnl_stream_wait(stream));
    const double s = (now() - t) / times;
    if (s < best) best = s;
  }
  for (int i = 0; i < count; i++) OK(dnnl_memory_destroy(arguments[i].memory));
  OK(dnnl_primitive_destroy(primitive));
  OK(dnnl_primitive_desc_destroy(pd));
  return best;
}

static void lines(layer l, int most_threads, int word_count, char **words) {
  static const char *const names[2][3] = { { "forward", "dx", "dw" }, { "winograd", "winograd dx", "winograd dw" } };
  bool wanted = word_count == 0;
  for (int i = 0; i < word_count; i++) wanted |= strstr(l.name, words[i]) != NULL;
  if (!wanted) return;
  l.out = (l.size + 2 * l.pad - l.k) / l.stride + 1;
  const double flops = 2.0 * batch * l.c_out * (l.c_in / l.groups) * l.k * l.k * l.out * l.out;
  for (int w = 0; w < 2; w++)
    for (pass p = FORWARD; p <= TO_WEIGHTS; p++) {
      if ((l.first && p == TO_INPUT) || (w && (l.k != 3 || l.stride != 1 || l.groups > 1))) continue;
      printf("%-34s %-16s", l.name, names[w][p]);
      for (int threads = 1; threads <= most_threads; threads++) {
        const double s = measure(&l, p, w ? dnnl_convolution_winograd : dnnl_convolution_direct, threads, flops);
        if (s > 0) printf("  %8.1f GF/s", flops / s * 1e-9);
        else printf("  %8s GF/s", "-");
      }
      printf("\n");
      fflush(stdout);
    }
}

int main(int argc, char **argv) {
  int i = 1, threads = 2;
  for (; i + 1 < argc && !strncmp(argv[i], "--", 2); i += 2) {
    if (!strcmp(argv[i], "--threads")) threads = atoi(argv[i + 1]);
    if (!strcmp(argv[i], "--batch")) batch = atoi(argv[i + 1]);
    if (!strcmp(argv[i], "--time")) seconds = atof(argv[i + 1]);
  }
  OK(dnnl_engine_create(&engine, dnnl_cpu, 0));
  OK(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));
  const dnnl_version_t *v = dnnl_version();
  printf("oneDNN %d.%d.%d\n", v->major, v->minor, v->patch);
#define X(name, c_in, size, c_out, k, stride, pad, groups, first) \
  lines((layer){ name, c_in, size, c_out, k, stride, pad, groups, 0, first }, threads, argc - i, argv + i);
#include "layers.def"
  return 0;
}
