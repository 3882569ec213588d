/* What a search for small changes leaves: pictures, a page, two tables. */
#include "train/ascend/fool.h"

#include "base/text.h"
#include "report/chart.h"

#include <math.h>
#include <string.h>

#define SHOWN 2            /* attacks whose pictures are saved: the two that find the smallest */
#define CELLS (1 + 2 * SHOWN)

static const ig_attack shown[SHOWN] = {IG_ATTACK_PGD, IG_ATTACK_PGD_L2};
static const char *const title[IG_ATTACKS] = {"noise, ±ε by lot", "FGSM", "PGD, L∞", "PGD, L2"};

/* ---- tables ------------------------------------------------------------------------------------------------------------------ */

/* Quotes and commas in names as RFC 4180 has them. */
static void csv_text(ig__buffer *out, const char *text) {
  ig__buffer_text(out, "\"");
  for (; text && *text; text++) ig__buffer_text(out, *text == '"' ? "\"\"" : "%c", *text);
  ig__buffer_text(out, "\"");
}

static void csv_number(ig__buffer *out, double v) {
  char text[32];
  ig__buffer_text(out, ",%s", isnan(v) ? "" : ig__print_double(text, v));
}

static ig_status write_tables(const ig__fooling *f, const ig_fool_result *r) {
  ig__buffer rows = {0}, curve = {0};
  ig__buffer_text(&rows, "file,truth,answer");
  for (int k = 0; k < IG_ATTACKS; k++) ig__buffer_text(&rows, ",%s", ig_attack_name((ig_attack)k));
  for (int i = 0; i < r->rows; i++) {
    ig__buffer_text(&rows, "\n");
    csv_text(&rows, r->row[i].place);
    ig__buffer_text(&rows, ",");
    csv_text(&rows, r->row[i].truth);
    ig__buffer_text(&rows, ",");
    csv_text(&rows, r->row[i].answer);
    for (int k = 0; k < IG_ATTACKS; k++) csv_number(&rows, r->row[i].epsilon[k]);
  }
  ig__buffer_text(&rows, "\n");
  ig__buffer_text(&curve, "attack,epsilon,accuracy\n");
  for (int k = 0; k < IG_ATTACKS; k++)
    for (int p = 0; p < r->points; p++) {
      ig__buffer_text(&curve, "%s", ig_attack_name((ig_attack)k));
      csv_number(&curve, r->curve_epsilon[k][p]);
      csv_number(&curve, r->curve[k][p]);
      ig__buffer_text(&curve, "\n");
    }
  ig_status status = ig__folder_write(f->subject.out, "fool.csv", &rows);
  const ig_status second = ig__folder_write(f->subject.out, "curve.csv", &curve);
  return status == IG_OK ? second : status;
}

/* ---- the page ---------------------------------------------------------------------------------------------------------------- */

static void summary(const ig_fool_result *r, ig__buffer *page) {
  ig__html_section(page, "smallest", "The smallest change that turns an answer");
  ig__html_table(page, "<attack|fooled|median ε|in grey levels|largest ε tried");
  for (int k = 0; k < IG_ATTACKS; k++) {
    const char *name = ig_attack_name((ig_attack)k);
    ig__buffer_text(page, "<tr><td class=\"l\">%s</td>", title[k]);
    ig__html_cell(page, IG__UNIT_SHARE, (double)r->fooled[k] / r->rows, "fool.%s.share", name);
    ig__html_cell(page, IG__UNIT_PLAIN, r->median[k], "fool.%s.median", name);
    ig__html_cell(page, IG__UNIT_PLAIN, k == IG_ATTACK_PGD_L2 ? NAN : 255 * r->median[k], "fool.%s.grey", name);
    ig__html_cell(page, IG__UNIT_PLAIN, r->most[k], "fool.%s.most", name);
    ig__buffer_text(page, "</tr>\n");
  }
  ig__html_table_end(page);
  ig__buffer_text(page, "<p class=\"soft\">%d pictures; of %d whose truth is known %d were answered right before. ε is the largest change of a pixel, which is 0 … 1; for "
                  "L2 it is the Euclidean length of the whole change. It is the smallest that was found: a smaller one may exist.</p>\n",
                  r->rows, r->known, r->right);
  ig__html_section_end(page);
}

static void curves(const ig_fool_result *r, bool towards, ig__buffer *page) {
  const int points = r->points - 1; /* without ε = 0, which a logarithmic axis has not */
  ig__series flat[3], round = {.name = title[IG_ATTACK_PGD_L2], .x = r->curve_epsilon[IG_ATTACK_PGD_L2] + 1, .y = r->curve[IG_ATTACK_PGD_L2] + 1,
                               .count = (size_t)points, .colour = 3};
  for (int k = 0; k < 3; k++)
    flat[k] = (ig__series){.name = title[k], .x = r->curve_epsilon[k] + 1, .y = r->curve[k] + 1, .count = (size_t)points, .colour = k};
  ig__html_section(page, "curves", towards ? "Not yet taken for the class asked for, against ε" : r->known ? "Accuracy against ε" : "Answers that stand, against ε");
  ig__buffer_text(page, "<div class=\"charts\">\n");
  ig__chart_lines(page, &(ig__chart){.title = "Largest change of a pixel", .x_name = "ε, of 0 … 1", .series = flat, .count = 3,
                  .x_scale = IG__SCALE_LOG, .share = true, .mark_name = "one grey level", .mark_x = 1 / 255.0});
  ig__chart_lines(page, &(ig__chart){.title = "Euclidean length of the change", .x_name = "ε in L2", .series = &round, .count = 1,
                  .x_scale = IG__SCALE_LOG, .share = true});
  ig__buffer_text(page, "</div>\n");
  ig__html_section_end(page);
}

