#include "live/page.h"

#include "report/html.h"

void ig__live_page(ig__buffer *out, const char *folder, const char *nonce) {
  ig__html_begin_live(out, folder, nonce);
  ig__buffer_text(out, "<h1>");
  ig__html_name(out, folder, 120);
  ig__buffer_text(out, "</h1>\n<p><b id=\"state\">waiting for the first figures</b> <span class=\"soft\" id=\"where\"></span></p>\n"
                       "<progress id=\"bar\" max=\"1\" value=\"0\" hidden></progress>\n<div class=\"tiles\">\n");
  static const char *const tile[][2] = {{"epoch", "epoch"}, {"val/accuracy", "validation accuracy"}, {"train/accuracy", "training accuracy"},
                                        {"lr", "learning rate"}, {"img_per_s", "images a second"}, {"left", "time left"}};
  for (size_t i = 0; i < sizeof tile / sizeof tile[0]; i++)
    ig__buffer_text(out, "<div><span class=\"t\">%s</span><b data-tile=\"%s\">–</b></div>\n", tile[i][1], tile[i][0]);
  ig__buffer_text(out, "</div>\n");
  ig__html_section(out, "curves", "Epoch by epoch");
  ig__buffer_text(out, "<div class=\"charts\" id=\"charts\"></div>\n");
  ig__html_section_end(out);
  ig__html_section(out, "log", "Log");
  ig__buffer_text(out, "<pre id=\"lines\"></pre>\n");
  ig__html_section_end(out);
  ig__buffer_text(out, "<noscript><p>This page draws with a script, which this browser does not run.</p></noscript>\n"
                       "<script nonce=\"%s\">\n%s</script>\n", nonce, ig__live_script);
  ig__html_end(out);
}
