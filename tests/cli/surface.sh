#!/usr/bin/env bash
# imgrad surface: the grid, the line, what their pages and tables say, mistakes.
. "$(dirname "$0")/lib.sh"
. "$root/tests/cli/report_lib.sh"

task=(--data "digits train=300 test=100" --model softmax --epochs 1 --report no --quiet)

test_grid() {
  want_jq
  run train "${task[@]}" --l2 1e-3 --out a
  run surface a --points 5 --limit 0 --out s
  want_code 0
  for word in "5 × 5 points" "270 pictures of the train part" least largest s/report.html; do want_out "$word"; done
  want_equal "$(wc -l <s/surface.csv)" 26 "lines of surface.csv"
  # The run is the middle of the grid, and there eval says the same.
  "$imgrad" eval a --part train --json >eval.json
  jq -r '"run.train.loss \(.loss)", "run.train.accuracy \(.accuracy)", "n.train \(.n)"' eval.json >wanted.values
  want_values s/report.html wanted.values
  want_equal "$(sed -n 14p s/surface.csv | cut -d, -f1-3)" "0,0,$(jq .loss eval.json)" "the middle row"
  grep -q '<path class="iso" d="M' s/report.html || fail "no lines of equal loss"
  want_equal "$(grep -c '<rect class="p0" x=' s/report.html)" 25 "cells"
  grep -qE '<script|javascript:|@import|url\(|https?:' s/report.html && fail "script, or something from outside"
  run surface a --points 5 --limit 0 --threads 3 --json --out t
  want_code 0
  cmp -s s/surface.csv t/surface.csv || fail "another number of threads, another table"
  want_json '.[0] | .kind == "grid" and .run == 12 and (.points | length) == 25 and .points[12].alpha == 0 and .points[0].beta == -1 and (.points | map(.train.n) | unique) == [270]'
  run surface a --points 5 --limit 0 --seed 2 --out u
  want_equal "$(sed -n 14p u/surface.csv)" "$(sed -n 14p s/surface.csv)" "the middle of another seed"
  cmp -s s/surface.csv u/surface.csv && fail "another seed, the same directions"
  return 0
}

test_line() {
  want_jq
  run train "${task[@]}" --out a
  run train "${task[@]}" --weights a --lr 0.01 --out b
  run surface a b --points 7 --limit 0 --out s
  want_code 0
  for word in "first run" "second run" barrier "val loss"; do want_out "$word"; done
  want_equal "$(head -n 1 s/surface.csv)" "alpha,train/loss,train/data_loss,train/penalty,train/accuracy,val/loss,val/data_loss,val/penalty,val/accuracy" "columns"
  want_equal "$(wc -l <s/surface.csv)" 8 "lines of surface.csv"
  "$imgrad" eval a --part val --json | jq -r '"run.val.loss \(.loss)", "run.val.accuracy \(.accuracy)"' >wanted.values
  "$imgrad" eval b --part train --json | jq -r '"to.train.loss \(.loss)", "to.train.accuracy \(.accuracy)"' >>wanted.values
  want_values s/report.html wanted.values
  run surface a --to b --points 7 --part val --json --out t
  want_code 0
  want_json '.[0] | .kind == "line" and .run == 1 and .to == 5 and (.points | length) == 7 and .points[5].alpha == 1 and .points[0].train == null and .barrier.val >= 0'
}

test_mistakes() {
  run train "${task[@]}" --out a
  run train "${task[@]}" --model mlp --out b
  run surface
  want_code 2
  want_err "which run?"
  run surface nowhere
  want_code 2
  run surface a b --out s
  want_code 4
  want_err "different models"
  run surface a a a
  want_code 2
  want_err "one word too many"
  run surface a --points 10 --out s
  want_code 2
  want_err "odd"
  run surface a a --points 9 --out s
  want_code 2
  want_err "6·k + 1"
  run surface a --part tset --out s
  want_code 2
  want_err "did you mean test"
  run surface a --pionts 5
  want_code 2
  want_err "did you mean points"
  run surface a --out b
  want_code 2
  want_err "is there already"
  [ ! -e s ] || fail "a refused command left a folder"
}

run_tests "$@"
