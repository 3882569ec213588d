/* A run keeps which kernels its convolutions take, and goes on by the same, whatever this version would choose. */
#include "train/checkpoint.h"
#include "runs.h"

#include <string.h>

static const char *two_convs(void) {
  return write_text("two_convs.txt", "input 1 28 28\nconv2d 16 k=3 pad=1 relu\nconv2d 32 k=3 pad=1 relu\n"
                                     "maxpool2d 4\ndense classes\n");
}

/* The same text with other words, of the same length, at every place of `from`. */
static int replace_all(char *text, size_t size, const char *from, const char *to) {
  int count = 0;
  for (char *at = text; (at = memmem(at, size - (size_t)(at - text), from, strlen(from))); count++) memcpy(at, to, strlen(to));
  return count;
}

/* How the plan of a training step reads; the choices given are `given`, those made go to `made` (the caller frees it). */
static char *plan_of(ig_context *context, const char *conv, const char *given, ig__choices *made) {
  ig__model *model;
  ig__source *source;
  ig__network net;
  ig__buffer text = {0};
  *made = (ig__choices){.given = given};
  CHECK_OK(ig__model_any(context, two_convs(), NULL, 10, 4, 1, &model));
  CHECK_OK(ig__source_open("digits train=50", NULL, &source));
  CHECK_OK(ig__network_new(context, &(ig__network_request){.model = model, .data = &source->info, .loss = "cross_entropy", .conv = conv,
                           .n = 64, .training = true, .gradients = true, .choices = made}, &net));
  CHECK_OK(ig__plan_describe(net.plan, &text));
  ig__network_free(&net);
  ig__source_close(source);
  ig__model_free(model);
  return (char *)text.data;
}

static int lines_of(const char *text) {
  int count = 0;
  for (; *text; text++) count += *text == '\n';
  return count;
}

TEST(choices_given_are_taken) {
  ig_context *context = threads(1);
  ig__choices cheapest, direct, again, unknown;
  char *a = plan_of(context, "auto", NULL, &cheapest), *b = plan_of(context, "direct", NULL, &direct);
  CHECK_INT(lines_of((char *)cheapest.made.data), 5); /* twice forward and dw, dx once */
  CHECK_HAS((char *)cheapest.made.data, "conv2d_dx 16 -> 32, 28 x 28, kernel 3 x 3, stride 1 x 1");
  CHECK_HAS((char *)cheapest.made.data, "n 64, training: winograd 4\n");
  CHECK(!strstr((char *)direct.made.data, "winograd"));
  CHECK(strcmp(a, b) != 0);
  /* The other version's answers to the same questions: its plan. */
  char *c = plan_of(context, "auto", (char *)direct.made.data, &again);
  CHECK_STR(c, b);
  CHECK_STR((char *)again.made.data, (char *)direct.made.data);
  /* Questions that were not asked and ways that are not there leave the cheapest. */
  char *d = plan_of(context, "auto", "conv2d 1 -> 2: direct\nconv2d_dw\n\nconv2d 16 -> 32, 28 x 28: fft", &unknown);
  CHECK_STR(d, a);
  ig__choices *const all[] = {&cheapest, &direct, &again, &unknown};
  for (int i = 0; i < 4; i++) ig__buffer_free(&all[i]->made);
  ig__free(a);
  ig__free(b);
  ig__free(c);
  ig__free(d);
  ig_context_free(context);
}

/* The choices in a run's checkpoint are put in place of others of the same length, with the hash that belongs to them. */
static void alter_choices(const char *run, const char *from, const char *to) {
  char path[1100];
  uint8_t *bytes;
  size_t size;
  ig__checkpoint c;
  snprintf(path, sizeof path, "%s/checkpoint", run);
  CHECK_OK(ig__file_read(path, SIZE_MAX, &bytes, &size));
  CHECK_OK(ig__checkpoint_parse(bytes, size, path, &c));
  for (int i = 0; i < c.count; i++) {
    if (strcmp(c.section[i].name, "choices") != 0) continue;
    uint8_t *text = bytes + (c.section[i].data - bytes);
    CHECK(replace_all((char *)text, (size_t)c.section[i].size, from, to) > 0);
    const uint64_t hash = ig__hash(text, (size_t)c.section[i].size, 0);
    for (int k = 0; k < 8; k++) text[k - 8] = (uint8_t)(hash >> 8 * k);
  }
  CHECK_OK(ig__file_write_atomic(path, bytes, size));
  ig__free(bytes);
}

TEST(choices_are_kept_with_a_run) {
  ig_context *context = threads(1);
  const char *run = in_folder("choices"), *whole = in_folder("choices_whole"), *model = two_convs();
  char *kept;
  ig__checkpoint *c;
  ig_train_result r;
  remove_run(run);
  remove_run(whole);
  RUN(context, "data", "digits train=128 test=10", "model", model, "batch", "64", "epochs", "2", "out", whole);
  RUN(context, "data", "digits train=128 test=10", "model", model, "batch", "64", "epochs", "1", "out", run);
  CHECK_OK(ig__checkpoint_open(run, &c));
  CHECK_OK(ig__checkpoint_choices(c, &kept));
  ig__checkpoint_close(c);
  CHECK_HAS(kept, "n 64, training: winograd 4\n");
  CHECK_HAS(kept, ", inference: "); /* validation too: it decides which weights are the best */
  ig__free(kept);
  /* They are used: with others it is another plan, which the checkpoint was not made with. */
  alter_choices(run, "training: winograd 4", "training: winograd 2");
  CHECK_INT(TRAIN(context, &r, NULL, "resume", run, "epochs", "2"), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "another version of imgrad");
  alter_choices(run, "training: winograd 2", "training: winograd 4");
  RUN(context, "resume", run, "epochs", "2");
  CHECK(hash_of_model(run) == hash_of_model(whole));
  ig_context_free(context);
}
