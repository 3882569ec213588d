/* Augmentation: what is drawn depends on seed, epoch and key alone; copies are exact; all fields of a sample turn together. */
#include "fake.h"
#include "test.h"

#include "base/file.h"
#include "data/augment.h"

#include <math.h>
#include <string.h>

static const ig__affine same = {.xx = 1, .yy = 1};

static ig__source_info info_of(int c, int h, int w) {
  return (ig__source_info){.field_count = 2, .class_count = 10, .name = "test",
                           .field = {{.name = "image", .role = IG__ROLE_IMAGE, .rank = 3, .dim = {c, h, w}},
                                     {.name = "label", .role = IG__ROLE_LABEL, .type = IG__FIELD_I32}}};
}

static ig__field plane(int h, int w) { return (ig__field){.name = "image", .role = IG__ROLE_IMAGE, .rank = 3, .dim = {1, h, w}}; }

static void noise(uint8_t *p, size_t count, uint64_t seed) {
  ig__rng r = ig__rng_make(seed, IG__FOR_TEST, 0, 0);
  for (size_t i = 0; i < count; i++) p[i] = (uint8_t)ig__rng_u32(&r);
}

static int mirror(int i, int n) {
  while (n > 1 && (i < 0 || i >= n)) i = i < 0 ? -i : 2 * (n - 1) - i;
  return n > 1 ? i : 0;
}

TEST(flips_and_shifts_copy_exactly) {
  static const int side[] = {1, 2, 3, 7, 8, 9, 16, 31, 32};
  uint8_t from[32 * 32], to[32 * 32];
  noise(from, sizeof from, 1);
  for (int i = 0; i < 9 * 9; i++)
    for (int way = 0; way < 4; way++)
      for (int shift = -40; shift <= 40; shift += 5) {
        const int h = side[i / 9], w = side[i % 9], sx = way & 1 ? -1 : 1, sy = way & 2 ? -1 : 1, dx = shift, dy = shift / 3;
        const ig__field field = plane(h, w);
        const ig__affine map = {.xx = sx, .yy = sy, .x0 = dx, .y0 = dy};
        CHECK(ig__affine_is_exact(&map));
        ig__warp(&map, h, w, &field, false, from, to);
        for (int y = 0; y < h; y++)
          for (int x = 0; x < w; x++) {
            const int ox = mirror((sx > 0 ? x : w - 1 - x) + dx, w), oy = mirror((sy > 0 ? y : h - 1 - y) + dy, h);
            CHECK_INT(to[y * w + x], from[oy * w + ox]);
          }
      }
}

/* Turned and enlarged, a picture that is a slope stays that slope, turned. */
TEST(resampling_keeps_a_slope) {
  enum { H = 24, W = 40 };
  uint8_t from[H * W], to[H * W];
  const ig__field field = plane(H, W);
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++) from[y * W + x] = (uint8_t)(20 + 3 * x + 4 * y);
  for (int k = 0; k < 50; k++) {
    ig__rng r = ig__rng_make(3, IG__FOR_TEST, (uint64_t)k, 0);
    const double a = ig__rng_range(&r, -0.1, 0.1), size = ig__rng_range(&r, 0.4, 0.7);
    const ig__affine m = {size * ig__cosine(a), -size * ig__cosine(a - 0.25), ig__rng_range(&r, -1, 1),
                          size * ig__cosine(a - 0.25), size * ig__cosine(a), ig__rng_range(&r, -1, 1)};
    ig__warp(&m, H, W, &field, false, from, to);
    for (int y = 0; y < H; y++)
      for (int x = 0; x < W; x++) {
        const double cx = x - 0.5 * (W - 1), cy = y - 0.5 * (H - 1);
        const double ox = m.xx * cx + m.xy * cy + m.x0 + 0.5 * (W - 1), oy = m.yx * cx + m.yy * cy + m.y0 + 0.5 * (H - 1);
        if (ox < 0 || ox > W - 1 || oy < 0 || oy > H - 1) continue;
        CHECK_NEAR(to[y * W + x], 20 + 3 * ox + 4 * oy, 0.56);
      }
  }
}

