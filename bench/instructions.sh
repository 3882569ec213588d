#!/usr/bin/env bash
# Instructions of a fixed small job under callgrind, beside the stored number: a regression of speed that needs no quiet machine.
# The job: `textbook` on 128 of the built-in digits, batch 32, one epoch, one thread, AVX2 (valgrind knows no AVX-512).
#   bench/instructions.sh IMGRAD           prints the count, the stored one, and the difference; code 1 past the tolerance
#   bench/instructions.sh IMGRAD --store   stores the count with the compiler's name
# Code 77: cannot be compared here, with the reason.
set -u
here=$(cd "$(dirname "$0")" && pwd)
stored=$here/instructions.txt
tolerance=3    # per cent; the same build gives the same count within 0.1
[ $# -ge 1 ] || { sed -n 's/^# //p' "$0"; exit 2; }
imgrad=$(realpath "$1")
compiler=$(strings -a "$imgrad" | grep -m 1 -oE 'GCC: \([^)]*\) [0-9]+|clang version [0-9]+' | sed -E 's/\([^)]*\) //')
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

command -v valgrind >/dev/null || { echo "valgrind is not here"; exit 77; }
[ "$(uname -m)" = x86_64 ] || { echo "the stored count is one of x86-64"; exit 77; }
IMGRAD_ISA=avx2 valgrind --tool=callgrind --callgrind-out-file=/dev/null "$imgrad" train digits --report no --model textbook --limit 128 \
  --batch 32 --epochs 1 --val 0 --seed 1 --threads 1 --quiet --out "$scratch/run" >"$scratch/log" 2>&1
code=$?
count=$(sed -nE 's/.*Collected : ([0-9]+).*/\1/p' "$scratch/log")
[ $code = 0 ] && [ -n "$count" ] || { echo "the job failed under valgrind: $(grep -v '^==' "$scratch/log" | tail -n 1)"; exit 1; }
if [ "${2:-}" = --store ]; then
  printf '%s instructions, %s\n' "$count" "$compiler" >"$stored"
  echo "stored: $(cat "$stored")"
  exit 0
fi
read -r before _ with <"$stored"
[ "$with" = "$compiler" ] || { echo "$count instructions by $compiler; the stored count is one of $with"; exit 77; }
awk -v now="$count" -v before="$before" -v tolerance=$tolerance 'BEGIN {
  change = 100 * (now - before) / before
  printf "%.0f instructions, stored %.0f: %+.2f %%, at most %+d is allowed\n", now, before, change, tolerance
  exit change > tolerance }'
