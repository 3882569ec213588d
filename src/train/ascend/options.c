/* The options of ascend. */
#include "train/ascend/ascend.h"

#define OPT(member, fallback, min, max, unit, help) IG__OPTION(ig_ascend_options, member, fallback, min, max, unit, help)
#define TEXT(member, fallback, help) IG__OPTION(ig_ascend_options, member, fallback, 0, 0, "", help)

const ig__option ig__ascend_table[] = {
  TEXT(run, "", "run folder or .safetensors file"),
  TEXT(out, "", "folder for the pictures; default ascend, saliency or fool in the run's folder"),
  TEXT(classes, "", "whose picture is made: \"cat, dog\", names or numbers; * or, without --filters, nothing: all"),
  TEXT(filters, "", "channels of lines whose picture is made: \"conv2d1:*, conv2d2:0-7\""),
  OPT(saliency, "no", 0, 1, "", "show which pixels answers hang on instead"),
  OPT(fool, "no", 0, 1, "", "look for the smallest changes that turn answers instead"),
  OPT(steps, "300", 1, 1000000, "", "of the ascent"),
  OPT(rate, "0.05", 1e-6, 10, "", "root mean square of the first step over the pixels, which are 0 … 1; it falls to 0"),
  OPT(tv, "0.3", 0, 1e6, "", "weight of the total variation, beside a slope of root mean square 1"),
  OPT(l2, "0.5", 0, 1e6, "", "weight of the squared distance from grey, the same"),
  OPT(jitter, "-1", -1, 4096, "pixels", "each step sees the picture shifted by lot, this far at most; -1: a sixteenth of its side"),
  TEXT(target, "", "class that is explained, default the answer; that pictures are to be taken for, default any other"),
  TEXT(data, "", "pictures when no files are named; default: the data of the run"),
  TEXT(part, "", "test, val or train of the data; default: the first of them that there is"),
  OPT(limit, "32", 1, IG_ASCEND_PICTURES, "pictures", "looked at, at most"),
  OPT(path, "64", 1, 100000, "points", "of integrated gradients, between baseline and picture"),
  OPT(baseline, "0", 0, 1, "", "grey that integrated gradients begin at; 0: black, 1: white"),
  OPT(samples, "32", 1, 100000, "", "noisy copies for the smoothed gradient"),
  OPT(noise, "0.15", 0, 10, "", "their deviation, as a share of the picture's range"),
  OPT(epsilon, "0.5", 1e-6, 1, "", "largest change of a pixel that is tried, of 0 … 1; 1/255 is a grey level"),
  OPT(pgd_steps, "20", 1, 100000, "", "of projected gradient descent"),
  TEXT(precision, "f32", "f32 or f64: the real type of weights and arithmetic"),
  TEXT(conv, "", "auto, or direct: no convolution by Winograd, which is faster and rounds a little more; default: as the run"),
  OPT(batch, "32", 1, 1 << 16, "pictures", "pictures at once"),
  OPT(threads, "0", 0, 4096, "", "compute threads; 0: as many as the process may use"),
  OPT(seed, "1", 0, 9e15, "", "of the first noise, the shifts, the noisy copies and the choice of pictures"),
  IG__OPTIONS_END};

ig_ascend_options ig_ascend_options_default(void) {
  ig_ascend_options o = {.batch = 0};
  ig__options_default(ig__ascend_table, &o);
  return o;
}