TEST(resampling_by_nothing_changes_nothing) {
  uint8_t from[15 * 9], to[15 * 9];
  const ig__field field = plane(15, 9);
  noise(from, sizeof from, 2);
  for (int nearest = 0; nearest < 2; nearest++) {
    ig__affine m = same;
    m.xy = 1e-13; /* not exact, so that it is resampled */
    ig__warp(&m, 15, 9, &field, nearest, from, to);
    CHECK(memcmp(from, to, sizeof to) == 0);
  }
}

/* Two after one another are the one that follow() makes of them, where no border is touched. */
TEST(maps_follow_each_other) {
  enum { N = 33 };
  uint8_t from[N * N], between[N * N], twice[N * N], once[N * N];
  const ig__field field = plane(N, N);
  const ig__affine turn = {.xx = 0, .xy = -1, .yx = 1, .yy = 0}, shift = {.xx = 1, .yy = 1, .x0 = 3, .y0 = -2};
  noise(from, sizeof from, 4);
  ig__affine both = turn;
  ig__affine_follow(&both, &shift);
  ig__warp(&turn, N, N, &field, false, from, between);
  ig__warp(&shift, N, N, &field, false, between, twice);
  ig__warp(&both, N, N, &field, false, from, once);
  CHECK(memcmp(once, twice, sizeof once) == 0);
}

/* A mask of half the size, holding only class numbers, follows its picture. */
TEST(masks_turn_with_their_pictures) {
  ig__source_info info = info_of(1, 64, 64);
  info.field[2] = (ig__field){.name = "mask", .role = IG__ROLE_MASK, .rank = 2, .dim = {32, 32}};
  info.field_count = 3;
  ig__augment *a;
  static uint8_t image[64 * 64], mask[32 * 32], scratch[64 * 64];
  CHECK_OK(ig__augment_new("flip vertical=yes, shift 4, rotate 30, scale 0.2, crop", &info, &a));
  CHECK(ig__augment_room(a) <= sizeof scratch);
  for (uint64_t key = 0; key < 40; key++) {
    int wrong = 0;
    for (int i = 0; i < 64 * 64; i++) image[i] = (i / 64 / 8 + i % 64 / 8) % 3 == 0 ? 200 : 0;
    for (int i = 0; i < 32 * 32; i++) mask[i] = (i / 32 / 4 + i % 32 / 4) % 3 == 0 ? 7 : 0;
    ig__augment_sample(a, 1, 1, key, (void *const[]){image, &(int32_t){0}, mask}, scratch);
    for (int y = 0; y < 32; y++)
      for (int x = 0; x < 32; x++) {
        const uint8_t *p = image + 2 * y * 64 + 2 * x;
        CHECK(mask[y * 32 + x] == 0 || mask[y * 32 + x] == 7);
        bool clear = p[0] == p[1] && p[0] == p[64] && p[0] == p[65]; /* not at an edge */
        wrong += clear && (p[0] == 200) != (mask[y * 32 + x] == 7) && (p[0] == 0 || p[0] == 200);
      }
    CHECK(wrong < 20);
  }
  ig__augment_free(a);
}

static uint64_t hash_of(const ig__augment *a, uint64_t seed, int64_t epoch, uint64_t key) {
  uint8_t image[3 * 11 * 13], scratch[sizeof image];
  noise(image, sizeof image, 9);
  ig__augment_sample(a, seed, epoch, key, (void *const[]){image, &(int32_t){0}}, scratch);
  return ig__hash(image, sizeof image, 0);
}

/* Each kind by itself: other lots give other pictures, the same lots the same. */
TEST(lots_are_seed_epoch_and_key) {
  const ig__source_info info = info_of(3, 11, 13);
  for (int i = 0; ig__augment_kinds[i]; i++) {
    ig__augment *a;
    int other[3] = {0};
    if (ig__augment_kinds[i]->mix) continue;
    CHECK_OK(ig__augment_new(ig__augment_kinds[i]->name, &info, &a));
    for (uint64_t key = 0; key < 20; key++) {
      CHECK(hash_of(a, 1, 1, key) == hash_of(a, 1, 1, key));
      other[0] += hash_of(a, 1, 1, key) != hash_of(a, 2, 1, key);
      other[1] += hash_of(a, 1, 1, key) != hash_of(a, 1, 2, key);
      other[2] += hash_of(a, 1, 1, key) != hash_of(a, 1, 1, key + 100);
    }
    for (int k = 0; k < 3; k++) CHECK(other[k] > 3);
    ig__augment_free(a);
  }
}

