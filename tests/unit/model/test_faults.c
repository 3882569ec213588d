/* Every allocation fails once: no crash, no leak, IG_NO_MEMORY. */
#include "model_test.h"

#include <stdlib.h>

#ifdef IG__FAULTS
static const char text[] =
  "input 1 8 8 mean=.5\nblock res f act=relu\n  conv2d f k=3 pad=1 bias=no\n  m = batchnorm act\n  conv2d @in f k=1\n"
  "  add @. @m relu\nend\nstem = conv2d 4 k=3 pad=same l2=1e-4\nx = res 4\ny = res 4 share=x act=tanh\noutput a = dense classes softmax\n"
  "output b = dense @x 3 l1=1e-3\n";

static ig_status all_steps(void) {
  ig__model *m = NULL, *back = NULL;
  ig__graph *g = NULL;
  ig__built built;
  ig__buffer unmatched = {NULL, 0, 0, false};
  int matched;
  const char *path = test_path("fault.safetensors");
  ig_status status = ig__model_parse(text, sizeof text - 1, "t", 10, &m);
  if (status == IG_OK) status = ig__model_bind(m, 4, 1);
  if (status == IG_OK) status = ig__graph_new(&g, ig__core_ops_get(), 3, true);
  if (status == IG_OK) status = ig__model_build(m, g, IG__U8, &built);
  if (status == IG_OK) status = ig__model_save(m, path, NULL);
  if (status == IG_OK) status = ig__model_load(path, 8, &back);
  if (status == IG_OK) status = ig__model_load_weights(back, path, &matched, &unmatched, NULL);
  if (status == IG_OK) status = ig__model_initialise(back, 2);
  ig__buffer_free(&unmatched);
  ig__graph_free(g);
  ig__model_free(m);
  ig__model_free(back);
  return status;
}

TEST(every_allocation_fails_once) {
  int64_t before = ig__alloc_outstanding();
  int n = 1;
  for (; n < 20000; n++) {
    char spec[32];
    snprintf(spec, sizeof spec, "malloc@%d", n);
    ig__fault_set(spec);
    ig_status status = all_steps();
    ig__fault_set(NULL);
    if (status == IG_OK) break;
    if (status != IG_NO_MEMORY) test_fail(__FILE__, __LINE__, "allocation %d: %s: %s", n, ig_status_name(status), ig_last_error());
    if (ig__alloc_outstanding() != before) test_fail(__FILE__, __LINE__, "allocation %d leaves %lld", n,
                                                     (long long)(ig__alloc_outstanding() - before));
    CHECK_HAS(ig_last_error(), "out of memory");
  }
  CHECK(n > 100 && n < 20000);
}

/* A disk that fails leaves the file that was there. */
TEST(every_write_fails_once) {
  static const char *const kinds[] = {"open", "write", "sync", "rename"};
  ig__model *a = bound_model("input 1 4 4\ndense 3\n"), *b;
  const char *path = test_path("disk.safetensors");
  CHECK_OK(ig__model_save(a, path, NULL));
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    char spec[32];
    snprintf(spec, sizeof spec, "%s@1=%s", kinds[i], "ENOSPC");
    CHECK_OK(ig__model_initialise(a, 50 + i));
    ig__fault_set(spec);
    ig_status status = ig__model_save(a, path, NULL);
    ig__fault_set(NULL);
    CHECK_INT(status, IG_IO);
    CHECK_HAS(ig_last_error(), "disk.safetensors");
    CHECK_OK(ig__model_load(path, 4, &b));
    ig__model_free(b);
  }
  ig__fault_set("read@1");
  CHECK_STATUS(ig__model_load(path, 4, &b), IG_IO);
  ig__fault_set(NULL);
  ig__model_free(a);
}
#endif
