/* The CPU's name and which instruction sets can be used. */
#include "base/cpu.h"

#include "base/file.h"
#include "base/text.h"
#include "base/unknown.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

static const char *const names[IG__ISA_COUNT] = {"reference", "baseline", "avx2", "avx512", "neon"};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool usable[IG__ISA_COUNT], bf16;
static char cpu_name[64];

#if defined(__x86_64__)
/* The registers that the operating system saves at a task switch. A CPU may have AVX-512 while the system, or the
 * hypervisor below it, does not keep its registers: using it would then corrupt them or trap. */
static uint64_t saved_registers(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

static void detect_isa(void) {
  unsigned a, b, c, d;
  usable[IG__ISA_BASELINE] = true;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return;
  bool fma = c & bit_FMA, avx = c & bit_AVX, system = c & bit_OSXSAVE;
  if (!fma || !avx || !system) return;
  uint64_t saved = saved_registers();
  if ((saved & 0x6) != 0x6 || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return; /* xmm, ymm */
  usable[IG__ISA_AVX2] = b & bit_AVX2;
  const unsigned wanted = bit_AVX512F | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL;
  usable[IG__ISA_AVX512] = usable[IG__ISA_AVX2] && (b & wanted) == wanted && (saved & 0xE6) == 0xE6; /* + masks, zmm */
  bf16 = usable[IG__ISA_AVX512] && __get_cpuid_count(7, 1, &a, &b, &c, &d) && a & 1u << 5; /* AVX512_BF16 */
}

static void read_name(char *raw, size_t size) {
  unsigned r[4], highest = (unsigned)__get_cpuid_max(0x80000000u, NULL);
  raw[0] = 0;
  if (highest < 0x80000004u || size < 49) return;
  for (unsigned leaf = 0; leaf < 3; leaf++) {
    __get_cpuid(0x80000002u + leaf, &r[0], &r[1], &r[2], &r[3]);
    memcpy(raw + leaf * 16, r, 16);
  }
  raw[48] = 0;
}
#else
static void detect_isa(void) {
#if defined(__aarch64__)
  usable[IG__ISA_NEON] = true;
#else
  usable[IG__ISA_BASELINE] = true;
#endif
}

static void read_name(char *raw, size_t size) {
  char text[4096], *line;
  raw[0] = 0;
  ig__file_peek("/proc/cpuinfo", text, sizeof text);
  line = strstr(text, "model name");
  if (!line) line = strstr(text, "Model");
  line = line ? strchr(line, ':') : NULL;
  if (line) ig__snprintf(raw, size, "%.*s", (int)strcspn(line + 1, "\n"), line + 1);
}
#endif

#if defined(__x86_64__)
#define ARCHITECTURE "x86-64 processor"
#elif defined(__aarch64__)
#define ARCHITECTURE "aarch64 processor"
#else
#define ARCHITECTURE "unknown processor"
#endif

static void detect(void) {
  char raw[64];
  size_t at = 0;
  usable[IG__ISA_REFERENCE] = true;
  detect_isa();
  read_name(raw, sizeof raw);
  /* Vendors pad with blanks, in front too. */
  for (const char *s = raw; *s; s++)
    if (*s > ' ' && *s < 0x7F) cpu_name[at++] = *s;
    else if (at > 0 && cpu_name[at - 1] != ' ') cpu_name[at++] = ' ';
  while (at > 0 && cpu_name[at - 1] == ' ') at--;
  cpu_name[at] = 0;
  if (at == 0) memcpy(cpu_name, ARCHITECTURE, sizeof ARCHITECTURE);
}

const char *ig__isa_name(ig__isa isa) { return (unsigned)isa < IG__ISA_COUNT ? names[isa] : "unknown"; }

bool ig__isa_usable(ig__isa isa) {
  pthread_once(&once, detect);
  return (unsigned)isa < IG__ISA_COUNT && usable[isa];
}

bool ig__bf16_usable(void) {
  pthread_once(&once, detect);
  return bf16;
}

const char *ig__cpu_name(void) {
  pthread_once(&once, detect);
  return cpu_name;
}

static ig_status unusable(const char *source, const char *name) {
  char list[128] = "";
  size_t at = 0;
  for (int isa = 0; isa < IG__ISA_COUNT; isa++)
    if (usable[isa]) at += (size_t)ig__snprintf(list + at, sizeof list - at, "%s%s", at ? ", " : "", names[isa]);
  return ig__fail(IG_USAGE, "%sthis CPU or its operating system has no %s (%s); it has %s", source, name, cpu_name, list);
}

ig_status ig__isa_choose(const char *name, ig__isa *out) {
  const char *source = "";
  pthread_once(&once, detect);
  if (!name) {
    name = getenv("IMGRAD_ISA");
    source = "IMGRAD_ISA: ";
    if (!name || !*name) {
      int best = IG__ISA_COUNT - 1;
      while (!usable[best]) best--;
      *out = (ig__isa)best;
      return IG_OK;
    }
  }
  for (int isa = 0; isa < IG__ISA_COUNT; isa++)
    if (strcmp(name, names[isa]) == 0) {
      if (!usable[isa])
        return unusable(source, name);
      *out = (ig__isa)isa;
      return IG_OK;
    }
  return ig__unknown(IG_USAGE, name, names, IG__ISA_COUNT, "%s", *source ? "IMGRAD_ISA:" : "the instruction set");
}
