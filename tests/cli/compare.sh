#!/usr/bin/env bash
# imgrad compare: the table, what each run is, kills and resumes, mistakes.
. "$(dirname "$0")/lib.sh"

task=(--data "digits train=300 test=100" --model softmax --epochs 6 --report no)
# compare.csv without the column that tells time.
table() { cut -d, -f1-11 "$1/compare.csv"; }

test_table() {
  run compare "${task[@]}" --optimizers "gd, sgd lr=0.1:0.01, momentum, newton, lbfgs, adam" --out cmp
  want_code 0
  for word in "sgd lr=0.01" "sgd momentum=0.9" newton lbfgs gradients cmp/report.html; do want_out "$word"; done
  for file in compare.csv report.html compare.yaml runs/01-gd/results.csv runs/07-adam/model.safetensors; do want_file cmp/$file; done
  want_equal "$(wc -l <cmp/compare.csv)" 8 "lines of compare.csv"
  want_equal "$(table cmp | grep -c '^0[23]-.*,yes,')" 1 "best rates of sgd"
  grep -q 'data-name="run.6.loss"' cmp/report.html || fail "the report has no row for adam"
  # Each is the run that train would make.
  run train "${task[@]}" --optimizer adam --out alone --quiet
  want_equal "$(results_hash alone/results.csv)" "$(results_hash cmp/runs/07-adam/results.csv)" "results of adam"
  # A descent ends with the same number of gradients, at the first step that reaches it.
  cost=$(table cmp | sed -n 's/^06-lbfgs,.*,\([0-9.]*\),[^,]*,[^,]*,[^,]*,[^,]*,[^,]*$/\1/p')
  case $cost in 6 | 6.* | 7 | 7.* | 8 | 8.*) ;; *) fail "lbfgs cost $cost gradients" ;; esac
}

test_killed_and_resumed() {
  list=(--optimizers "gd, sgd, adam, lbfgs" --checkpoint-every 0.01)
  run compare "${task[@]}" --epochs 20 "${list[@]}" --out whole
  want_code 0
  run_with_kills compare "${task[@]}" --epochs 20 "${list[@]}"
  want_equal "$(table broken)" "$(table whole)" "the table"
}

test_json() {
  want_jq
  run compare "${task[@]}" --optimizers "sgd, adam" --out cmp --json --quiet
  want_code 0
  want_json '.[0] | .status == "ok" and (.runs | length) == 2 and all(.runs[]; .done and .gradients == 6 and .loss > 0 and .test.n == 100)'
}

test_mistakes() {
  run compare "${task[@]}" --optimizers adam --out cmp
  want_code 2
  want_err "nothing to compare"
  run compare "${task[@]}" --optimizers "adam, adm" --out cmp
  want_code 2
  want_err "did you mean adam"
  run compare "${task[@]}" --optimizers "adam lr=0.1:, sgd" --out cmp
  want_code 2
  want_err "empty"
  run compare "${task[@]}" --optimizers "adam beta=1, sgd" --out cmp
  want_code 2
  run compare "${task[@]}" --optimizer adam --out cmp
  want_code 2
  want_err "--optimizers"
  run compare "${task[@]}" --time 1m --out cmp
  want_code 2
  [ ! -e cmp ] || fail "a refused command left a folder"
  run compare "${task[@]}" --optimizers "adam, gd" --augment flip --out cmp
  want_code 2
  want_err "augment"
  run compare --resume nowhere
  want_code 2
}

run_tests "$@"
