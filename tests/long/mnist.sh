#!/usr/bin/env bash
# Accuracy on the real MNIST: the textbook network as the second text trains it (Adam, rate 0.001, batch 32, 10 epochs, no
# validation part), for three seeds and two strengths of L2: one that is really at work, and the text's own formula
# λ/2m‖w‖² with λ = 0.001. Mean test accuracy must reach 99.0 % for each, and for ten seeds of the recipe mnist-99. Also:
# trained on the built-in digits only, how much of MNIST is read.   mnist.sh BUILD_FOLDER (with release/imgrad in it)
set -u
imgrad=$1/release/imgrad
data=${IMGRAD_TEST_DATA:-$PWD/../shared/data}/mnist
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0

if [ ! -r "$data" ]; then
  printf '  skipped: no real data at %s (set IMGRAD_TEST_DATA)\nskip %8.3f s  mnist\n0 passed, 0 failed\n' "$data" 0
  exit 0
fi

accuracy() { sed -E 's/.*"accuracy": ?([0-9.]+).*/\1/'; }

# verdict NAME SECONDS FIGURE BAR
verdict() {
  if awk "BEGIN { exit !($3 >= $4) }"; then
    passed=$((passed + 1)) word=pass
  else
    failed=$((failed + 1)) word=FAIL
  fi
  echo "  $1: $3, at least $4 is wanted"
  printf '%s %8.3f s  mnist:%s\n' $word "$2" "$1"
}

# three NAME OPTION …: the mean over three seeds.
three() {
  local name=$1 sum=0 seed found begin=$SECONDS
  shift
  for seed in 1 2 3; do
    "$imgrad" train --data "$data" --model textbook --optimizer adam --lr 0.001 --epochs 10 --batch 32 --val 0 --seed $seed \
      --out "$scratch/$name$seed" "$@" >/dev/null 2>&1
    found=$("$imgrad" eval "$scratch/$name$seed" --json 2>/dev/null | accuracy)
    echo "  $name, seed $seed: ${found:-no answer}; $(tail -n 1 "$scratch/$name$seed/results.csv")"
    sum=$(awk "BEGIN { print $sum + ${found:-0} }")
  done
  verdict "$name" $((SECONDS - begin)) "$(awk "BEGIN { print $sum / 3 }")" 0.99
}

three l2_at_work --l2 2e-5
three l2_of_the_text --l2 0.001 --l2-scale half_mean

# The recipe's promise is the mean of ten seeds.
begin=$SECONDS sum=0
for seed in 1 2 3 4 5 6 7 8 9 10; do
  "$imgrad" train "$data" --config mnist-99 --seed $seed --out "$scratch/recipe$seed" >/dev/null 2>&1
  found=$("$imgrad" eval "$scratch/recipe$seed" --json 2>/dev/null | accuracy)
  echo "  mnist-99, seed $seed: ${found:-no answer}"
  sum=$(awk "BEGIN { print $sum + ${found:-0} }")
done
verdict recipe_mnist_99 $((SECONDS - begin)) "$(awk "BEGIN { print $sum / 10 }")" 0.99

begin=$SECONDS
"$imgrad" train --data digits --model textbook --epochs 5 --out "$scratch/digits" >/dev/null 2>&1
verdict digits_read_mnist $((SECONDS - begin)) "$("$imgrad" eval "$scratch/digits" --data "$data" --json 2>/dev/null | accuracy)" 0.70
echo "$passed passed, $failed failed"
[ $failed = 0 ]
