/* Spatial dropout (Tompson et al., CVPR 2015): whole channels of a picture are set to zero in training, the others are divided
 * by 1 − p. Neighbouring pixels of a channel say much the same, so dropping them one by one (dropout) hides little. Which
 * channels is a function of the seed, the step, the node's stream, the sample's key and the channel, as for dropout. */
#include "ops/dropout.h"
#include "ops/lanes.h"

static const ig__option table[] = {
  IG__POSITIONAL(ig__dropout_options, p, "0.5", 0, 0.999, "", "probability that a channel is set to zero in training"),
  IG__OPTIONS_END };

static ig_status infer(ig__infer *i) {
  const ig__shape *x = &i->in[0]->shape;
  char text[96];
  IG__TRY(ig__check_real("dropout2d", i, 0));
  if (!ig__shape_is_image(x))
    return ig__fail(IG_BAD_MODEL, "dropout2d drops channels of pictures, got %s; dropout takes values of any shape",
                    ig__shape_text(text, x));
  i->out[0].shape = *x;
  return IG_OK;
}

static ig__value build(ig__layer *l, const void *options, int in_count, const ig__value *in) {
  return ig__dropout_build(l, &ig__op_dropout2d, options, in_count, in);
}

/* Factors of the 16 channels of a block, by 16 bits each; zero past the last channel. */
static void make_factors(const ig__run *r, uint64_t key, int c, int block, ig__lane_values *to) {
  const ig__dropout_options *o = r->options;
  const uint32_t threshold = ig__dropout_threshold(o);
  ig__rng rng = ig__rng_make(key, IG__FOR_DROPOUT, (uint64_t)block, 0);
  memset(to, 0, sizeof *to);
  for (int lane = 0; lane < IG__BLOCK; lane += 2) {
    const uint32_t word = ig__rng_u32(&rng);
    for (int half = 0; half < 2; half++) {
      const bool kept = block * IG__BLOCK + lane + half < c && (word >> 16 * half & 0xffff) >= threshold;
      ig__put(r, to->byte, lane + half, kept ? 1 / (1 - o->p) : 0);
    }
  }
}

static void run(const ig__run *r) {
  const ig__image *x = &r->in[0].image, *y = &r->out[0].image;
  const ig__plane plane = ig__plane_of(2, (const ig__image *[]){x, y});
  const ig__lane_values nothing = {{0}};
  for (int n = r->n0; n < r->n1; n++) {
    const uint64_t key = ig__dropout_key(r, n);
    for (int block = 0; block < ig__channel_blocks(&r->in[0]); block++) {
      ig__lane_values factors;
      make_factors(r, key, x->c, block, &factors);
      for (int row = 0; row < plane.rows; row++)
        r->k->affine_lanes(ig__plane_row(r, y, n, block, row), ig__plane_row(r, x, n, block, row), &factors, &nothing,
                           plane.pixels);
    }
  }
}

/* Enough channels and a low p: some must survive. */
static bool probe(int index, ig__probe *p) {
  static const ig__dropout_options options[3] = {{0.5, 0}, {0.2, 3}, {0.3, 1}};
  static const int shape[][4] = {
    {2, 8, 3, 5}, {1, 9, 5, 7}, {2, 13, 4, 3}, {1, 15, 3, 3}, {1, 16, 2, 5}, {2, 16, 3, 1}, {1, 17, 1, 7}, {1, 33, 3, 2},
    {3, 12, 2, 2}, {2, 17, 2, 3}, {1, 32, 3, 3}, {5, 10, 2, 7}, {1, 12, 1, 33}, {1, 12, 33, 1}, {2, 31, 1, 1}, {5, 18, 1, 1},
    {3, 15, 2, 2}, {4, 16, 1, 1}, {2, 47, 1, 2}, {1, 48, 3, 3}, {1, 49, 2, 2}, {1, 64, 5, 5}};
  if (index < 0 || index >= (int)(sizeof shape / sizeof shape[0])) return false;
  *p = (ig__probe){.options = &options[index % 3], .training = true, .n = shape[index][0], .in_count = 1};
  p->in[0].shape = ig__shape_make(4, shape[index], true);
  return true;
}

const ig__op ig__op_dropout2d = {
  .name = "dropout2d",
  .help = "sets a random share of the channels to zero in training (spatial dropout)",
  .options = table,
  .options_size = sizeof(ig__dropout_options),
  .min_in = 1,
  .max_in = 1,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_BLOCKED,
  .flags = IG__CHANNELWISE | IG__LAYER | IG__IN_PLACE | IG__RANDOM | IG__LINEAR,
  .infer = infer,
  .derive = ig__dropout_derive,
  .build = build,
  .run = IG__RUN_BOTH(run),
  .probe = probe,
};
