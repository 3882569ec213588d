#!/usr/bin/env bash
# The instructions of a fixed small job are not more than the stored number allows (bench/instructions.sh).
#   tests/long/instructions.sh FOLDER [NAME …]     FOLDER has release/imgrad in it
. "$(dirname "$0")/../cli/lib.sh"
imgrad=$imgrad/release/imgrad    # lib.sh's first word: here the folder to build in

test_instructions() {
  local code=0 words
  words=$("$root/bench/instructions.sh" "$imgrad") || code=$?
  [ $code != 77 ] || skip "$words"
  [ $code = 0 ] || fail "$words"
  echo "  $words"
}

run_tests "$@"
