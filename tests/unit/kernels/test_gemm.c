/* The matrix product of every instruction set and real type against the reference. */
#include "unit/kernels/conv_case.h"

/* Matrices with NaN wherever they may not be read. */
typedef struct product {
  ig__gemm p;
  int real_size;
  int64_t c_count;
  void *a, *b, *c, *bias;
} product;

static void *nan_array(int64_t count, int real_size) {
  void *data = malloc((size_t)count * (size_t)real_size);
  for (int64_t i = 0; i < count; i++) put(data, real_size, i, NAN);
  return data;
}

static void fill_b(dice *d, product *r, bool packed, bool integers) {
  ig__gemm *p = &r->p;
  const int64_t blocks = (p->n + 15) / 16;
  p->b_row = packed ? 16 : p->n + roll(d, 0, 5);
  p->b_block = packed ? 16 * p->k + 16 * roll(d, 0, 1) : 16;
  if (packed && p->b_block == 16) p->b_block = 32;
  r->b = nan_array(packed ? blocks * p->b_block + 16 : p->k * p->b_row + 16, r->real_size);
  p->b = (const char *)r->b;
  for (int64_t i = 0; i < p->k; i++)
    for (int64_t j = 0; j < (packed ? blocks * 16 : p->n); j++)
      put(r->b, r->real_size, j / 16 * p->b_block + i * p->b_row + j % 16, j < p->n ? value(d, integers) : 0);
}

static product product_new(dice *d, int real_size, int64_t m, int64_t n, int64_t k, bool integers) {
  product r = { .p = { .m = m, .n = n, .k = k }, .real_size = real_size };
  ig__gemm *p = &r.p;
  const bool transposed = roll(d, 0, 1);
  p->a_row = transposed ? 1 : k + roll(d, 0, 3);
  p->a_col = transposed ? m + roll(d, 0, 3) : 1;
  r.a = nan_array(m * p->a_row + k * p->a_col + 1, real_size);
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < k; j++) put(r.a, real_size, i * p->a_row + j * p->a_col, value(d, integers));
  fill_b(d, &r, roll(d, 0, 1), integers);
  p->c_row = n + roll(d, 0, 20);
  p->accumulate = roll(d, 0, 1);
  r.c_count = m * p->c_row + 1;
  r.c = nan_array(r.c_count, real_size);
  for (int64_t i = 0; i < m && p->accumulate; i++)
    for (int64_t j = 0; j < n; j++) put(r.c, real_size, i * p->c_row + j, value(d, integers));
  r.bias = malloc((size_t)((n + 15) / 16 * 16 * real_size));
  for (int64_t j = 0; j < (n + 15) / 16 * 16; j++) put(r.bias, real_size, j, j < n ? value(d, integers) : 0);
  p->epilogue = (ig__epilogue){ .bias = roll(d, 0, 1) ? r.bias : NULL, .relu = roll(d, 0, 1) };
  p->a = r.a;
  return r;
}

static void product_free(product *r) { free(r->a), free(r->b), free(r->c), free(r->bias); }

/* A fresh copy of C with A·B in it, computed in pieces of rows and of column blocks. */
static void *multiply(const ig__kernels *t, const product *r, int64_t rows, int64_t columns) {
  void *c = malloc((size_t)(r->c_count * r->real_size));
  memcpy(c, r->c, (size_t)(r->c_count * r->real_size));
  for (int64_t i = 0; i < r->p.m; i += rows)
    for (int64_t j = 0; j < r->p.n; j += columns) {
      ig__gemm p = r->p;
      p.m = p.m - i < rows ? p.m - i : rows;
      p.n = p.n - j < columns ? p.n - j : columns;
      p.a = (const char *)p.a + i * p.a_row * r->real_size;
      p.b = (const char *)p.b + j / 16 * p.b_block * r->real_size;
      p.c = (char *)c + (i * p.c_row + j) * r->real_size;
      if (p.epilogue.bias) p.epilogue.bias = (const char *)p.epilogue.bias + j * r->real_size;
      t->gemm(&p);
    }
  return c;
}

#define CHECK_PRODUCT(cond, isa, r)                                                                                     \
  do {                                                                                                                  \
    if (!(cond))                                                                                                        \
      test_fail(__FILE__, __LINE__, "%s: %s f%d m %d n %d k %d a_row %d b_block %d accumulate %d", #cond,               \
                ig__isa_name(isa), (r)->real_size * 8, (int)(r)->p.m, (int)(r)->p.n, (int)(r)->p.k, (int)(r)->p.a_row,  \
                (int)(r)->p.b_block, (r)->p.accumulate);                                                                \
  } while (0)

static void products(uint64_t seed, int cases, bool integers, int64_t most_k) {
  dice d = { seed };
  for (int i = 0; i < cases; i++) {
    const int size = i % 2 ? 8 : 4;
    const int64_t m = roll(&d, 0, 2) ? roll(&d, 1, 40) : roll(&d, 1, 4), n = roll(&d, 0, 2) ? roll(&d, 1, 200) : roll(&d, 1, 33);
    product r = product_new(&d, size, m, n, roll(&d, 0, (int)most_k), integers);
    void *want = multiply(ig__kernels_for(integers ? IG__ISA_REFERENCE : FUSED, size), &r, m, n);
    for (ig__isa isa = integers ? IG__ISA_BASELINE : FUSED; isa < IG__ISA_COUNT; isa++) {
      if (!ig__isa_usable(isa)) continue;
      void *got = multiply(ig__kernels_for(isa, size), &r, roll(&d, 1, (int)m), 16 * roll(&d, 1, 13));
      CHECK_PRODUCT(same(got, want, r.c_count, size), isa, &r);
      free(got);
    }
    free(want);
    product_free(&r);
  }
}