/* What stands behind in the list changes nothing of what stands before: flip alone is flip with a scale of nothing. */
TEST(items_draw_for_themselves) {
  const ig__source_info info = info_of(3, 11, 13);
  ig__augment *one, *two;
  CHECK_OK(ig__augment_new("flip", &info, &one));
  CHECK_OK(ig__augment_new("flip, scale 0, brightness 0, erase 0, rotate 0", &info, &two));
  for (uint64_t key = 0; key < 20; key++) CHECK(hash_of(one, 1, 3, key) == hash_of(two, 1, 3, key));
  ig__augment_free(one);
  ig__augment_free(two);
}

TEST(values_change_as_said) {
  ig__change c = {.map = same, .gain = 1};
  for (int i = 0; ig__augment_kinds[i]; i++) {
    const ig__augment_kind *kind = ig__augment_kinds[i];
    bool contrast = strcmp(kind->name, "contrast") == 0;
    if (!contrast && strcmp(kind->name, "brightness") != 0) continue;
    for (uint32_t k = 0; k < 100; k++) {
      ig__rng r = ig__rng_make(1, IG__FOR_TEST, 0, k);
      c.gain = 1, c.lift = 0;
      kind->draw(&(double){0.3}, &r, 8, 8, &c);
      CHECK(c.gain >= 0.7 && c.gain <= 1.3);
      CHECK_NEAR(c.lift, contrast ? 1 - c.gain : 0, 1e-15);
    }
  }
}

TEST(erase_wipes_one_square) {
  ig__source_info info = info_of(2, 20, 30);
  ig__augment *a;
  uint8_t image[2 * 20 * 30], before[sizeof image], scratch[sizeof image];
  CHECK_OK(ig__augment_new("erase 6", &info, &a));
  for (uint64_t key = 0; key < 100; key++) {
    for (size_t i = 0; i < sizeof image; i++) before[i] = (uint8_t)(i < 600 ? i % 2 * 100 : 200 + i % 2 * 50);
    memcpy(image, before, sizeof image);
    ig__augment_sample(a, 1, 1, key, (void *const[]){image, &(int32_t){0}}, scratch);
    int changed = 0;
    for (int i = 0; i < 600; i++) {
      changed += image[i] != before[i];
      CHECK((image[i] != before[i]) == (image[600 + i] != before[600 + i]));
      CHECK(image[i] == before[i] || (image[i] == 50 && image[600 + i] == 225));
    }
    CHECK(changed >= 9 && changed <= 36);
  }
  ig__augment_free(a);
}

TEST(beta_has_its_moments) {
  static const double alpha[] = {0.1, 0.2, 1, 3};
  for (int k = 0; k < 4; k++) {
    ig__rng r = ig__rng_make(1, IG__FOR_TEST, (uint64_t)k, 0);
    double sum = 0, squares = 0;
    const int n = 20000;
    for (int i = 0; i < n; i++) {
      const double v = ig__rng_beta(&r, alpha[k]);
      CHECK(v >= 0 && v <= 1);
      sum += v;
      squares += (v - 0.5) * (v - 0.5);
    }
    CHECK_NEAR(sum / n, 0.5, 0.015);
    CHECK_NEAR(squares / n, 0.25 / (2 * alpha[k] + 1), 0.004);
  }
}

