#ifndef CLI_FIGURES_H
#define CLI_FIGURES_H
/* Metrics, as several commands print them. */
#include "imgrad.h"
#include "json.h"

/* "accuracy 97.6 % (95 % interval 96.9 … 98.2), loss 0.0812, 2,000 pictures" */
void cli_figures(const char *label, const ig_metrics *m);
/* n, loss, data_loss, penalty, accuracy, accuracy_low, accuracy_high into the object that is open. */
void cli_figures_json(cli_json *j, const ig_metrics *m);
/* The same as an object of its own, of a part that has pictures; else nothing. */
void cli_figures_part_json(cli_json *j, const char *part, const ig_metrics *m);

#endif
