/* imgrad ascend */
#include "args.h"
#include "json.h"
#include "output.h"
#include "text.h"

#include <math.h>
#include <string.h>

/* A name and blanks up to so many columns. */
static void padded(const char *name, int columns) {
  const int width = text_width(name);
  cli_out("%s%*s", name, width < columns ? columns - width : 0, "");
}

/* ---- the picture that is liked best ------------------------------------------------------------------------------------------ */

static void like_json(const ig_ascend_result *r) {
  cli_json j = {0};
  json_open(&j, NULL, '{');
  json_text(&j, "out", r->out);
  json_open(&j, "pictures", '[');
  for (int i = 0; i < r->rows; i++) {
    const ig_ascend_row *row = &r->row[i];
    json_open(&j, NULL, '{');
    json_text(&j, "name", row->name);
    json_text(&j, "file", row->file);
    json_double(&j, "before", row->before);
    json_double(&j, "after", row->after);
    json_double(&j, "probability", row->probability);
    json_bool(&j, "flat", row->flat);
    json_close(&j, '}');
  }
  json_close(&j, ']');
  json_end(&j);
}

static void like_text(const ig_ascend_result *r) {
  int widest = 7;
  for (int i = 0; i < r->rows; i++)
    if (text_width(r->row[i].name) > widest) widest = text_width(r->row[i].name);
  cli_out("%-*s %10s %10s %12s  file\n", widest, "picture", "before", "after", "probability");
  for (int i = 0; i < r->rows; i++) {
    const ig_ascend_row *row = &r->row[i];
    padded(row->name, widest);
    cli_out(" %10.4g %10.4g ", row->before, row->after);
    if (isnan(row->probability)) cli_out("%12s", "-");
    else cli_out("%12.4f", row->probability);
    cli_out("  %s%s\n", row->file, row->flat ? "  no slope: nothing moves it" : "");
  }
  cli_out("%s/index.html\n", r->out);
}

static ig_status like(ig_context *context, const ig_ascend_options *o, bool json) {
  ig_ascend_result r;
  ig_status status = ig_ascend(context, o, &r);
  if (status != IG_OK) return status;
  if (json) like_json(&r);
  else like_text(&r);
  ig_ascend_result_free(&r);
  return IG_OK;
}

/* ---- what an answer hangs on ------------------------------------------------------------------------------------------------- */

static void saliency_json(const ig_saliency_result *r) {
  cli_json j = {0};
  json_open(&j, NULL, '{');
  json_text(&j, "out", r->out);
  json_double(&j, "worst_error", r->worst_error);
  json_int(&j, "failed", r->failed);
  json_open(&j, "pictures", '[');
  for (int i = 0; i < r->rows; i++) {
    const ig_saliency_row *row = &r->row[i];
    json_open(&j, NULL, '{');
    json_text(&j, "file", row->place);
    json_text(&j, "stem", row->stem);
    json_text(&j, "answer", row->answer);
    json_double(&j, "probability", row->probability);
    json_text(&j, "target", row->target);
    json_double(&j, "sum", row->sum);
    json_double(&j, "difference", row->difference);
    json_double(&j, "error", row->error);
    json_close(&j, '}');
  }
  json_close(&j, ']');
  json_end(&j);
}

static void saliency_text(const ig_saliency_result *r) {
  cli_out("%-12s %-12s %10s %10s %10s  picture\n", "answer", "explained", "sum", "difference", "error");
  for (int i = 0; i < r->rows; i++) {
    const ig_saliency_row *row = &r->row[i];
    padded(row->answer, 13);
    padded(row->target, 12);
    cli_out(" %10.4g %10.4g %10.2e  %s\n", row->sum, row->difference, row->error, row->place);
  }
  cli_out("integrated gradients add up to the difference within %.2e of the largest; --path asks for more points\n%s/index.html\n", r->worst_error,
          r->out);
}

static ig_status saliency(ig_context *context, const ig_ascend_options *o, const cli_args *args) {
  ig_saliency_result r;
  ig_status status = ig_saliency(context, o, (const char *const *)args->rest, args->rest_count, &r);
  if (r.rows && args->json) saliency_json(&r);
  else if (r.rows) saliency_text(&r);
  ig_saliency_result_free(&r);
  return status;
}

/* ---- how small a change turns it --------------------------------------------------------------------------------------------- */

static void fool_rows_json(cli_json *j, const ig_fool_result *r) {
  json_open(j, "pictures", '[');
  for (int i = 0; i < r->rows; i++) {
    const ig_fool_row *row = &r->row[i];
    json_open(j, NULL, '{');
    json_text(j, "file", row->place);
    json_text(j, "stem", row->stem);
    if (row->truth) json_text(j, "truth", row->truth);
    json_text(j, "answer", row->answer);
    for (int k = 0; k < IG_ATTACKS; k++) {
      json_open(j, ig_attack_name((ig_attack)k), '{');
      json_double(j, "epsilon", row->epsilon[k]);
      if (row->fooled[k]) {
        json_text(j, "answer", row->fooled[k]);
        json_double(j, "largest", row->largest[k]);
        json_bool(j, "kept_in_8_bits", row->kept[k]);
      }
      json_close(j, '}');
    }
    json_close(j, '}');
  }
  json_close(j, ']');
}

