#!/usr/bin/env bash
# train --restarts: the folder of the best, what is said of the others, kills and resumes, mistakes.
. "$(dirname "$0")/lib.sh"
. "$root/tests/cli/report_lib.sh"

task=(--data "digits train=300 test=100" --model softmax --epochs 6)
# restarts.csv without the column that tells time.
table() { cut -d, -f1-7 "$1/restarts.csv"; }

test_folder() {
  want_jq
  run train "${task[@]}" --restarts 3 --out m --json
  want_code 0
  for file in config.yaml results.csv model.safetensors checkpoint report.html restarts.csv restarts/03/results.csv; do want_file "m/$file"; done
  want_equal "$(wc -l <m/restarts.csv)" 4 "lines of restarts.csv"
  best=$(grep -n ,yes, m/restarts.csv | cut -d: -f1)
  want_equal "$(results_hash m/results.csv)" "$(results_hash "m/restarts/0$((best - 1))/results.csv")" "results of the best"
  want_json 'map(.type) == ["restart", "restart", "restart", "result"]'
  want_json ".[3] | .out == \"m\" and .restarts.n == 3 and .restarts.seed == $((best - 1)) and .restarts.val_loss.min <= .restarts.val_loss.mean and (.restarts.runs | length) == 3"
  # The page: the runs, their spread, and the figures of the best.
  jq -r 'select(.type == "result") | "restarts.val.loss.min \(.restarts.val_loss.min)", "restarts.val.loss.deviation \(.restarts.val_loss.deviation)",
    "restarts.val.accuracy.mean \(.restarts.val_accuracy.mean)", "val.accuracy \(.val.accuracy)", "test.accuracy \(.test.accuracy)",
    (.restarts.runs | to_entries[] | "restart.\(.key).val.loss \(.value.val.loss)", "restart.\(.key).seed \(.value.seed)")' stdout >wanted.values
  want_values m/report.html wanted.values
  grep -q "the best of 3 restarts, seed" m/log.txt || fail "the log does not say it"
  # The same page when it is made again, and each is the run that train would make.
  values m/report.html >before
  run report m
  want_code 0
  values m/report.html | cmp -s - before || fail "the page made again says other numbers"
  run train "${task[@]}" --start 2 --report no --out alone --quiet
  want_equal "$(results_hash alone/results.csv)" "$(results_hash m/restarts/03/results.csv)" "results of the third"
  run train --resume m --epochs +1
  want_code 0
  want_equal "$(tail -n 1 m/results.csv | cut -d, -f1)" 7 "epochs after going on"
}

test_killed_and_resumed() {
  run train "${task[@]}" --epochs 20 --restarts 4 --checkpoint-every 0.01 --out whole
  want_code 0
  want_out "the best of 4 by validation"
  run_with_kills train "${task[@]}" --epochs 20 --restarts 4 --checkpoint-every 0.01
  want_equal "$(table broken)" "$(table whole)" "the table"
  want_equal "$(weight_hash broken/model.safetensors)" "$(weight_hash whole/model.safetensors)" "the weights"
  want_equal "$(results_hash broken/results.csv)" "$(results_hash whole/results.csv)" "results.csv"
}

test_mistakes() {
  run train "${task[@]}" --restarts 3 --val 0 --out m
  want_code 2
  want_err "no validation part"
  run train "${task[@]}" --restarts 3 --time 1m --out m
  want_code 2
  want_err "the clock"
  run train "${task[@]}" --restarts 0 --out m
  want_code 2
  want_err "out of range"
  run train --resume nowhere --restarts 3
  want_code 2
  want_err "give one of them"
  run tune "${task[@]}" --l2 0,1 --restarts 3 --out m
  want_code 2
  want_err "train's alone"
  run lr-find "${task[@]}" --restarts 3 --out m
  want_code 2
  [ ! -e m ] || fail "a refused command left a folder"
}

run_tests "$@"
