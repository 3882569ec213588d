#!/usr/bin/env bash
# imgrad prune: from a sparse run to a smaller one that every other verb reads.
. "$(dirname "$0")/lib.sh"

test_prune() {
  printf 'input 1 28 28\nconv2d 16 k=5 stride=3 relu\ndense 24 relu\ndense classes softmax\n' >net.txt
  run train --data "digits train=300 test=100" --model net.txt --epochs 8 --val 0 --lr 0.003 --report no --quiet \
    --penalty "group_lasso 0.18 by=both on=*1.weight" --out sparse
  want_code 0
  want_out "filters dead"
  want_err "weights are exactly zero"
  run prune sparse --out small
  want_code 0
  want_out "multiply-adds"
  for word in config.yaml model.txt model.safetensors report.html; do [ -s small/$word ] || fail "no small/$word"; done
  grep -q 'data-name="parameters.left"' small/report.html || fail "the page has no figures"
  run prune sparse --out again --json
  want_code 0
  removed=$(sed -nE 's/.*"removed": ?([0-9]+).*/\1/p' stdout)
  [ "${removed:-0}" -gt 0 ] || fail "nothing was removed: $out"
  cmp -s small/model.safetensors again/model.safetensors || fail "twice, and not the same"
  run eval sparse --json
  large=$(sed -nE 's/.*"accuracy": ?([0-9.]+).*/\1/p' stdout)
  run eval small --json
  want_code 0
  want_equal "$(sed -nE 's/.*"accuracy": ?([0-9.]+).*/\1/p' stdout)" "$large" "accuracy"
  run summary small
  want_code 0
  run report small
  want_code 0
  run train --config small/config.yaml --weights small --epochs 1 --out on --quiet
  want_code 0
  run prune sparse --threshold 0.2 --out coarse --json
  want_code 0
  [ "$(sed -nE 's/.*"removed": ?([0-9]+).*/\1/p' stdout)" -gt "$removed" ] || fail "a threshold removes no more"
}

run_tests "$@"