TEST(gemm_equals_reference) {
  products(1, 500, true, 60);
  products(2, 60, true, 700);
}

TEST(gemm_many_rows_and_long_sums) {
  dice d = { 3 };
  const int64_t shapes[][3] = { { 500, 33, 40 }, { 700, 16, 210 }, { 241, 70, 9 }, { 2, 20, 100000 }, { 14, 5, 30000 } };
  for (int i = 0; i < 20; i++) {
    product r = product_new(&d, i % 2 ? 8 : 4, shapes[i % 5][0], shapes[i % 5][1], shapes[i % 5][2], true);
    void *want = multiply(ig__kernels_for(IG__ISA_REFERENCE, r.real_size), &r, r.p.m, r.p.n);
    for (ig__isa isa = IG__ISA_BASELINE; isa < IG__ISA_COUNT; isa++) {
      if (!ig__isa_usable(isa)) continue;
      void *got = multiply(ig__kernels_for(isa, r.real_size), &r, r.p.m, r.p.n);
      CHECK_PRODUCT(same(got, want, r.c_count, r.real_size), isa, &r);
      free(got);
    }
    free(want);
    product_free(&r);
  }
}

TEST(gemm_bits_do_not_depend_on_cuts_or_vector_width) {
  if (!ig__isa_usable(FUSED)) test_skip("no FMA here");
  products(4, 200, false, 600);
}

/* Rows by rows, with rows of A and B longer than k and NaN behind them. `cut`: rows of A at a time. */
static void *rows_by_rows(const ig__kernels *t, int size, const int64_t mnk[3], const void *a, const void *b, int64_t cut) {
  const int64_t m = mnk[0], n = mnk[1], k = mnk[2], c_row = n + 3;
  void *c = nan_array(m * c_row, size);
  for (int64_t i = 0; i < m; i += cut)
    t->gemm_rows(m - i < cut ? m - i : cut, n, k, (const char *)a + i * (k + 2) * size, k + 2, b, k + 1, (char *)c + i * c_row * size, c_row);
  return c;
}

TEST(gemm_rows_equals_reference_and_is_cut_at_will) {
  dice d = { 6 };
  for (int i = 0; i < 300; i++) {
    const int size = i % 2 ? 8 : 4;
    const bool integers = i % 3 > 0;
    const int64_t mnk[] = { roll(&d, 1, 11), roll(&d, 1, 21), roll(&d, i % 5 ? 1 : 0, i % 4 ? 70 : 700) };
    void *a = nan_array(mnk[0] * (mnk[2] + 2), size), *b = nan_array(mnk[1] * (mnk[2] + 1), size);
    for (int64_t r = 0; r < mnk[0]; r++)
      for (int64_t k = 0; k < mnk[2]; k++) put(a, size, r * (mnk[2] + 2) + k, value(&d, integers));
    for (int64_t r = 0; r < mnk[1]; r++)
      for (int64_t k = 0; k < mnk[2]; k++) put(b, size, r * (mnk[2] + 1) + k, value(&d, integers));
    const ig__isa first = integers ? IG__ISA_REFERENCE : FUSED;
    if (!ig__isa_usable(first)) test_skip("no FMA here");
    void *want = rows_by_rows(ig__kernels_for(first, size), size, mnk, a, b, mnk[0]);
    for (ig__isa isa = first + 1; isa < IG__ISA_COUNT; isa++) {
      if (!ig__isa_usable(isa)) continue;
      void *got = rows_by_rows(ig__kernels_for(isa, size), size, mnk, a, b, roll(&d, 1, (int)mnk[0]));
      if (!same(got, want, mnk[0] * (mnk[1] + 3), size))
        test_fail(__FILE__, __LINE__, "%s f%d m %d n %d k %d", ig__isa_name(isa), size * 8, (int)mnk[0], (int)mnk[1], (int)mnk[2]);
      free(got);
    }
    free(want), free(a), free(b);
  }
}

TEST(gemm_pack_transposed_pads_with_zeros) {
  dice d = { 5 };
  for (int i = 0; i < 60; i++) {
    const int size = i % 2 ? 8 : 4, parts = roll(&d, 1, 4);
    const int64_t n = roll(&d, 1, 70), k = roll(&d, 1, 90), count = (n + 15) / 16 * 16 * k;
    void *b = malloc((size_t)(n * k * size));
    for (int64_t j = 0; j < n * k; j++) put(b, size, j, value(&d, false));
    for (ig__isa isa = IG__ISA_REFERENCE; isa < IG__ISA_COUNT; isa++) {
      if (!ig__isa_usable(isa)) continue;
      void *packed = nan_array(count, size);
      for (int p = 0; p < parts; p++) ig__kernels_for(isa, size)->gemm_pack_transposed(n, k, b, packed, p, parts);
      for (int64_t j = 0; j < count; j++) {
        const int64_t column = j / 16 / k * 16 + j % 16, row = j / 16 % k;
        CHECK(get(packed, size, j) == (column < n ? get(b, size, column * k + row) : 0));
      }
      free(packed);
    }
    free(b);
  }
}
