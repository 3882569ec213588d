#!/usr/bin/env bash
# The public headers in C11 and C++17, and the examples: compiled against the library of a build folder, and run.
. "$(dirname "$0")/../cli/lib.sh"
build=$imgrad
warnings="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"

compile() { # compile FILE PROGRAM
  # shellcheck disable=SC2086
  cc -std=c11 $warnings -I"$root/include" "$1" "$build/libimgrad.a" -o "$2" -lz -lyaml -ljansson -lm -pthread 2>cc.log ||
    fail "$1: $(head -n 5 cc.log)"
}

test_headers() {
  local header
  (cd "$root/include" && find . -name '*.h') >headers
  while read -r header; do
    printf '#include "%s"\n#include "%s"\nint main(void) { return 0; }\n' "${header#./}" "${header#./}" >alone.c
    # shellcheck disable=SC2086
    cc -std=c11 $warnings -I"$root/include" -fsyntax-only alone.c 2>log || fail "$header as C11: $(head -n 3 log)"
    command -v g++ >/dev/null || { echo "  g++ is not here: the headers were not tried as C++17"; continue; }
    # shellcheck disable=SC2086
    g++ -std=c++17 $warnings -I"$root/include" -fsyntax-only -x c++ alone.c 2>log || fail "$header as C++17: $(head -n 3 log)"
  done <headers
}

test_examples() {
  want_file "$build/libimgrad.a"
  compile "$root/examples/train.c" ./train
  compile "$root/examples/eval.c" ./eval
  imgrad=./train
  run "digits train=1000 test=200" mlp run epochs=2 lr=0.003
  want_code 0
  want_out "run: test "
  want_err "epoch 2: loss "
  want_file run/model.safetensors
  run digits mlp other epochs=two
  want_code 2
  run digits
  want_code 2
  imgrad=./eval
  run run
  want_code 0
  want_out "test: "
  want_equal "$(wc -l <stdout)" 11 "lines of eval"
  run run val
  want_out "val: "
  run nowhere
  want_code 2
}

# The example of docs/c-api.md is a program of its own.
test_page() {
  awk '/^```c$/ { on = 1; next } /^```/ { on = 0 } on' "$root/docs/c-api.md" >page.c
  compile page.c ./page
  imgrad=./page
  run
  want_code 0
  want_out "right"
}

run_tests "$@"
