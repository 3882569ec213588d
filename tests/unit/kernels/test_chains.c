/* The chains of multiply-adds that the peak is measured with do what they say: small whole numbers are exact. */
#include "kernel_data.h"

TEST(chains_equal_the_reference) {
  static const struct { double a, b; int64_t rounds; } cases[] = {{1, 1, 0}, {1, 1, 1}, {1, -2, 17}, {2, 1, 5}, {0.5, 0.5, 9}};
  test_seed = 21;
  EACH_TABLE(k)
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
      const size_t size = (size_t)k->real_size;
      char *got = poisoned((IG__CHAINS + 16) * size), *want = poisoned((IG__CHAINS + 16) * size);
      for (int i = 0; i < IG__CHAINS; i++) put(got, k->real_size, i, random_int(-8, 8));
      memcpy(want, got, IG__CHAINS * size);
      k->fma_chains(got, cases[c].a, cases[c].b, cases[c].rounds);
      oracle(k->real_size)->fma_chains(want, cases[c].a, cases[c].b, cases[c].rounds);
      if (memcmp(got, want, (IG__CHAINS + 16) * size) != 0)
        FAIL_AT(k, "fma_chains", "%g, %g, %lld rounds", cases[c].a, cases[c].b, (long long)cases[c].rounds);
      free(got), free(want);
    }
}
