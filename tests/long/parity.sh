#!/usr/bin/env bash
# The stored numbers of PyTorch and Keras, made again: tests/reference/make_*.py --check. That imgrad agrees with the stored
# ones is tested by tests/unit/train.
#   tests/long/parity.sh FOLDER [NAME …]
# The Python to use is $IMGRAD_PEERS, or python3 when it has what is needed, or an environment of its own in FOLDER/peers,
# made from PyPI the first time (some gigabytes); without a network the tests are skipped.
. "$(dirname "$0")/../cli/lib.sh"
peers=$imgrad/peers   # lib.sh's first word: here the folder to build in
python=

# need MODULE …: sets $python to one that has all of them, or skips the test.
need() {
  local candidate
  for candidate in ${IMGRAD_PEERS:+"$IMGRAD_PEERS"} python3 "$peers/bin/python"; do
    command -v "$candidate" >/dev/null || continue
    python=$candidate
    "$python" -c 'import importlib.util, sys; sys.exit(any(not importlib.util.find_spec(m) for m in sys.argv[1:]))' "$@" \
      2>/dev/null && return
  done
  python3 -m venv "$peers" >venv.log 2>&1 || skip "no Python with $*, and no environment for it: $(tail -n 1 venv.log)"
  timeout 1200 "$peers/bin/pip" install -q "${@/#sklearn/scikit-learn}" >pip.log 2>&1 || skip "pip did not install $*: $(tail -n 1 pip.log)"
  python=$peers/bin/python
}

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