static void fool_json(const ig_fool_result *r) {
  cli_json j = {0};
  json_open(&j, NULL, '{');
  json_text(&j, "out", r->out);
  json_int(&j, "n", r->rows);
  json_int(&j, "known", r->known);
  json_int(&j, "right", r->right);
  json_int(&j, "failed", r->failed);
  for (int k = 0; k < IG_ATTACKS; k++) {
    json_open(&j, ig_attack_name((ig_attack)k), '{');
    json_int(&j, "fooled", r->fooled[k]);
    json_double(&j, "median", r->median[k]);
    json_double(&j, "most", r->most[k]);
    json_open(&j, "curve", '[');
    for (int p = 0; p < r->points; p++) {
      json_open(&j, NULL, '[');
      json_double(&j, NULL, r->curve_epsilon[k][p]);
      json_double(&j, NULL, r->curve[k][p]);
      json_close(&j, ']');
    }
    json_close(&j, ']');
    json_close(&j, '}');
  }
  fool_rows_json(&j, r);
  json_end(&j);
}

static void fool_number(double v) {
  if (isnan(v)) cli_out(" %10s", "-");
  else cli_out(" %10.4g", v);
}

static void fool_text(const ig_fool_result *r) {
  cli_out("%-10s", "answer");
  for (int k = 0; k < IG_ATTACKS; k++) cli_out(" %10s", ig_attack_name((ig_attack)k));
  cli_out("  pgd's answer  picture\n");
  for (int i = 0; i < r->rows; i++) {
    const ig_fool_row *row = &r->row[i];
    padded(row->answer, 10);
    for (int k = 0; k < IG_ATTACKS; k++) fool_number(row->epsilon[k]);
    cli_out("  ");
    padded(row->fooled[IG_ATTACK_PGD] ? row->fooled[IG_ATTACK_PGD] : "-", 12);
    cli_out("  %s\n", row->place);
  }
  cli_out("%-10s", "median");
  for (int k = 0; k < IG_ATTACKS; k++) fool_number(r->median[k]);
  cli_out("\n%-10s", "fooled");
  for (int k = 0; k < IG_ATTACKS; k++) cli_out(" %10d", r->fooled[k]);
  cli_out("  of %d", r->rows);
  if (r->known) cli_out("; %d of %d were right before", r->right, r->known);
  cli_out("\nsmallest change found, of pixels 0 … 1 (a grey level is 0.0039); pgd_l2: its Euclidean length\n%s/index.html\n", r->out);
}

static ig_status fool(ig_context *context, const ig_ascend_options *o, const cli_args *args) {
  ig_fool_result r;
  ig_status status = ig_fool(context, o, (const char *const *)args->rest, args->rest_count, &r);
  if (r.rows && args->json) fool_json(&r);
  else if (r.rows) fool_text(&r);
  ig_fool_result_free(&r);
  return status;
}

static int usage(const char *words) {
  cli_say("imgrad ascend: %s", words);
  return ig_status_exit_code(IG_USAGE);
}

static int run(const cli_command *self, int argc, char **argv) {
  ig_ascend_options options = ig_ascend_options_default();
  ig_context *context = NULL;
  cli_args args;
  int code = cli_args_read(self, argc, argv, &options, &args);
  if (code >= 0) return code;
  if (!options.run[0]) return usage("which run? Give a run folder or a .safetensors file");
  if (options.saliency && options.fool) return usage("--saliency and --fool are two questions: ask one of them");
  if (args.rest_count && !options.saliency && !options.fool)
    return usage("pictures are looked at with --saliency or --fool; without them none is taken");
  ig_status status = cli_context(options.threads, &context);
  if (status != IG_OK) return cli_fail(status);
  if (options.saliency) status = saliency(context, &options, &args);
  else if (options.fool) status = fool(context, &options, &args);
  else status = like(context, &options, args.json);
  cli_out_flush();
  if (status != IG_OK) cli_fail(status);
  ig_context_free(context);
  return ig_status_exit_code(status);
}

const cli_command cli_ascend = {
  .name = "ascend",
  .about = "gradients to the picture: what is liked best, what an answer hangs on, what fools",
  .usage = "ascend RUN [--saliency|--fool [FILE|FOLDER …]] [options]",
  .text = "Makes the picture that each class, or each filter, likes best. With --saliency: shows the pixels that answers hang on, by the\n"
          "gradient, integrated gradients (with the error of their sum) and smoothed gradients. With --fool: looks for the smallest change that\n"
          "turns each answer, by FGSM and PGD, and draws accuracy against its size. Pictures are files, folders, or else some of the run's data.\n"
          "PNGs, a contact sheet (sheet.png) and index.html go to a folder in the run's. ε counts pixels as 0 … 1; 1/255 is a grey level.\n",
  .examples = "  imgrad ascend runs/train                                        # every class\n"
              "  imgrad ascend runs/train --filters \"conv2d1:*, conv2d2:0-7\"\n"
              "  imgrad ascend runs/train --saliency photos/ --target cat\n"
              "  imgrad ascend runs/train --fool --limit 100 --json\n",
  .verb = IG_VERB_ASCEND,
  .positional = "run",
  .rest = true,
  .run = run,
};
