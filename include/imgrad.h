#ifndef IMGRAD_H
#define IMGRAD_H
/* imgrad: trains, regularises, tunes, checks and deploys convolutional networks on images by gradient descent, on CPUs. */
#include "imgrad/ascend.h"
#include "imgrad/calibrate.h"
#include "imgrad/compare.h"
#include "imgrad/context.h"
#include "imgrad/forecast.h"
#include "imgrad/graph.h"
#include "imgrad/lr_find.h"
#include "imgrad/model.h"
#include "imgrad/op.h"
#include "imgrad/prune.h"
#include "imgrad/rates.h"
#include "imgrad/report.h"
#include "imgrad/restarts.h"
#include "imgrad/source.h"
#include "imgrad/status.h"
#include "imgrad/surface.h"
#include "imgrad/tune.h"
#include "imgrad/verbs.h"
#include "imgrad/watch.h"
#endif