static void caption(const ig_fool_row *row, int i, ig_attack kind, ig__buffer *page) {
  ig__buffer_text(page, "<br><b>");
  ig__html_name(page, row->fooled[kind], 18);
  ig__buffer_text(page, "</b> ε ");
  ig__html_value(page, IG__UNIT_PLAIN, row->epsilon[kind], "fool.%d.%s", i, ig_attack_name(kind));
  if (!row->kept[kind]) ig__buffer_text(page, "*");
}

static ig_status cells(const ig__fooling *f, const ig_fool_row *row, int i, ig__raster *raster, ig__buffer *page) {
  const int64_t at = i * f->subject.slopes.pixels;
  IG__TRY(ig__draw_picture(f->seen.x + at, f->subject.size, &raster[0]));
  ig__buffer_text(page, "<td class=\"l\">");
  IG__TRY(ig__draw_save(&f->subject, row->stem, "picture", &raster[0], page));
  ig__buffer_text(page, "<br>&nbsp;</td>");
  for (int s = 0; s < SHOWN; s++) {
    const ig_attack kind = shown[s];
    const double *after = f->made[kind] + at;
    if (!row->fooled[kind]) after = f->seen.x + at; /* not fooled: no change */
    IG__TRY(ig__draw_picture(after, f->subject.size, &raster[1 + 2 * s]));
    IG__TRY(ig__draw_change(f->seen.x + at, after, f->subject.size, &raster[2 + 2 * s]));
    if (!row->fooled[kind]) {
      ig__buffer_text(page, "<td class=\"l\" colspan=\"2\">not up to the largest ε</td>");
      continue;
    }
    ig__buffer_text(page, "<td class=\"l\">");
    IG__TRY(ig__draw_save(&f->subject, row->stem, s ? "pgd-l2" : "pgd", &raster[1 + 2 * s], page));
    caption(row, i, kind, page);
    ig__buffer_text(page, "</td><td class=\"l\">");
    IG__TRY(ig__draw_save(&f->subject, row->stem, s ? "pgd-l2-change" : "pgd-change", &raster[2 + 2 * s], page));
    ig__buffer_text(page, "<br>&nbsp;</td>");
  }
  return IG_OK;
}

static ig_status line(const ig__fooling *f, const ig_fool_row *row, int i, ig__raster *raster, ig__buffer *page) {
  ig__page_row(page, row->place, row->answer);
  if (row->truth) {
    ig__buffer_text(page, "<br>it is ");
    ig__html_name(page, row->truth, 24);
  }
  ig__buffer_text(page, "<br>ε of FGSM ");
  ig__html_value(page, IG__UNIT_PLAIN, row->epsilon[IG_ATTACK_FGSM], "fool.%d.fgsm", i);
  ig__buffer_text(page, "<br>ε of noise ");
  ig__html_value(page, IG__UNIT_PLAIN, row->epsilon[IG_ATTACK_NOISE], "fool.%d.noise", i);
  ig__buffer_text(page, "</td>");
  IG__TRY(cells(f, row, i, raster, page));
  ig__buffer_text(page, "</tr>\n");
  return IG_OK;
}

ig_status ig__fool_write(const ig__fooling *f, const ig_fool_result *r) {
  const int count = r->rows * CELLS;
  ig__buffer page = {0}, beyond = {0};
  ig__raster *raster = ig__alloc((size_t)count, sizeof *raster);
  ig_status status = raster ? ig__page_begin(&f->subject, "How small a change fools it", &page) : IG_NO_MEMORY;
  if (status == IG_OK) status = write_tables(f, r);
  summary(r, &page);
  curves(r, *f->subject.options->target != 0, &page);
  ig__html_section(&page, "pictures", "Before, after, difference");
  ig__buffer_text(&page, "<p class=\"soft\">The smallest change found%s%s. Below it: what it is taken for. Differences are drawn about grey, the largest black or white. With a "
                  "star the change is lost when pixels are rounded to 8 bits, as in the PNG.</p>\n",
                  *f->subject.options->target ? " that is taken for " : "", f->subject.options->target[0] ? "the class asked for" : "");
  ig__html_table(&page, "<picture|<before|<PGD, L∞|<difference|<PGD, L2|<difference");
  for (int i = 0; status == IG_OK && i < r->rows; i++) status = line(f, &r->row[i], i, raster + i * CELLS, ig__page_room(&page, &beyond));
  ig__html_table_end(&page);
  ig__buffer_text(&page, "%s", beyond.size ? ig__page_full : "");
  ig__html_section_end(&page);
  if (status == IG_OK) status = ig__draw_sheet(&f->subject, raster, count, CELLS);
  if (status == IG_OK) status = ig__page_end(&f->subject, &page);
  else ig__buffer_free(&page);
  for (int i = 0; raster && i < count; i++) ig__raster_free(&raster[i]);
  ig__free(raster);
  ig__buffer_free(&beyond);
  return status;
}
