/* Saving and loading: the same bits, partial matches, damaged files. */
#include "model_test.h"

#include "base/rng.h"

#include <stdlib.h>

static const char small[] = "# small\ninput 1 4 4 mean=.5\nconv2d 2 k=3\nbatchnorm relu\nhead = dense classes softmax\n";

static ig__model *small_model(int real_size) {
  ig__model *m;
  CHECK_OK(ig__model_parse(small, sizeof small - 1, "small.txt", 3, &m));
  CHECK_OK(ig__model_bind(m, real_size, 9));
  for (int i = 0; i < 2; i++) { /* running state that is not what it starts as */
    if (real_size == 4) ((float *)m->states)[i] = .25f + (float)i;
    else ((double *)m->states)[i] = .1 + i;
  }
  return m;
}

static void check_same(const ig__model *a, const ig__model *b) {
  CHECK_STR(a->text, b->text);
  CHECK_INT(a->class_count, b->class_count);
  CHECK_INT(a->param_count, b->param_count);
  CHECK_INT(a->state_count, b->state_count);
  CHECK_INT(a->params_size, b->params_size);
  CHECK_INT(a->real_size, b->real_size);
  CHECK(memcmp(a->params, b->params, (size_t)(a->params_size * a->real_size)) == 0);
  CHECK(memcmp(a->states, b->states, (size_t)(a->states_size * a->real_size)) == 0);
  for (size_t i = 0; i < a->param_count; i++) CHECK_STR(a->param[i].name, b->param[i].name);
}

TEST(round_trip) {
  for (int real_size = 4; real_size <= 8; real_size += 4) {
    ig__model *a = small_model(real_size), *b;
    const char *path = test_path("a.safetensors"), *again = test_path("b.safetensors");
    static char names[3][64] = {"cat", "\"dog\"\\\n", "猫"};
    const char *const meta[] = {"seed", "9", "zzz", "line\nline", "Aaa", "1", NULL};
    a->class_name = ig__alloc(3, 64);
    memcpy(a->class_name, names, sizeof names);
    CHECK_OK(ig__model_save(a, path, meta));
    CHECK_OK(ig__model_load(path, real_size, &b));
    check_same(a, b);
    for (int i = 0; i < 3; i++) CHECK_STR(b->class_name[i], names[i]);
    CHECK_INT(b->version, 1);
    CHECK_OK(ig__model_save(b, again, meta));
    uint8_t *x, *y;
    size_t nx, ny;
    CHECK_OK(ig__file_read(path, 1 << 20, &x, &nx));
    CHECK_OK(ig__file_read(again, 1 << 20, &y, &ny));
    CHECK(nx == ny && memcmp(x, y, nx) == 0);
    CHECK_INT((8 + x[0] + x[1] * 256u) % 64, 0);
    ig__tensors t;
    CHECK_OK(ig__tensors_parse(x, nx, path, &t));
    CHECK_STR(ig__tensors_meta(&t, "model"), small);
    CHECK_STR(ig__tensors_meta(&t, "classes"), "[\"cat\",\"\\\"dog\\\"\\\\\\u000a\",\"猫\"]");
    CHECK_STR(ig__tensors_meta(&t, "format"), "imgrad");
    CHECK_STR(ig__tensors_meta(&t, "imgrad"), IMGRAD_VERSION);
    CHECK_STR(ig__tensors_meta(&t, "zzz"), "line\nline");
    CHECK_INT(t.count, 8);
    ig__tensors_free(&t);
    ig__free(y);
    ig__model_free(a);
    ig__model_free(b);
  }
}

TEST(every_built_in_model) {
  for (const ig__builtin *k = ig__builtins; k->name; k++) {
    ig__model *a, *b;
    CHECK_OK(ig__model_open(k->name, 10, &a));
    if (ig__model_is_open(a)) CHECK_OK(ig__model_fix_input(a, 3, 32, 32));
    CHECK_OK(ig__model_bind(a, 4, 3));
    CHECK_OK(ig__model_save(a, test_path("k.safetensors"), NULL));
    CHECK_OK(ig__model_load(test_path("k.safetensors"), 4, &b));
    check_same(a, b);
    CHECK_STR(b->class_name[9], "9");
    ig__model_free(a);
    ig__model_free(b);
  }
}

TEST(other_precision) {
  ig__model *a = small_model(4), *d, *back;
  CHECK_OK(ig__model_save(a, test_path("f.safetensors"), NULL));
  CHECK_OK(ig__model_load(test_path("f.safetensors"), 8, &d));
  for (int64_t i = 0; i < a->params_size; i++) CHECK(((double *)d->params)[i] == (double)((float *)a->params)[i]);
  CHECK_OK(ig__model_save(d, test_path("d.safetensors"), NULL));
  CHECK_OK(ig__model_load(test_path("d.safetensors"), 4, &back));
  check_same(a, back);
  ig__model_free(back);
  ((double *)d->params)[1] = 1e300; /* no float */
  CHECK_OK(ig__model_save(d, test_path("d.safetensors"), NULL));
  CHECK_STATUS(ig__model_load(test_path("d.safetensors"), 4, &back), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "conv2d1.weight: value 1 is not finite");
  ((float *)a->params)[0] = NAN;
  CHECK_OK(ig__model_save(a, test_path("f.safetensors"), NULL));
  CHECK_STATUS(ig__model_load(test_path("f.safetensors"), 4, &back), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "not finite");
  ig__model_free(a);
  ig__model_free(d);
}