TEST(mixup_mixes_pictures_and_targets) {
  const ig__source_info info = info_of(1, 2, 2);
  ig__augment *a;
  CHECK_OK(ig__augment_new("mixup 1", &info, &a));
  CHECK(ig__augment_mixes(a) && !ig__augment_mixes(NULL));
  for (int n = 1; n < 6; n++) {
    uint8_t image[20];
    int32_t label[5];
    uint64_t key[5];
    float target[5 * 10];
    for (int i = 0; i < n; i++) {
      memset(image + 4 * i, 40 * i, 4);
      label[i] = i * 2;
      key[i] = (uint64_t)i;
    }
    const ig__batch batch = {.n = n, .field = {image, label}, .key = key};
    ig__augment_mix(a, 1, 1, &batch, 1, 10, target);
    for (int i = 0; i < n; i++) {
      double sum = 0, expected = 0;
      int best = 0;
      for (int c = 0; c < 10; c++) {
        sum += (double)target[10 * i + c];
        expected += (double)target[10 * i + c] * 20 * c;
        if (target[10 * i + c] > target[10 * i + best]) best = c;
      }
      CHECK_NEAR(sum, 1, 1e-6);
      CHECK_NEAR(image[4 * i], expected, 0.51);
      CHECK(best == label[i] || target[10 * i + best] == 0.5f);
    }
  }
  ig__augment_free(a);
}

TEST(mistakes_are_named) {
  ig__source_info info = info_of(1, 4, 4);
  ig__augment *a;
  CHECK_OK(ig__augment_new("  ", &info, &a));
  CHECK(a == NULL);
  CHECK_STATUS(ig__augment_new("flipp", &info, &a), IG_USAGE);
  CHECK_HAS(ig_last_error(), "did you mean flip");
  CHECK_STATUS(ig__augment_new("flip, flip", &info, &a), IG_USAGE);
  CHECK_STATUS(ig__augment_new("flip,, shift", &info, &a), IG_USAGE);
  CHECK_STATUS(ig__augment_new("shift -1", &info, &a), IG_USAGE);
  CHECK_STATUS(ig__augment_new("rotate 10 20", &info, &a), IG_USAGE);
  info.field[0].type = IG__FIELD_F32;
  CHECK_STATUS(ig__augment_new("flip", &info, &a), IG_USAGE);
  CHECK_HAS(ig_last_error(), "bytes");
  CHECK(a == NULL);
}

/* Batches of a whole pass: the same for any number of threads, and after a broken sample. */
static uint64_t hash_of_pass(int threads, int batch, bool (*broken)(int64_t), int64_t epoch) {
  enum { COUNT = 200 };
  fake f = {.broken = broken, .delay = 200};
  const ig__source source = fake_source(&f, COUNT, 0, 0, 3);
  ig__ref refs[COUNT];
  ig__augment *a;
  ig__loader *loader;
  const ig__batch *b;
  uint64_t sum = 0;
  for (int64_t i = 0; i < COUNT; i++) refs[i] = (ig__ref){IG__TRAIN, i, fake_key(NULL, IG__TRAIN, i)};
  CHECK_OK(ig__augment_new("flip, shift 2, rotate, brightness, erase 2", &source.info, &a));
  CHECK_OK(ig__loader_new(&source, &(ig__loader_options){.batch = batch, .threads = threads, .depth = 2, .augment = a, .seed = 3}, &loader));
  ig__loader_epoch(loader, epoch);
  CHECK_OK(ig__loader_start(loader, refs, COUNT, 0));
  for (;;) {
    CHECK_OK(ig__loader_next(loader, &b));
    if (!b) break;
    for (int i = 0; i < b->n; i++)
      if (b->ref[i].index % 5) sum += ig__hash((const uint8_t *)b->field[0] + i * FAKE_BYTES, FAKE_BYTES, b->key[i]);
  }
  ig__loader_free(loader);
  ig__augment_free(a);
  return sum;
}

static bool every_fifth(int64_t i) { return i % 5 == 0; }

TEST(passes_do_not_depend_on_threads_or_neighbours) {
  const uint64_t want = hash_of_pass(1, 16, NULL, 2);
  CHECK(hash_of_pass(3, 16, NULL, 2) == want);
  CHECK(hash_of_pass(4, 7, every_fifth, 2) == want);
  CHECK(hash_of_pass(1, 16, NULL, 3) != want);
}
