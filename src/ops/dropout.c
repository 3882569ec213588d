/* Dropout (Srivastava et al. 2014), scaled in training: y = x·mask/(1 − p). The mask is a function of the seed, the step, the
 * node's stream, the sample's key and the element's place in the picture, so neither threads nor the order of the batch
 * change it, and the gradient is the same op with the same options. */
#include "ops/dropout.h"
#include "ops/spans.h"

static const ig__option table[] = {
  IG__POSITIONAL(ig__dropout_options, p, "0.5", 0, 0.999, "", "probability that a value is set to zero in training"),
  IG__OPTIONS_END,
};

static ig_status infer(ig__infer *i) {
  char text[96];
  IG__TRY(ig__check_real("dropout", i, 0));
  if (!i->in[0]->shape.batched)
    return ig__fail(IG_BAD_MODEL, "dropout takes values of pictures, got %s", ig__shape_text(text, &i->in[0]->shape));
  i->out[0].shape = i->in[0]->shape;
  return IG_OK;
}

static ig__value build(ig__layer *l, const void *options, int in_count, const ig__value *in) {
  return ig__dropout_build(l, &ig__op_dropout, options, in_count, in);
}

/* ---- masks ---------------------------------------------------------------------------------------------------------- */

/* Philox4x32-10 on WIDE neighbouring counters at a time, in plain loops that become vectors; number for number what ig__philox
 * gives. Each of the 4·WIDE words decides twice, by 16 bits. */
#define WIDE 8
#define GROUP (8 * WIDE)  /* decisions of one call */
#define MASK 512          /* elements that are masked in one go */

static void philox_wide(uint64_t key, uint64_t counter, uint32_t out[4][WIDE]) {
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int i = 0; i < WIDE; i++) {
    out[0][i] = (uint32_t)(counter + (uint64_t)i);
    out[1][i] = (uint32_t)((counter + (uint64_t)i) >> 32);
    out[2][i] = out[3][i] = 0;
  }
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < WIDE; i++) {
      uint64_t p0 = (uint64_t)0xD2511F53u * out[0][i], p1 = (uint64_t)0xCD9E8D57u * out[2][i];
      out[0][i] = (uint32_t)(p1 >> 32) ^ out[1][i] ^ k0;
      out[1][i] = (uint32_t)p1;
      out[2][i] = (uint32_t)(p0 >> 32) ^ out[3][i] ^ k1;
      out[3][i] = (uint32_t)p0;
    }
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

/* Factors of elements group·GROUP … of a picture: element e of the group is decided by call e%WIDE, word e/WIDE%4, lower half
 * for the first 4·WIDE. */
#define FACTORS(real)                                                                                     \
  static void factors_##real(real *to, const uint32_t words[4][WIDE], uint32_t threshold, real kept) {     \
    for (int w = 0; w < 4; w++)                                                                            \
      for (int i = 0; i < WIDE; i++) to[w * WIDE + i] = (words[w][i] & 0xffff) < threshold ? 0 : kept;     \
    to += 4 * WIDE;                                                                                        \
    for (int w = 0; w < 4; w++)                                                                            \
      for (int i = 0; i < WIDE; i++) to[w * WIDE + i] = words[w][i] >> 16 < threshold ? 0 : kept;          \
  }
FACTORS(float)
FACTORS(double)

static void make_mask(const ig__run *r, uint64_t key, int64_t first, void *mask) {
  const ig__dropout_options *o = r->options;
  uint32_t words[4][WIDE], threshold = ig__dropout_threshold(o);
  double kept = 1 / (1 - o->p);
  for (int g = 0; g < MASK / GROUP; g++) {
    philox_wide(key, (uint64_t)(first / GROUP + g) * WIDE, words);
    if (r->k->real_size == 4) factors_float((float *)mask + g * GROUP, (const uint32_t(*)[WIDE])words, threshold, (float)kept);
    else factors_double((double *)mask + g * GROUP, (const uint32_t(*)[WIDE])words, threshold, kept);
  }
}

static void run(const ig__run *r) {
  const ig__view *views[2] = {&r->out[0], &r->in[0]};
  _Alignas(64) double mask[MASK];
  for (int n = r->n0; n < r->n1; n++) {
    const uint64_t key = ig__dropout_key(r, n);
    int64_t element = 0, made = -1; /* of the picture, in the order of its layout; the first one that `mask` is for */
    for (ig__spans s = ig__spans_of(2, views, n, n + 1); ig__spans_next(&s);)
      for (int64_t at = 0; at < s.length;) {
        int64_t base = element / MASK * MASK, skip = element - base, count = MASK - skip;
        if (count > s.length - at) count = s.length - at;
        if (made != base) make_mask(r, key, base, mask);
        made = base;
        r->k->mul(ig__at(r, views[0], s.at[0] + at), ig__at(r, views[1], s.at[1] + at),
                  (const char *)mask + skip * r->k->real_size, count);
        at += count;
        element += count;
      }
  }
}

/* Enough elements and a low p: some must survive. */
static bool probe(int index, ig__probe *p) {
  static const ig__dropout_options options[3] = {{0.5, 0}, {0.2, 3}, {0.3, 1}};
  static const int shape[][4] = {
    {2, 1, 3, 5}, {1, 3, 5, 7}, {2, 3, 4, 3}, {1, 15, 3, 3}, {1, 16, 2, 5}, {2, 16, 3, 1}, {1, 17, 1, 7}, {1, 33, 3, 2},
    {3, 2, 2, 2}, {2, 17, 2, 3}, {1, 32, 3, 3}, {5, 1, 2, 7}, {1, 2, 1, 33}, {1, 2, 33, 1}, {2, 31, 0, 0}, {5, 7, 0, 0},
    {3, 15, 0, 0}, {4, 16, 0, 0}, {2, 17, 0, 0}, {3, 33, 0, 0}, {7, 10, 0, 0}, {1, 64, 0, 0}};
  if (index < 0 || index >= (int)(sizeof shape / sizeof shape[0])) return false;
  *p = (ig__probe){.options = &options[index % 3], .training = true, .n = shape[index][0], .in_count = 1};
  p->in[0].shape = ig__shape_make(shape[index][2] ? 4 : 2, shape[index], true);
  return true;
}

const ig__op ig__op_dropout = {
  .name = "dropout",
  .help = "sets a random share of the values to zero in training (dropout)",
  .options = table,
  .options_size = sizeof(ig__dropout_options),
  .min_in = 1,
  .max_in = 1,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_BLOCKED, /* elements are counted in the blocked order */
  .flags = IG__CHANNELWISE | IG__LAYER | IG__IN_PLACE | IG__RANDOM | IG__LINEAR,
  .infer = infer,
  .derive = ig__dropout_derive,
  .build = build,
  .run = IG__RUN_BOTH(run),
  .probe = probe,
};
