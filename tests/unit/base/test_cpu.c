/* Instruction sets. */
#include "base/cpu.h"
#include "test.h"

#include <stdlib.h>

TEST(isa_names_and_order) {
  static const char *const names[] = {"reference", "baseline", "avx2", "avx512", "neon"};
  for (int i = 0; i < IG__ISA_COUNT; i++) CHECK_STR(ig__isa_name((ig__isa)i), names[i]);
  CHECK_STR(ig__isa_name((ig__isa)99), "unknown");
  CHECK(ig__isa_usable(IG__ISA_REFERENCE) && ig__isa_usable(IG__ISA_BASELINE) != ig__isa_usable(IG__ISA_NEON));
  CHECK(!ig__isa_usable(IG__ISA_AVX512) || ig__isa_usable(IG__ISA_AVX2));
  CHECK(!ig__isa_usable((ig__isa)99));
}

TEST(isa_choice) {
  ig__isa isa = IG__ISA_COUNT;
  char kept[64] = "";
  const char *set = getenv("IMGRAD_ISA");
  if (set) snprintf(kept, sizeof kept, "%s", set);
  unsetenv("IMGRAD_ISA");
  CHECK_OK(ig__isa_choose(NULL, &isa));
  CHECK(ig__isa_usable(isa));
  for (int better = (int)isa + 1; better < IG__ISA_COUNT; better++) CHECK(!ig__isa_usable((ig__isa)better));
  for (int i = 0; i < IG__ISA_COUNT; i++) {
    ig_status status = ig__isa_choose(ig__isa_name((ig__isa)i), &isa);
    CHECK(ig__isa_usable((ig__isa)i) ? status == IG_OK && (int)isa == i : status == IG_USAGE);
  }
  CHECK_STATUS(ig__isa_choose("avx521", &isa), IG_USAGE);
  CHECK_HAS(ig_last_error(), "did you mean avx512");
  CHECK_STATUS(ig__isa_choose("quantum", &isa), IG_USAGE);
  CHECK_HAS(ig_last_error(), "known: reference, baseline");
  setenv("IMGRAD_ISA", "reference", 1);
  CHECK_OK(ig__isa_choose(NULL, &isa));
  CHECK_INT(isa, IG__ISA_REFERENCE);
  const ig__isa plain = ig__isa_usable(IG__ISA_NEON) ? IG__ISA_NEON : IG__ISA_BASELINE;
  CHECK_OK(ig__isa_choose(ig__isa_name(plain), &isa)); /* a name given goes before the environment */
  CHECK_INT(isa, plain);
  CHECK_STATUS(ig__isa_choose(plain == IG__ISA_NEON ? "avx2" : "neon", &isa), IG_USAGE);
  CHECK_HAS(ig_last_error(), "it has reference, ");
  setenv("IMGRAD_ISA", "mmx", 1);
  CHECK_STATUS(ig__isa_choose(NULL, &isa), IG_USAGE);
  CHECK_HAS(ig_last_error(), "IMGRAD_ISA: 'mmx'");
  setenv("IMGRAD_ISA", "", 1);
  CHECK_OK(ig__isa_choose(NULL, &isa));
  if (set) setenv("IMGRAD_ISA", kept, 1);
  else unsetenv("IMGRAD_ISA");
}

TEST(cpu_name) {
  const char *name = ig__cpu_name();
  CHECK(*name && name == ig__cpu_name());
  CHECK(name[0] != ' ' && name[strlen(name) - 1] != ' ' && !strstr(name, "  "));
}
