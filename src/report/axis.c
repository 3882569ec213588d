/* Axes with round ticks: steps of 1, 2 or 5 times a power of ten (Heckbert, "Nice numbers for graph labels", 1990). */
#include "report/chart.h"

#include "base/text.h"

#include <math.h>

static double round_step(double range, int want) {
  double raw = range / want, base = pow(10, floor(log10(raw))), f = raw / base;
  return (f <= 1 ? 1 : f <= 2 ? 2 : f <= 5 ? 5 : 10) * base;
}

void ig__axis_fit(ig__axis *axis, double low, double high, int want, bool whole) {
  if (!(high > low)) {
    double room = whole ? 1 : low != 0 ? fabs(low) / 2 : 1;
    low -= whole ? 0 : room;
    high = low + (whole ? room : 2 * room);
  }
  double step = round_step(high - low, want);
  if (whole && step < 1) step = 1;
  double first = whole ? ceil(low / step) : floor(low / step + 1e-9), last = whole ? floor(high / step) : ceil(high / step - 1e-9);
  *axis = (ig__axis){.low = whole ? low : first * step, .high = whole ? high : last * step};
  double digits = ceil(-log10(step) - 1e-9);
  axis->digits = digits > 0 ? (int)digits : 0;
  for (double i = first; i <= last && axis->count < IG__MAX_TICKS; i++) axis->tick[axis->count++] = i * step;
}

/* All of 1, 2, 5 when few decades are seen, else whole decades, else every second, … */
void ig__axis_fit_log(ig__axis *axis, double low, double high, int want) {
  static const double fine[] = {1, 2, 5};
  double first = floor(log10(low) + 1e-9), last = ceil(log10(high) - 1e-9);
  *axis = (ig__axis){.low = low, .high = high > low ? high : low * 10, .log = true};
  if (last <= first) last = first + 1;
  bool few = last - first <= want / 2.0;
  double skip = few ? 1 : ceil((last - first) / want);
  for (double d = first; d <= last; d += skip)
    for (int k = 0; k < (few ? 3 : 1); k++) {
      double v = fine[k] * pow(10, d);
      if (v > low / 1.0001 && v < high * 1.0001 && axis->count < IG__MAX_TICKS) axis->tick[axis->count++] = v;
    }
}

double ig__axis_place(const ig__axis *axis, double v) {
  if (axis->log) return log(v / axis->low) / log(axis->high / axis->low);
  return (v - axis->low) / (axis->high - axis->low);
}

const char *ig__axis_text(char out[48], const ig__axis *axis, int tick, bool share) {
  double v = axis->tick[tick];
  int digits = share ? (axis->digits > 2 ? axis->digits - 2 : 0) : axis->digits;
  if (v == 0) v = 0; /* no "-0" */
  if (axis->log) ig__snprintf(out, 48, share ? "%.3g %%" : "%.3g", share ? 100 * v : v);
  else if (share) ig__snprintf(out, 48, "%.*f %%", digits, 100 * v);
  else if (fabs(v) >= 1e6 || digits > 6) ig__snprintf(out, 48, "%.3g", v);
  else ig__snprintf(out, 48, "%.*f", digits, v);
  return out;
}
