#!/usr/bin/env bash
# Each reader of untrusted bytes under libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer, for FUZZ_SECONDS
# (default 120): no crash, no leak, no input that takes 5 s or 512 MiB.
#   tests/long/fuzz.sh FOLDER [NAME …]
# Builds in FOLDER/fuzz with clang. What was found stays in FOLDER/fuzz/found; fuzz/corpus has what the search starts from.
. "$(dirname "$0")/../cli/lib.sh"
build=$imgrad/fuzz    # lib.sh's first word: here the folder to build in

# fuzz NAME: the program is built when the first one is asked for.
fuzz() {
  command -v clang >/dev/null || skip "clang is not here"
  echo 'int LLVMFuzzerTestOneInput(const char *p, unsigned long n) { return p && n > 9; }' >probe.c
  clang -fsanitize=fuzzer,address probe.c -o probe >probe.log 2>&1 || skip "clang has no libFuzzer here (Debian: libclang-rt-14-dev)"
  CC=clang cmake -S "$root" -B "$build" -G Ninja -DIMGRAD_FUZZ=ON >cmake.log 2>&1 || fail "cmake: $(tail -n 3 cmake.log)"
  ninja -C "$build" "fuzz_$1" >ninja.log 2>&1 || fail "build: $(grep -m 3 error ninja.log)"
  mkdir -p "$build/found" "$build/grown/$1"
  "$build/fuzz_$1" -max_total_time="${FUZZ_SECONDS:-120}" -timeout=5 -rss_limit_mb=512 -malloc_limit_mb=256 \
    -artifact_prefix="$build/found/$1-" "$build/grown/$1" "$root/fuzz/corpus/$1" >log 2>&1 ||
    fail "$(grep -E 'ERROR|SUMMARY|Test unit' log | head -n 3)"
  echo "  $1: $(sed -n 's/^Done //p' log), $(grep -E 'DONE +cov:' log | grep -oE 'cov: [0-9]+ ft: [0-9]+') (edges, features)"
}

test_checkpoint() { fuzz checkpoint; }
test_config() { fuzz config; }
test_exif() { fuzz exif; }
test_idx() { fuzz idx; }
test_jpeg() { fuzz jpeg; }
test_model() { fuzz model; }
test_options() { fuzz options; }
test_png() { fuzz png; }
test_pnm() { fuzz pnm; }
test_tensors() { fuzz tensors; }

run_tests "$@"
