#!/usr/bin/env bash
# Does what HACKING.md says, to the letter, in a copy of the tree: the code block becomes src/ops/softplus.c, the line is added,
# and what comes out is built, differentiated and trained. Then the other recipes that are commands.
#   tests/structure/softplus.sh FOLDER [NAME …]      FOLDER: anything that exists, for lib.sh
# The tests go on from one another: the copy and its build are made once, in $tree.
. "$(dirname "$0")/../cli/lib.sh"
tree=$scratch/tree
build=$tree/build-softplus

# blocks SECTION LANGUAGE: the code blocks of that language between the heading and the next one in HACKING.md.
blocks() {
  awk -v section="$1" -v language="$2" '/^##+ / { here = substr($0, index($0, " ") + 1) == section }
    /^```/ { on = !on && here && $0 == "```" language; next } on' "$root/HACKING.md"
}

copy_tree() {
  mkdir -p "$tree"
  git -C "$root" rev-parse --git-dir >git.log 2>&1 || skip "not a git tree"
  (cd "$root" && git ls-files -co --exclude-standard -z | xargs -0 sh -c 'cp --parents "$@" "$0"' "$tree") || fail "the copy"
}

build_targets() {
  local launcher=()
  # With the cache of ./check a second run compiles next to nothing.
  [ -n "${CCACHE_DIR:-}" ] && command -v ccache >/dev/null && launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
  CCACHE_BASEDIR=$tree cmake -S "$tree" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DIMGRAD_TESTS=ON \
    -DCMAKE_C_FLAGS=-Werror "${launcher[@]}" >cmake.log 2>&1 || fail "cmake: $(tail -n 3 cmake.log)"
  CCACHE_BASEDIR=$tree ninja -C "$build" "$@" >ninja.log 2>&1 ||
    fail "the build: $(grep -E 'error|undefined' ninja.log | head -n 5)"
}

# passes PROGRAM WORD: the tests of a unit test program whose name contains the word, at least one, all good.
passes() {
  "$build/$1" "$2" >unit.log 2>&1 || fail "$1 $2: $(grep -v '^pass' unit.log | head -n 5)"
  grep -qE '^[1-9][0-9]* passed, 0 failed, 0 skipped' unit.log || fail "$1 $2: $(tail -n 1 unit.log)"
}

test_1_softplus() {
  copy_tree
  cd "$tree" || fail "no copy"
  find . -type f -exec sha256sum {} + | sort -k 2 >../before
  blocks "An element-wise op" c >src/ops/softplus.c
  want_file src/ops/softplus.c
  cp src/ops/all.def ../all.def
  (eval "$(blocks Recipes sh; blocks "An element-wise op" sh)") || fail "the line"
  # One file and one line, and nothing else.
  find . -type f -exec sha256sum {} + | sort -k 2 >../after
  want_equal "$(diff ../before ../after | awk '/^[<>]/ { print $3 }' | sort -u | xargs)" "./src/ops/all.def ./src/ops/softplus.c" \
    "files that changed"
  want_equal "$(diff ../all.def src/ops/all.def | grep '^[<>]')" "> X(softplus)" "lines of all.def that changed"
  build_targets test_ops imgrad
  IMGRAD_TEST_OP=softplus passes test_ops test_gradient.c
  passes test_ops registry_is_in_order
  printf 'input 1 28 28\ndense 32 softplus\ndense classes softmax\n' >mlp.txt
  imgrad=$build/imgrad
  run gradcheck mlp.txt --data "digits train=40 test=10"
  want_code 0
  want_out dense1.weight
  run train --model mlp.txt --data "digits train=500 test=100" --epochs 2 --out run
  want_code 0
  run help layers
  want_out softplus
}

# Needs what test_1_softplus left.
test_2_the_other_recipes() {
  [ -d "$build" ] || skip "goes on from 1_softplus"
  cd "$tree" || fail "no copy"
  (eval "$(awk '/^## Recipes$/ { section = 1 } /^```/ { on = !on && section && $0 == "```sh"; next } on && !/^line softplus/' \
    "$root/HACKING.md")") || fail "a command of a recipe"
  build_targets imgrad test_ops test_optim
  tests/structure/source.sh . lists >source.log || fail "lists: $(head -n 5 source.log)"
  passes test_optim test_registry.c
  passes test_ops registry_is_in_order
  IMGRAD_TEST_OP=times passes test_ops test_gradient.c
  imgrad=$build/imgrad
  for word in layers:times losses:half_mse optimizers:descent schedules:waning penalties:ridge initialisers:slim_normal \
    sources:noise augmentations:slide models:wide recipes:mnist-slow; do
    run help "${word%:*}"
    want_out "${word#*:}"
  done
  run hello
  want_code 0
  printf 'input 1 28 28\ndense 8 init=slim_normal relu\ndense classes softmax\n' >small.txt
  run train --data "noise count=100" --model small.txt --optimizer "descent momentum=0.5" --schedule waning --loss half_mse \
    --penalty "ridge 1e-4 on=dense1.*" --epochs 1 --out run2
  want_code 0
  run summary wide
  want_out 203,530
}

run_tests "$@"