TEST(save_refuses) {
  ig__model *a = small_model(4), *b;
  const char *const twice[] = {"model", "x", NULL};
  CHECK_STATUS(ig__model_save(a, test_path("x.safetensors"), twice), IG_USAGE);
  CHECK_HAS(ig_last_error(), "'model' is there already");
  CHECK(ig__model_save(a, test_path("no/where/x.safetensors"), NULL) != IG_OK);
  CHECK_STATUS(ig__model_load(test_path("missing.safetensors"), 4, &b), IG_USAGE);
  CHECK_STATUS(ig__model_load(test_folder(), 4, &b), IG_BAD_MODEL);
  ig__model_free(a);
}

/* Nothing of the model changes unless all that is taken is good. */
TEST(weights_by_name) {
  ig__model *a = small_model(4), *b, *c;
  ig__buffer unmatched = {NULL, 0, 0, false};
  int matched;
  CHECK_OK(ig__model_save(a, test_path("w.safetensors"), NULL));
  CHECK_OK(parse_text("input 1 4 4\nconv2d 2 k=3\nbatchnorm relu\nhead = dense 5\nextra = dense 2\n", &b));
  CHECK_OK(ig__model_bind(b, 8, 4));
  CHECK_OK(ig__model_load_weights(b, test_path("w.safetensors"), &matched, &unmatched, NULL));
  CHECK_INT(matched, 6);
  CHECK_INT(b->version, 2);
  CHECK_STR((const char *)unmatched.data, "extra.bias: not in the file\nextra.weight: not in the file\n"
                                          "head.bias: 3 in the file, 5 in the model\n"
                                          "head.weight: 3×8 in the file, 5×8 in the model\n");
  for (int64_t i = 0; i < 18; i++) CHECK(((double *)b->params)[i] == (double)((float *)a->params)[i]);
  CHECK(((double *)b->states)[1] == 1.25);
  ig__buffer_free(&unmatched);
  CHECK_OK(parse_text("input 1 4 4\nq = dense 3\n", &c));
  CHECK_OK(ig__model_bind(c, 4, 4));
  CHECK_STATUS(ig__model_load_weights(c, test_path("w.safetensors"), &matched, &unmatched, NULL), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "none of its 8 tensors");
  CHECK_HAS((const char *)unmatched.data, "head.bias: not in the model\n");
  CHECK_INT(matched, 0);
  CHECK_STATUS(ig__model_load_weights(c, test_path("w.safetensors"), &matched, NULL, NULL), IG_BAD_MODEL);
  ig__buffer_free(&unmatched);
  ig__model_free(a);
  ig__model_free(b);
  ig__model_free(c);
}

/* ---- weights of other classes -------------------------------------------------------------------------------------------- */

/* conv2d1, and a last layer of three numbers a class; weights numbered from `first` on. */
static ig__model *with_classes(int count, const char *const *name, double first, int real_size, const char *end) {
  char text[128];
  ig__model *m;
  snprintf(text, sizeof text, "input 1 3 1\nconv2d 1 k=1\nflatten\n%s\n", end);
  CHECK_OK(ig__model_parse(text, strlen(text), "classes.txt", count, &m));
  CHECK_OK(ig__model_bind(m, real_size, 9));
  m->class_name = ig__alloc((size_t)count, 64);
  for (int c = 0; c < count; c++) snprintf(m->class_name[c], 64, "%s", name[c]);
  for (int64_t i = 0; i < m->params_size; i++) {
    if (real_size == 4) ((float *)m->params)[i] = (float)(first + (double)i);
    else ((double *)m->params)[i] = first + (double)i;
  }
  return m;
}

/* Value `i` of row `row` of the last layer's weight (column 3: its bias). */
static double head_at(const ig__model *m, int row, int i) {
  const ig__param *p = &m->param[m->param_count - (i == 3 ? 1 : 2)];
  const int64_t at = p->offset + (i == 3 ? row : 3 * row + i);
  return m->real_size == 4 ? (double)((float *)m->params)[at] : ((double *)m->params)[at];
}

