/* What is said of a word that nobody knows. */
#include "base/unknown.h"
#include "test.h"

static const char *const few[] = {"adam", "sgd", "lbfgs"};

TEST(near_far_and_none) {
  char out[IG__SUGGESTION_SIZE];
  CHECK_STR(ig__suggestion(out, "adm", few, 3), "; did you mean adam? Known: adam, sgd, lbfgs");
  CHECK_STR(ig__suggestion(out, "xyzzy", few, 3), "; known: adam, sgd, lbfgs");
  CHECK_STR(ig__suggestion(out, "", few, 3), "; known: adam, sgd, lbfgs");
  CHECK_STR(ig__suggestion(out, "sgdd", few + 1, 1), "; did you mean sgd?");
  CHECK_STR(ig__suggestion(out, "sgd", few, 0), "");
  CHECK_STATUS(ig__unknown(IG_BAD_MODEL, "adm", few, 3, "%s %d:", "line", 7), IG_BAD_MODEL);
  CHECK_STR(ig_last_error(), "line 7: 'adm' is not known; did you mean adam? Known: adam, sgd, lbfgs");
  CHECK_STATUS(ig__unknown(IG_USAGE, "adm", few, 0, "the op"), IG_USAGE);
  CHECK_STR(ig_last_error(), "the op 'adm' is not known");
}

/* Many names are not listed behind a near one; without one they are, as far as there is room, and whole. */
TEST(many) {
  static char text[100][40];
  const char *names[100];
  char out[IG__SUGGESTION_SIZE], *at;
  bool was_cut = false;
  for (int i = 0; i < 100; i++) {
    snprintf(text[i], sizeof text[i], "a_name_that_is_long_%d", i);
    names[i] = text[i];
  }
  CHECK_STR(ig__suggestion(out, "a_name_that_is_lang_7", names, 100), "; did you mean a_name_that_is_long_7?");
  for (size_t count = 1; count <= 100; count++) {
    ig__suggestion(out, "zzz", names, count);
    CHECK(strlen(out) < sizeof out);
    at = strrchr(out, ',');
    const char *last = at ? at + 2 : out + strlen("; known: ");
    if (strcmp(last, "…") != 0) CHECK_STR(last, names[count - 1]);
    const bool cut = strcmp(last, "…") == 0;
    CHECK(cut || (!was_cut && count < 30));
    CHECK(!cut || count > 20);
    was_cut = cut;
  }
}
