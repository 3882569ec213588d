#ifndef CLI_BENCH_CALIBRATE_H
#define CLI_BENCH_CALIBRATE_H
/* What bench does with --calibrate; answers the exit code. */
#include "imgrad.h"

int bench_calibrate(ig_context *context, const ig_bench_options *options, bool json);

#endif
