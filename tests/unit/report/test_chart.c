/* Charts: round ticks that cover the values, lines with gaps, tables of counts. */
#include "base/alloc.h"
#include "report/chart.h"
#include "test.h"

static const char *of(ig__buffer *b) {
  CHECK(!b->failed);
  return (const char *)b->data;
}

static int count(const char *text, const char *word) {
  int n = 0;
  for (; (text = strstr(text, word)); text++) n++;
  return n;
}

TEST(ticks_are_round_and_cover) {
  static const double ranges[][2] = {{0, 1}, {0.9371, 0.9912}, {-3, 17}, {1e-7, 3e-7}, {2.31, 2.31}, {0, 0}, {-5, -5}, {0, 123456789}, {0.5, 0.500001}};
  for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
    for (int want = 3; want <= 8; want++) {
      ig__axis a;
      char text[48];
      ig__axis_fit(&a, ranges[i][0], ranges[i][1], want, false);
      CHECK(a.low <= ranges[i][0] && a.high >= ranges[i][1] && a.high > a.low);
      CHECK(a.count >= 2 && a.count <= want + 2);
      for (int k = 0; k < a.count; k++) {
        CHECK(ig__axis_place(&a, a.tick[k]) >= -1e-9 && ig__axis_place(&a, a.tick[k]) <= 1 + 1e-9);
        CHECK(strlen(ig__axis_text(text, &a, k, false)) < 20);
      }
    }
}

TEST(epochs_have_whole_ticks) {
  for (int last = 1; last < 300; last++) {
    ig__axis a;
    ig__axis_fit(&a, 1, last, 8, true);
    CHECK(a.low == 1 && a.count >= 1 && a.count <= 10);
    for (int k = 0; k < a.count; k++) CHECK(a.tick[k] == floor(a.tick[k]) && a.tick[k] >= 1 && a.tick[k] <= a.high);
  }
}

TEST(logarithmic_ticks) {
  ig__axis a;
  char text[48];
  ig__axis_fit_log(&a, 0.011, 3, 6);
  CHECK(a.log && a.count >= 4);
  CHECK_STR(ig__axis_text(text, &a, 0, false), "0.02");
  ig__axis_fit_log(&a, 1e-12, 1e9, 6);
  CHECK(a.count >= 3 && a.count <= 7);
  ig__axis_fit_log(&a, 1, 1, 6);
  CHECK(a.high > a.low);
  CHECK_NEAR(ig__axis_place(&a, a.low), 0, 1e-12);
}

TEST(lines_have_gaps_points_and_a_scale) {
  const double x[] = {1, 2, 3, 4, 5}, y[] = {2, NAN, 0.5, 0.01, INFINITY};
  ig__series s[] = {{.name = "a<b", .x = x, .y = y, .count = 5}, {.name = "two", .x = x, .y = x, .count = 5, .colour = 9, .dashed = true}};
  ig__buffer b = {0};
  ig__chart_lines(&b, &(ig__chart){.title = "T&T", .x_name = "epoch", .series = s, .count = 2, .x_whole = true, .mark_name = "here", .mark_x = 3,
                                   .level_name = "level", .level_y = 1});
  const char *text = of(&b);
  CHECK_HAS(text, "T&amp;T");
  CHECK_INT(count(text, "<circle"), 3 + 5);
  CHECK_HAS(text, "<title>a&lt;b, epoch 4: 0.01</title>");
  CHECK_HAS(text, "class=\"l1 d\"");
  CHECK_HAS(text, ">here</text>");
  CHECK_HAS(text, ">level</text>");
  CHECK(!strstr(text, "nan") && !strstr(text, "inf") && !strstr(text, "logarithmic"));
  ig__buffer_free(&b);
  s[0].y = (const double[]){1, 0.05, 0.04, 0.01, 0.003};
  ig__chart_lines(&b, &(ig__chart){.title = "t", .x_name = "x", .series = s, .count = 1, .y_scale = IG__SCALE_AUTO});
  CHECK_HAS(of(&b), "logarithmic");
  ig__buffer_free(&b);
  s[0].y = (const double[]){NAN, NAN, NAN, NAN, NAN};
  ig__chart_lines(&b, &(ig__chart){.title = "t", .x_name = "x", .series = s, .count = 1});
  CHECK_HAS(of(&b), "Nothing to draw");
  ig__buffer_free(&b);
}

/* A hundred thousand epochs make no large file, and no peak is lost. */
TEST(long_lines_are_thinned) {
  enum { N = 100000 };
  double *x = ig__alloc(2 * N, sizeof *x), *y = x + N;
  for (int i = 0; i < N; i++) x[i] = i, y[i] = i == 77777 ? 9 : 1;
  ig__buffer b = {0};
  ig__series s = {.name = "s", .x = x, .y = y, .count = N};
  ig__chart_lines(&b, &(ig__chart){.title = "t", .x_name = "x", .series = &s, .count = 1});
  CHECK(b.size < 64 * 1024);
  CHECK(strstr(of(&b), "L502.0 38.0") != NULL);
  ig__buffer_free(&b);
  ig__free(x);
}

static bool upper(const void *user, int row, int column) {
  (void)user;
  return row < column;
}

