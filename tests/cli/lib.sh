# shellcheck shell=bash disable=SC2034
# The frame of the shell tests. A test is a function test_NAME; the file ends with `run_tests "$@"` and is called as
#   tests/cli/FILE.sh IMGRAD [NAME …]
# with the command to test (tests/structure: a build folder). It prints lines as the C tests do: "pass    0.123 s  file:name", with what failed before them.
set -u
imgrad=$(realpath "${1:?which imgrad, or which build folder?}")
shift
this=$(basename "$0")
root=$(realpath "$(dirname "$0")/../..")
scratch=$(mktemp -d "${TMPDIR:-/tmp}/imgrad-cli-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
export LC_ALL=C.UTF-8
unset NO_COLOR COLUMNS IMGRAD_FAULT IMGRAD_ISA

# run WORD…: runs imgrad; the streams are in $out and $err, the exit code in $code.
run() {
  code=0
  "$imgrad" "$@" >stdout 2>stderr </dev/null || code=$?
  out=$(cat stdout) err=$(cat stderr)
}

# run_with_kills VERB WORD…: into the folder broken, killed at four moments and each time gone on with, the last time to the end.
run_with_kills() {
  local i verb=$1
  "$imgrad" "$@" --out broken >/dev/null 2>&1 &
  sleep 0.15
  kill -9 $! 2>/dev/null
  wait $! 2>/dev/null
  for i in 1 2 3; do
    "$imgrad" "$verb" --resume broken >/dev/null 2>&1 &
    sleep "0.1$i"
    kill -9 $! 2>/dev/null
    wait $! 2>/dev/null
  done
  run "$verb" --resume broken
  want_code 0
}

fail() { echo "  $this: $*"; exit 1; }
skip() { echo "  skipped: $*"; exit 77; }
shown() { echo "(exit $code, stderr: $(head -c 400 stderr), stdout: $(head -c 200 stdout))"; }
want_code() { [ "$code" = "$1" ] || fail "exit code $code, want $1 $(shown)"; }
want_out() { case $out in *"$1"*) ;; *) fail "stdout lacks '$1' $(shown)" ;; esac; }
want_err() { case $err in *"$1"*) ;; *) fail "stderr lacks '$1' $(shown)" ;; esac; }
want_no_out() { case $out in *"$1"*) fail "stdout has '$1' $(shown)" ;; esac; }
want_file() { [ -s "$1" ] || fail "no file $1"; }
want_equal() { [ "$1" = "$2" ] || fail "$3: '$1' is not '$2'"; }
want_jq() { command -v jq >/dev/null || skip "jq is not here"; }
# want_json FILTER: every line of stdout is JSON, and the filter is true of it (jq's first answer).
want_json() {
  jq -e . stdout >/dev/null 2>jq.err || fail "no JSON: $(cat jq.err) $(shown)"
  jq -se "$1" stdout >/dev/null || fail "jq '$1' is not true $(shown)"
}

# The hash of the tensor data of a safetensors file, without its header.
weight_hash() {
  local header
  header=$(od -An -tu8 -N8 "$1" | tr -d ' ') || return 1
  tail -c +$((header + 9)) "$1" | sha256sum | cut -d' ' -f1
}
# results.csv without the columns that tell time: time, img_per_s, wait.
results_hash() { cut -d, -f1,3-10,13- "$1" | sha256sum | cut -d' ' -f1; }

run_tests() {
  local name start end status word passed=0 failed=0 skipped=0 chosen
  for name in $(declare -F | sed -n 's/^declare -f test_//p'); do
    if [ $# -gt 0 ]; then
      chosen=no
      for word in "$@"; do case $name in *"$word"*) chosen=yes ;; esac; done
      [ $chosen = yes ] || continue
    fi
    start=$(date +%s%N)
    mkdir -p "$scratch/$name"
    status=0
    (cd "$scratch/$name" && "test_$name") || status=$?
    end=$(date +%s%N)
    case $status in
      0) word=pass passed=$((passed + 1)) ;;
      77) word=skip skipped=$((skipped + 1)) ;;
      *) word=FAIL failed=$((failed + 1)) ;;
    esac
    printf '%s %8.3f s  %s:%s\n' $word "$(((end - start) / 1000000))e-3" "$this" "$name"
    rm -rf "${scratch:?}/$name"
  done
  echo "$passed passed, $failed failed, $skipped skipped"
  [ $failed = 0 ]
}
