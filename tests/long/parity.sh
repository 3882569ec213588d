#!/usr/bin/env bash
# The stored numbers of PyTorch and Keras, made again: tests/reference/make_*.py --check. That imgrad agrees with the stored
# ones is tested by tests/unit/train.
#   tests/long/parity.sh FOLDER [NAME …]
. "$(dirname "$0")/../cli/lib.sh"
. "$(dirname "$0")/peers.sh"

# check FILE: its last line says how far the numbers are from the stored ones.
check() {
  "$python" "$root/tests/reference/$1" --check >out 2>err || fail "$1: $(tail -n 1 out) $(tail -n 1 err)"
  echo "  $(tail -n 1 out)"
}

test_pytorch() {
  need numpy torch
  check make_pytorch.py
}

test_sklearn() {
  need numpy sklearn
  check make_sklearn.py
}

test_keras() {
  need numpy tensorflow keras
  check make_keras.py
}

run_tests "$@"
