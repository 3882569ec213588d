/* Pages: what comes from outside cannot become markup, and numbers can be read back. */
#include "base/text.h"
#include "report/html.h"
#include "test.h"

static const char *of(ig__buffer *b) {
  CHECK(!b->failed);
  return b->data ? (const char *)b->data : "";
}

#define CHECK_TEXT(call, want)      \
  do {                              \
    ig__buffer b_ = {0}, *out = &b_; \
    call;                           \
    CHECK_STR(of(out), want);       \
    ig__buffer_free(out);           \
  } while (0)

TEST(text_is_escaped) {
  CHECK_TEXT(ig__html_text(out, "a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
  CHECK_TEXT(ig__html_text(out, "猫 und Hündin\n\t"), "猫 und Hündin\n\t");
  /* No UTF-8, controls of C0 and C1, and DEL. */
  CHECK_TEXT(ig__html_text(out, "\xff" "a\xc3"), "�a�");
  CHECK_TEXT(ig__html_text(out, "\x01\x1b[31m\r\x7f\xc2\x85"), "��[31m���");
  /* Marks, embeddings, overrides and isolates of direction; the Arabic letter mark; separators; the byte order mark. */
  CHECK_TEXT(ig__html_text(out, "\u200e\u200f\u202a\u202e\u2066\u2069\u061c\u2028\ufeff"), "���������");
  CHECK_TEXT(ig__html_text(out, "שלום"), "שלום");
}

TEST(names_are_cut_in_the_middle) {
  CHECK_TEXT(ig__html_name(out, "short", 10), "<bdi>short</bdi>");
  CHECK_TEXT(ig__html_name(out, "0123456789", 10), "<bdi>0123456789</bdi>");
  CHECK_TEXT(ig__html_name(out, "a very long name of a file.png", 10), "<bdi>a v…le.png</bdi>");
  CHECK_TEXT(ig__html_name(out, "猫猫猫猫猫猫猫猫猫猫猫猫", 7), "<bdi>猫猫…猫猫猫猫</bdi>");
  CHECK_TEXT(ig__html_name(out, "<<<<<<<<<<<<", 4), "<bdi>&lt;…&lt;&lt;</bdi>");
}

TEST(numbers_carry_their_value) {
  CHECK_TEXT(ig__html_cell(out, IG__UNIT_SHARE, 0.12345678901234, "class.%d.%s", 3, "f1"),
             "<td data-name=\"class.3.f1\" data-value=\"0.12345678901234\">12.3 %</td>");
  CHECK_TEXT(ig__html_value(out, IG__UNIT_COUNT, 1234567, "n"), "<span data-name=\"n\" data-value=\"1234567\">1,234,567</span>");
  CHECK_TEXT(ig__html_cell(out, IG__UNIT_PLAIN, NAN, "\"<x>"), "<td data-name=\"&quot;&lt;x&gt;\" data-value=\"\">–</td>");
}

TEST(units) {
  static const struct { ig__unit unit; double v; const char *want; } row[] = {
    {IG__UNIT_PLAIN, 0.0123456, "0.01235"}, {IG__UNIT_PLAIN, NAN, "–"},          {IG__UNIT_PLAIN, -INFINITY, "−∞"},
    {IG__UNIT_SHARE, 1, "100.0 %"},         {IG__UNIT_SHARE, 0.9951, "99.51 %"}, {IG__UNIT_SHARE, 0.999999999, "100.0 %"},
    {IG__UNIT_SHARE, 0, "0.0 %"},           {IG__UNIT_EXACT, 0.1, "0.1"},        {IG__UNIT_COUNT, 1e300, "1e+300"},
    {IG__UNIT_SECONDS, 0.5, "0.5 s"},       {IG__UNIT_SECONDS, 59.94, "59.9 s"}, {IG__UNIT_SECONDS, 192, "3 min 12 s"},
    {IG__UNIT_SECONDS, 7325, "2 h 2 min"},  {IG__UNIT_BYTES, 2048, "2.0 KiB"},
  };
  char text[48];
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) CHECK_STR(ig__unit_text(text, row[i].unit, row[i].v), row[i].want);
}

TEST(data_uris) {
  CHECK_TEXT(ig__html_data(out, "text/plain", "", 0), "data:text/plain;base64,");
  CHECK_TEXT(ig__html_data(out, "x", "f", 1), "data:x;base64,Zg==");
  CHECK_TEXT(ig__html_data(out, "x", "fo", 2), "data:x;base64,Zm8=");
  CHECK_TEXT(ig__html_data(out, "x", "foobar", 6), "data:x;base64,Zm9vYmFy");
  CHECK_TEXT(ig__html_data(out, "x", "\xff\xfe\xfd", 3), "data:x;base64,//79");
}

TEST(tables) {
  ig__buffer b = {0};
  ig__html_table(&b, "<name|n|");
  ig__html_bar(&b, 0.5);
  ig__html_bar(&b, NAN);
  ig__html_bar(&b, 7);
  CHECK_HAS(of(&b), "<th class=\"l\">name</th><th>n</th><th></th></tr>");
  CHECK_HAS(of(&b), "width:50.0%\"></i></td><td class=\"bar\"></td><td class=\"bar\"><i style=\"width:100.0%");
  ig__buffer_free(&b);
}

/* Nothing leads outside, nothing runs, and every element that is opened is closed. */
TEST(the_page_stands_alone) {
  ig__buffer b = {0};
  ig__html_begin(&b, "</title><script>alert(1)</script>");
  ig__html_section(&b, "one", "<b>");
  ig__html_section_end(&b);
  ig__html_end(&b);
  const char *text = of(&b);
  CHECK(!strstr(text, "<script") && !strstr(text, "http:") && !strstr(text, "https:") && !strstr(text, "url("));
  CHECK_HAS(text, "default-src 'none'");
  CHECK_HAS(text, "prefers-color-scheme:dark");
  CHECK_HAS(text, "@media print");
  CHECK_HAS(text, "</main>\n</body>\n</html>\n");
  ig__buffer_free(&b);
}

/* ---- pictures --------------------------------------------------------------------------------------------------------- */

TEST(pictures_are_averaged_down) {
  uint8_t in[2 * 4] = {0, 100, 200, 200, 20, 80, 200, 200};
  ig__raster r;
  CHECK_OK(ig__raster_from_bytes(&r, in, 1, 2, 4, 2));
  CHECK(r.width == 2 && r.height == 1 && r.channels == 1 && r.pixel[0] == 50 && r.pixel[1] == 200);
  ig__raster_free(&r);
  /* A line of one pixel stays one. */
  CHECK_OK(ig__raster_from_bytes(&r, in, 1, 1, 8, 2));
  CHECK(r.width == 2 && r.height == 1);
  ig__raster_free(&r);
}

TEST(channels_become_grey_or_colour) {
  uint8_t in[4 * 2] = {1, 2, 3, 4, 5, 6, 7, 8};
  ig__raster r;
  CHECK_OK(ig__raster_from_bytes(&r, in, 2, 1, 2, 9));
  CHECK(r.channels == 1 && r.pixel[0] == 1 && r.pixel[1] == 2);
  ig__raster_free(&r);
  CHECK_OK(ig__raster_from_bytes(&r, in, 4, 1, 2, 9));
  CHECK(r.channels == 3 && !memcmp(r.pixel, (const uint8_t[]){1, 3, 5, 2, 4, 6}, 6));
  ig__raster_free(&r);
}

TEST(floats_are_stretched) {
  float in[4] = {-1, 0, 1, NAN};
  ig__raster r;
  CHECK_OK(ig__raster_from_floats(&r, in, 1, 1, 4, 9, -1, 1));
  CHECK(r.pixel[0] == 0 && r.pixel[1] == 128 && r.pixel[2] == 255 && r.pixel[3] == 0);
  ig__raster_free(&r);
  CHECK_OK(ig__raster_from_floats(&r, in, 1, 1, 4, 9, 0, 0));
  CHECK(r.pixel[0] == 128 && r.pixel[3] == 128);
  ig__buffer b = {0};
  CHECK_OK(ig__html_picture(&b, &r, 112, "<4×1>"));
  CHECK_HAS(of(&b), "<img class=\"px\" width=\"112\" height=\"28\" alt=\"&lt;4×1&gt;\" src=\"data:image/png;base64,");
  ig__buffer_free(&b);
  ig__raster_free(&r);
}
