#include "figures.h"

#include "output.h"
#include "text.h"

#include <math.h>

void cli_figures(const char *label, const ig_metrics *m) {
  char a[TEXT_NUMBER], low[TEXT_NUMBER], high[TEXT_NUMBER], n[TEXT_NUMBER];
  cli_out("%-12s ", label);
  if (isfinite(m->accuracy))
    cli_out("accuracy %s %% (95 %% interval %s … %s), ", text_percent(a, m->accuracy), text_percent(low, m->accuracy_low),
            text_percent(high, m->accuracy_high));
  cli_out("loss %s", text_loss(a, m->data_loss));
  if (m->penalty > 0) cli_out(" + penalty %s", text_loss(a, m->penalty));
  cli_out(", %s pictures\n", text_count(n, m->n));
}

void cli_figures_json(cli_json *j, const ig_metrics *m) {
  json_int(j, "n", m->n);
  json_double(j, "loss", m->loss);
  json_double(j, "data_loss", m->data_loss);
  json_double(j, "penalty", m->penalty);
  json_double(j, "accuracy", m->accuracy);
  json_double(j, "accuracy_low", m->accuracy_low);
  json_double(j, "accuracy_high", m->accuracy_high);
}

void cli_figures_part_json(cli_json *j, const char *part, const ig_metrics *m) {
  if (m->n <= 0) return;
  json_open(j, part, '{');
  cli_figures_json(j, m);
  json_close(j, '}');
}