TEST(rows_of_classes_by_name) {
  static const char *const old[] = {"cat", "dog", "h\xffn"}, *const names[] = {"h\xffn", "fox", "cat", "owl"}, *const turned[] = {"dog", "cat", "h\xffn"},
                    *const others[] = {"x", "y", "z"};
  static const struct { const char *const *name; int count; int from[4]; const char *line; } rows[] = {
    {names, 4, {2, -1, 0, -1}, "the file has other classes: of the last layer, dense1, 2 of 4 rows are taken, by the classes' names (h\xffn, cat); fresh are fox, owl"},
    {turned, 3, {1, 0, 2}, "the file has other classes: of the last layer, dense1, 3 of 3 rows are taken, by the classes' names (dog, cat, h\xffn)"},
    {others, 3, {-1, -1, -1}, "the file has other classes: of the last layer, dense1, 0 of 3 rows are taken, by the classes' names; all are fresh"},
    {old, 3, {0, 1, 2}, ""}};
  ig__model *a = with_classes(3, old, 100, 4, "dense classes softmax");
  CHECK_OK(ig__model_save(a, test_path("c.safetensors"), NULL));
  for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++)
    for (int real_size = 4; real_size <= 8; real_size += 4) {
      ig__model *b = with_classes(rows[k].count, rows[k].name, 500, real_size, "dense classes softmax"),
                *fresh = with_classes(rows[k].count, rows[k].name, 500, real_size, "dense classes softmax");
      ig__buffer unmatched = {0}, line = {0};
      int matched;
      CHECK_OK(ig__model_load_weights(b, test_path("c.safetensors"), &matched, &unmatched, &line));
      ig__buffer_add(&line, "", 1);
      CHECK_STR((const char *)line.data, rows[k].line);
      CHECK_INT(matched, k == 2 ? 2 : 4);
      for (int c = 0; c < rows[k].count; c++)
        for (int i = 0; i < 4; i++) {
          const int from = rows[k].from[c];
          CHECK(head_at(b, c, i) == (from >= 0 ? head_at(a, from, i) : head_at(fresh, c, i)));
        }
      CHECK((real_size == 4 ? (double)((float *)b->params)[0] : ((double *)b->params)[0]) == 100);
      ig__buffer_free(&unmatched);
      ig__buffer_free(&line);
      ig__model_free(b);
      ig__model_free(fresh);
    }
  ig__model_free(a);
}

/* One number for two classes says nothing of others, nor of the same two the other way round. */
TEST(one_number_for_two_classes) {
  static const char *const old[] = {"cat", "dog"}, *const turned[] = {"dog", "cat"};
  ig__model *a = with_classes(2, old, 100, 4, "dense 1 sigmoid");
  CHECK_OK(ig__model_save(a, test_path("c.safetensors"), NULL));
  for (int same = 0; same < 2; same++) {
    ig__model *b = with_classes(2, same ? old : turned, 500, 4, "dense 1 sigmoid");
    ig__buffer line = {0};
    int matched;
    CHECK_OK(ig__model_load_weights(b, test_path("c.safetensors"), &matched, NULL, &line));
    CHECK_INT(matched, same ? 4 : 2);
    CHECK((line.size == 0) == same);
    CHECK((head_at(b, 0, 0) == head_at(a, 0, 0)) == same);
    ig__buffer_free(&line);
    ig__model_free(b);
  }
  ig__model_free(a);
}

/* A damaged file is refused with words, or is another right file; memory is all given back. */
static void try_file(const char *path, const uint8_t *bytes, size_t size, int *loaded) {
  ig__model *m;
  int64_t before = ig__alloc_outstanding();
  remove(path);
  FILE *f = fopen(path, "wb"); /* not through the library: 10,000 syncs would take minutes */
  CHECK(f != NULL);
  CHECK(fwrite(bytes, 1, size, f) == size);
  fclose(f);
  ig_status status = ig__model_load(path, 4, &m);
  *loaded += status == IG_OK;
  if (status == IG_OK) {
    for (int64_t i = 0; i < m->params_size; i++) CHECK(isfinite(((float *)m->params)[i]));
    ig__model_free(m);
  } else {
    CHECK_INT(status, IG_BAD_MODEL);
    CHECK(strncmp(ig_last_error(), path, strlen(path)) == 0);
  }
  CHECK_INT(ig__alloc_outstanding(), before);
}

static uint8_t *small_file(size_t *size) {
  ig__model *a = small_model(4);
  uint8_t *bytes;
  CHECK_OK(ig__model_save(a, test_path("s.safetensors"), NULL));
  CHECK_OK(ig__file_read(test_path("s.safetensors"), 1 << 20, &bytes, size));
  ig__model_free(a);
  return bytes;
}

TEST(cut_files) {
  size_t size;
  int loaded = 0;
  uint8_t *bytes = small_file(&size);
  for (size_t n = 0; n <= size; n++) try_file(test_path("cut.safetensors"), bytes, n, &loaded);
  CHECK_INT(loaded, 1);
  ig__free(bytes);
}

TEST(flipped_files) {
  size_t size;
  int loaded = 0;
  uint8_t *bytes = small_file(&size), *copy = malloc(size);
  ig__rng r = ig__rng_make(3, IG__FOR_TEST, 1, 0);
  double start = ig__now();
  CHECK(copy != NULL);
  for (int i = 0; i < 10000; i++) {
    memcpy(copy, bytes, size);
    for (uint32_t k = 0; k <= ig__rng_below(&r, 2); k++) copy[ig__rng_below(&r, (uint32_t)size)] ^= (uint8_t)(1 << ig__rng_below(&r, 8));
    try_file(test_path("flip.safetensors"), copy, size, &loaded);
  }
  CHECK(loaded > 100 && loaded < 9900); /* flips in weights and comments are other right files */
  CHECK(ig__now() - start < 60);
  free(copy);
  ig__free(bytes);
}