TEST(heat_maps) {
  const char *label[] = {"cat", "a long name of a dog", "<"};
  const int64_t n[] = {5, 1, 0, 0, 7, 0, 2, 0, 0};
  ig__buffer b = {0};
  ig__chart_heat(&b, &(ig__heat){.title = "t", .name = "m", .prefix = "w", .size = 3, .count = n, .label = label, .linked = upper});
  const char *text = of(&b);
  CHECK_HAS(text, "data-name=\"m.0.0\" data-value=\"5\">5</td>");
  CHECK_HAS(text, "data-name=\"m.0.1\" data-value=\"1\" title=\"cat → a long name of a dog: 1\"><a href=\"#w-0-1\">1</a></td>");
  CHECK_INT(count(text, "<td></td>"), 5);
  ig__buffer_free(&b);
}

TEST(bars) {
  ig__buffer b = {0};
  ig__chart_bars(&b, "t", (ig__bar[]){{"a", 2}, {"<", 4}}, 2, 0, IG__UNIT_SECONDS);
  CHECK_HAS(of(&b), "<bdi>a</bdi></th><td class=\"bar\"><i style=\"width:50.0%\"></i></td><td>2.0 s</td>");
  CHECK_HAS(of(&b), "&lt;");
  ig__buffer_free(&b);
}

#ifdef IG__FAULTS
/* A buffer that could not grow says so at the end, whatever was added. */
TEST(every_allocation_fails) {
  const double x[] = {1, 2};
  ig__series s = {.name = "s", .x = x, .y = x, .count = 2};
  for (int n = 1; n < 12; n++) {
    char spec[32];
    ig__buffer b = {0};
    snprintf(spec, sizeof spec, "malloc@%d", n);
    ig__fault_set(spec);
    ig__html_begin(&b, "t");
    ig__chart_lines(&b, &(ig__chart){.title = "t", .x_name = "x", .series = &s, .count = 1});
    bool hit = ig__fault_calls("malloc") >= (uint64_t)n;
    ig__fault_set(NULL);
    CHECK(b.failed == hit);
    ig__buffer_free(&b);
  }
}
#endif

/* A plane has straight lines of equal value, each a step in every square of a row; its cells grow darker to one side. */
TEST(contours_of_a_plane) {
  double value[7 * 5];
  ig__buffer b = {0};
  for (int i = 0; i < 35; i++) value[i] = i % 7; /* 0 … 6 from left to right */
  ig__contour c = {.title = "T&T", .x_name = "x", .y_name = "y", .value_name = "loss", .x = {-3, 3}, .y = {-2, 2}, .columns = 7, .rows = 5, .value = value,
                   .mark_x = 0, .mark_y = 0};
  ig__chart_contour(&b, &c);
  CHECK_INT(count(of(&b), "<title>"), 35);
  CHECK_HAS(of(&b), "<title>-3, -2: 0</title>");
  CHECK_HAS(of(&b), "T&amp;T");
  /* Levels 0 … 6: those inside cross the four squares of one column, that of the least none, because nothing is below it. */
  const char *at = of(&b);
  for (int level = 0; level <= 6; level++) {
    CHECK((at = strstr(at, "class=\"iso\" d=\"")));
    const char *end = strchr(at += 15, '"');
    int pieces = 0;
    double x, y, u, v, first = -1;
    for (; at < end; pieces++) {
      int used = 0;
      CHECK(sscanf(at, "M%lf %lfL%lf %lf%n", &x, &y, &u, &v, &used) == 4);
      CHECK_NEAR(x, u, 1e-9);
      if (first < 0) first = x;
      CHECK_NEAR(x, first, 1e-9);
      at += used;
    }
    CHECK_INT(pieces, level ? 4 : 0);
  }
  ig__buffer_free(&b);
}

/* A saddle's lines do not cross: in the square around it the level goes round the corners that are not like its middle. */
TEST(contours_round_a_saddle_and_holes) {
  double value[9] = {0, 5, 10, 5, 5, 5, 10, 5, 0};
  ig__buffer b = {0};
  ig__contour c = {.title = "t", .x_name = "x", .y_name = "y", .value_name = "v", .x = {-1, 1}, .y = {-1, 1}, .columns = 3, .rows = 3, .value = value,
                   .mark_x = NAN, .mark_y = NAN};
  ig__chart_contour(&b, &c);
  CHECK_INT(count(of(&b), "<title>"), 9);
  CHECK(!strstr(of(&b), "class=\"l1\""));
  ig__buffer_free(&b);
  value[4] = NAN; /* every square has it as a corner */
  value[0] = INFINITY;
  ig__chart_contour(&b, &c);
  CHECK_INT(count(of(&b), "<title>"), 7);
  CHECK(strstr(of(&b), "class=\"iso\" d=\"\"") && !strstr(of(&b), "class=\"iso\" d=\"M"));
  CHECK(!strstr(of(&b), "nan") && !strstr(of(&b), "inf"));
  ig__buffer_free(&b);
  for (int i = 0; i < 9; i++) value[i] = NAN;
  ig__chart_contour(&b, &c);
  CHECK_HAS(of(&b), "nothing to draw");
  ig__buffer_free(&b);
  for (int i = 0; i < 9; i++) value[i] = 2;
  ig__chart_contour(&b, &c);
  CHECK_INT(count(of(&b), "<title>"), 9);
  ig__buffer_free(&b);
}
