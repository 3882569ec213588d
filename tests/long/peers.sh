# shellcheck shell=bash disable=SC2034,SC2154
# A Python with what a test of --long compares with: $IMGRAD_PEERS, or python3 when it has what is needed, or an environment of its own in
# FOLDER/peers, made from PyPI the first time (some gigabytes for all); without a network the tests are skipped.
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
