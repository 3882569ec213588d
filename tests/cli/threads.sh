#!/usr/bin/env bash
# The same weights, bit for bit, for any number of threads, and from run to run.
. "$(dirname "$0")/lib.sh"

# same WORD…: trains with each number of threads and compares the hashes of the weights.
same() {
  local first="" hash threads
  for threads in 1 2 3 4 7 2; do
    rm -rf run
    run train "$@" --batch 37 --epochs 2 --quiet --threads $threads --out run
    want_code 0
    hash=$(weight_hash run/model.safetensors)-$(results_hash run/results.csv)
    [ -n "$first" ] || first=$hash
    want_equal "$hash" "$first" "weights and results with $threads threads"
  done
}

test_textbook_with_dropout() {
  "$imgrad" models textbook | sed 's/^dense 128 relu$/&\ndropout 0.5/' >net.txt
  grep -q '^dropout' net.txt || fail "no dropout line"
  same --model net.txt --data "digits train=2000 test=100" --limit 500
}

test_resnet8() {
  # resnet8 takes 32×32 colour; the digits are 28×28 grey.
  "$imgrad" models resnet8 | sed 's/^input .*/input 1 28 28/' >net.txt
  same --model net.txt --data "digits train=2000 test=100" --limit 200
}

test_float64() { same --model mlp --data "digits train=2000 test=100" --limit 300 --precision f64; }

run_tests "$@"
