/* imgrad eval */
#include "args.h"
#include "figures.h"
#include "output.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_CONFUSIONS 5

static void print_json(const ig_eval_result *r) {
  cli_json j = {0};
  json_open(&j, NULL, '{');
  json_text(&j, "part", r->part);
  cli_figures_json(&j, &r->metrics);
  json_double(&j, "baseline", r->baseline);
  json_int(&j, "top", r->top);
  json_double(&j, "top_accuracy", r->top_accuracy);
  json_double(&j, "auc", r->auc);
  json_double(&j, "brier", r->brier);
  json_double(&j, "calibration_error", r->calibration_error);
  json_double(&j, "seconds", r->seconds);
  json_int(&j, "broken", r->broken);
  json_int(&j, "classes", r->class_count);
  json_open(&j, "per_class", '[');
  for (int i = 0; i < r->class_count; i++) {
    const ig_class_result *c = &r->classes[i];
    json_open(&j, NULL, '{');
    json_text(&j, "name", c->name);
    json_int(&j, "n", c->n);
    json_int(&j, "predicted", c->predicted);
    json_int(&j, "correct", c->correct);
    json_double(&j, "precision", c->precision);
    json_double(&j, "recall", c->recall);
    json_double(&j, "f1", c->f1);
    json_double(&j, "auc", c->auc);
    json_close(&j, '}');
  }
  json_close(&j, ']');
  json_open(&j, "confusion", '[');
  for (int i = 0; i < r->class_count; i++) {
    json_open(&j, NULL, '[');
    for (int k = 0; k < r->class_count; k++) json_int(&j, NULL, r->confusion[(size_t)i * (size_t)r->class_count + (size_t)k]);
    json_close(&j, ']');
  }
  json_close(&j, ']');
  json_end(&j);
}

static void print_classes(const ig_eval_result *r) {
  int widest = 5;
  for (int i = 0; i < r->class_count; i++)
    if (text_width(r->classes[i].name) > widest) widest = text_width(r->classes[i].name);
  cli_out("\n%-*s %10s %11s %9s %8s %7s\n", widest, "class", "pictures", "precision %", "recall %", "F1 %", "AUC");
  for (int i = 0; i < r->class_count; i++) {
    char n[TEXT_NUMBER], precision[TEXT_NUMBER], recall[TEXT_NUMBER], f1[TEXT_NUMBER];
    const ig_class_result *c = &r->classes[i];
    char auc[16] = "-";
    if (isfinite(c->auc)) snprintf(auc, sizeof auc, "%.4f", c->auc);
    cli_out("%s%*s %10s %11s %9s %8s %7s\n", c->name, widest - text_width(c->name), "", text_count(n, c->n),
            text_percent(precision, c->precision), text_percent(recall, c->recall), text_percent(f1, c->f1), auc);
  }
}

/* The next confusion after `last` in falling order of count, then rising order of place; −1 past the end. */
static int64_t next_confusion(const ig_eval_result *r, int64_t last) {
  int64_t k = r->class_count, best = -1;
  for (int64_t i = 0; i < k * k; i++) {
    int64_t n = r->confusion[i];
    if (i / k == i % k || n == 0) continue;
    if (last >= 0 && (n > r->confusion[last] || (n == r->confusion[last] && i <= last))) continue;
    if (best < 0 || n > r->confusion[best]) best = i;
  }
  return best;
}

static void print_confusions(const ig_eval_result *r) {
  int64_t at = next_confusion(r, -1);
  if (at >= 0) cli_out("\nmost often taken for another\n");
  for (int i = 0; i < MOST_CONFUSIONS && at >= 0; i++, at = next_confusion(r, at)) {
    char n[TEXT_NUMBER];
    cli_out("%8s × %s taken for %s\n", text_count(n, r->confusion[at]), r->classes[at / r->class_count].name,
            r->classes[at % r->class_count].name);
  }
}

static void print_scores(const ig_eval_result *r) {
  char number[TEXT_NUMBER];
  const bool top = r->top > 1 && r->top < r->class_count && isfinite(r->top_accuracy);
  if (top || isfinite(r->auc)) {
    cli_out("%-12s ", "ranking");
    if (top) cli_out("top-%d accuracy %s %%%s", r->top, text_percent(number, r->top_accuracy), isfinite(r->auc) ? ", " : "");
    if (isfinite(r->auc)) cli_out("ROC AUC %.4f, mean of each class against the rest", r->auc);
    cli_out("\n");
  }
  if (isfinite(r->brier))
    cli_out("%-12s Brier score %.4f, calibration error %s %%\n", "probability", r->brier, text_percent(number, r->calibration_error));
}

static void print_text(const ig_eval_result *r) {
  char number[TEXT_NUMBER];
  cli_figures(r->part, &r->metrics);
  if (r->baseline > 0)
    cli_out("%-12s accuracy %s %% by always answering the commonest class\n", "baseline", text_percent(number, r->baseline));
  print_scores(r);
  if (r->broken > 0) cli_out("%-12s %s pictures could not be read\n", "left out", text_count(number, r->broken));
  if (r->class_count > 0 && r->classes) print_classes(r);
  if (r->class_count > 0 && r->classes && r->confusion) print_confusions(r);
}

static int run(const cli_command *self, int argc, char **argv) {
  ig_eval_options options = ig_eval_options_default();
  ig_eval_result result;
  ig_context *context = NULL;
  cli_args args;
  int code = cli_args_read(self, argc, argv, &options, &args);
  if (code >= 0) return code;
  if (!options.run[0]) {
    cli_say("imgrad eval: which run? Give a run folder or a .safetensors file: %s eval runs/train", cli_program());
    return ig_status_exit_code(IG_USAGE);
  }
  memset(&result, 0, sizeof result);
  ig_status status = cli_context(options.threads, &context);
  if (status != IG_OK) return cli_fail(status);
  status = ig_eval(context, &options, &result);
  if ((status == IG_OK || status == IG_BELOW_BAR) && result.part) {
    if (args.json) print_json(&result);
    else print_text(&result);
    cli_out_flush();
  }
  if (status != IG_OK) cli_fail(status);
  ig_eval_result_free(&result);
  ig_context_free(context);
  return ig_status_exit_code(status);
}

const cli_command cli_eval = {
  .name = "eval",
  .about = "measure a trained network",
  .usage = "eval RUN [options]",
  .text = "Measures the network of a run folder (or a .safetensors file) on a part of its data, or of other data: the test part\n"
          "unless told otherwise. Accuracy comes with its 95 % Wilson interval and beside its baseline; the area under the ROC\n"
          "curve, the Brier score and the calibration error with it.\n",
  .examples = "  imgrad eval runs/train\n"
              "  imgrad eval runs/train --part val --json\n"
              "  imgrad eval runs/train --data other/ --min-accuracy 0.95      # exit code 8 when it is below\n",
  .verb = IG_VERB_EVAL,
  .positional = "run",
  .run = run,
};
