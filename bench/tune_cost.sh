#!/usr/bin/env bash
# What does a tune cost beside the same runs one after another? Times `imgrad tune` on five folds and ten λ (without its refit) and the 50
# `imgrad train` on the same parts, each on all cores, and compares every figure: they must be the same bits.
#   bench/tune_cost.sh IMGRAD DATA [EPOCHS] [PICTURES]
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,5s/^# *//p' "$0"; exit 2; }
imgrad=$1 data=$2 epochs=${3:-1} pictures=${4:-0}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
words=(--model textbook --epochs "$epochs" --limit "$pictures" --report no --quiet)
now() { date +%s%N; }

begin=$(now)
"$imgrad" tune "$data" "${words[@]}" --l2 1e-6..1e-1:log --points 10 --folds 5 --refit no --out "$scratch/tune" >/dev/null
together=$((($(now) - begin) / 1000000))

begin=$(now)
for lambda in $(tail -n +2 "$scratch/tune/tune.csv" | cut -d, -f3 | uniq); do
  for fold in 1 2 3 4 5; do
    "$imgrad" train "$data" "${words[@]}" --keep last --l2 "$lambda" --fold $fold/5 --out "$scratch/$lambda-$fold" >/dev/null
  done
done
apart=$((($(now) - begin) / 1000000))

# The last line of results.csv against the line of tune.csv: val/loss, which is data_loss + penalty, and val/accuracy.
differ=0
while IFS=, read -r _ _ lambda _ fold _ _ _ _ loss penalty accuracy _; do
  tail -n 1 "$scratch/$lambda-$fold/results.csv" |
    awk -F, -v loss="$loss" -v penalty="$penalty" -v accuracy="$accuracy" '{ exit !($7 == loss + penalty && $8 == accuracy) }' || differ=$((differ + 1))
done < <(tail -n +2 "$scratch/tune/tune.csv")
echo "tune $together ms, 50 runs $apart ms: $(awk -v a=$together -v b=$apart 'BEGIN { printf "%.2f", a / b }'); $differ runs differ"
[ $differ = 0 ]
