#!/usr/bin/env bash
# How soon the command is at work: best and median of several runs, in ms from the start of the process.
#   version          until `imgrad version` has ended
#   first step, raw  until the first step of `textbook` (batch 32, 2 threads) on MNIST's plain IDX files is done
#   first step, gz   the same from the .gz files
#   mnist-99         the whole recipe from the .gz files, 2 threads, each run with a seed of its own; and the test accuracy
# The first step is seen by the line that --json prints for an epoch of 32 pictures, so two checkpoints are in its time.
# The times need a quiet machine.   bench/start.sh IMGRAD MNIST_FOLDER [RUNS]
set -eu
[ $# -ge 2 ] || { sed -n 's/^# //p' "$0"; exit 2; }
imgrad=$(realpath "$1") packed=$(realpath "$2") runs=${3:-5}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/raw"
for file in "$packed"/*-ubyte.gz; do gzip -dc "$file" >"$scratch/raw/$(basename "$file" .gz)"; done

# since MICROSECONDS: ms that have passed.
since() { awk "BEGIN { printf \"%.1f\\n\", (${EPOCHREALTIME/[.,]/} - $1) / 1000 }"; }

# version RUN
version() {
  local begin=${EPOCHREALTIME/[.,]/}
  "$imgrad" version >/dev/null
  since "$begin"
}

# first_step DATA RUN
first_step() {
  rm -rf "$scratch/run"
  local begin=${EPOCHREALTIME/[.,]/}
  "$imgrad" train "$1" --report no --limit 32 --epochs 1 --val 0 --threads 2 --quiet --json --out "$scratch/run" | {
    read -r _
    since "$begin"
    cat >/dev/null
  }
}

# recipe RUN
recipe() {
  rm -rf "$scratch/run"
  local begin=${EPOCHREALTIME/[.,]/}
  "$imgrad" train "$packed" --config mnist-99 --report no --seed "$1" --threads 2 --quiet --json --out "$scratch/run" >"$scratch/json"
  since "$begin"
  sed -nE 's/.*"test":\{[^}]*"accuracy":([0-9.]+).*/\1/p' "$scratch/json" >>"$scratch/accuracy"
}

# row NAME COMMAND …: the command gets the number of the run behind its own words.
row() {
  local name=$1
  shift
  for ((run = 1; run <= runs; run++)); do "$@" "$run"; done | sort -n >"$scratch/times"
  printf '%-16s best %7.1f ms  median %7.1f ms\n' "$name" "$(head -n 1 "$scratch/times")" "$(sed -n "$(((runs + 1) / 2))p" "$scratch/times")"
}

row version version
row "first step, raw" first_step "$scratch/raw"
row "first step, gz" first_step "$packed"
row mnist-99 recipe
awk '{ printf "seed %d: %.4f\n", NR, $1; s += $1; q += $1 * $1; if (NR == 1 || $1 < m) m = $1 }
     END { a = s / NR; v = NR > 1 ? (q - NR * a * a) / (NR - 1) : 0; d = v > 0 ? sqrt(v) : 0
           printf "accuracy: mean %.4f, deviation %.4f, least %.4f\n", a, d, m }' "$scratch/accuracy"
