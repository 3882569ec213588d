#ifndef IG__TESTS_MODEL_TEST_H
#define IG__TESTS_MODEL_TEST_H
/* What the tests of this folder share. */

#include "model/model.h"
#include "test.h"

#include "base/text.h"

#include <math.h>

/* Parses text under the name "model.txt" with 10 classes. */
ig_status parse_text(const char *text, ig__model **out);
/* Parsed and bound, float, seed 1; ends the test when it fails. */
ig__model *bound_model(const char *text);
const ig__param *param_of(const ig__model *m, const char *name);
int64_t count_params(const ig__model *m);
/* The line of that name, or NULL. */
const ig__line *line_of(const ig__model *m, const char *name);
/* A parsed model in one line: "input; conv2d1 conv2d(input); conv2d1.relu relu(conv2d1) =out". Behind a line: " share=…",
 * " freeze", " l2=…", " l1=…", " =NAME" for an output. */
const char *describe(const ig__model *m);
const char *test_path(const char *name);

#endif
