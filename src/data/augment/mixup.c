/* mixup: pictures of a batch are mixed in pairs, and so are their targets (Zhang, Cissé, Dauphin, Lopez-Paz 2018). The picture
 * itself has the larger share, so its own class is still the most probable one, and accuracy on mixed pictures has a meaning. */
#include "data/augment.h"

typedef struct { double alpha; } mixup_options;

static const ig__option table[] = {
  IG__POSITIONAL(mixup_options, alpha, "0.2", 0.01, 4, "", "shares are drawn from Beta(alpha, alpha): the larger, the more is mixed"),
  IG__OPTIONS_END};

static double mix(const void *options, ig__rng *rng) {
  const double share = ig__rng_beta(rng, ((const mixup_options *)options)->alpha);
  return share < 0.5 ? 1 - share : share;
}

const ig__augment_kind ig__augment_mixup = {
  .name = "mixup", .help = "pictures and targets mixed in pairs", .options = table, .options_size = sizeof(mixup_options), .mix = mix};
