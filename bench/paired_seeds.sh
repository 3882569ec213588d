#!/usr/bin/env bash
# Does Winograd cost accuracy? Trains the same network from the same weights, on the same batches, once with `--conv auto` and
# once with `--conv direct`, for several seeds, and prints the test accuracies, their mean difference and its standard error
# (in percentage points). DATA has a test part, as CIFAR-10 does; ten passes over it take minutes a run.
#   bench/paired_seeds.sh IMGRAD DATA [SEEDS] [MODEL] [EPOCHS]
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,6s/^# //p' "$0"; exit 2; }
imgrad=$1 data=$2 seeds=${3:-5} model=${4:-resnet8} epochs=${5:-10}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# accuracy SEED CONV: of the weights after the last epoch, on the test part, in percent
accuracy() {
  set -e
  "$imgrad" train "$data" --report no --model "$model" --epochs "$epochs" --seed "$1" --conv "$2" --val 0 --batch 64 \
    --optimizer "sgd momentum=0.9 nesterov=yes" --lr 0.05 --schedule "cosine warmup=1" --l2 1e-4 --quiet \
    --out "$scratch/$1-$2" >/dev/null
  "$imgrad" eval "$scratch/$1-$2" --conv "$2" --json | sed 's/.*"accuracy": *\([0-9.]*\).*/\1/' | awk '{ print 100 * $1 }'
}

echo "seed auto direct difference"
for seed in $(seq "$seeds"); do
  auto=$(accuracy "$seed" auto)
  direct=$(accuracy "$seed" direct)
  echo "$seed $auto $direct"
done | awk '
  { d = $2 - $3; print $1, $2, $3, d; a += $2; b += $3; s += d; q += d * d; n++; fflush() }
  END {
    if (!n) exit 1
    error = n > 1 ? sqrt((q - s * s / n) / (n - 1) / n) : 0
    printf "mean %.2f %.2f, difference %.3f, its standard error %.3f\n", a / n, b / n, s / n, error
  }'
