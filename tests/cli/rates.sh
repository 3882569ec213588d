#!/usr/bin/env bash
# imgrad lr-find, and what train says of its learning rate.
. "$(dirname "$0")/lib.sh"

digits=(--data "digits train=1000 test=100" --model mlp)

test_lr_find() {
  run lr-find "${digits[@]}" --out rate
  want_code 0
  for word in rate loss steps lowest "suggested    --lr" rate/report.html; do want_out "$word"; done
  for file in report.html lr_find.csv config.yaml; do want_file rate/$file; done
  [ "$(head -n 1 rate/lr_find.csv)" = "step,rate,loss,smoothed" ] || fail "$(head -n 1 rate/lr_find.csv)"
  [ ! -e rate/model.safetensors ] || fail "weights were left"
  # What it suggests is taken by train.
  lr=$(sed -n 's/^suggested *--lr //p' stdout)
  run train "${digits[@]}" --lr "$lr" --epochs 1 --out run --quiet
  want_code 0
  # The page says what the table says.
  grep -q "data-name=\"suggestion\" data-value=\"$lr\"" rate/report.html || fail "the report does not say $lr"
  run lr-find "${digits[@]}" --out rate
  want_code 2
  run lr-find "${digits[@]}" --steps 30
  want_code 0
  want_file runs/lr-find/report.html
}

test_lr_find_json() {
  want_jq
  run lr-find --json "${digits[@]}" --steps 100 --to 1 --out rate
  want_code 0
  want_json '.[0] | .steps == (.curve | length) and .suggestion > 0 and .suggestion < .lowest and .curve[0].rate == 1e-6'
  [ "$(wc -l <stdout)" = 1 ] || fail "more than one line"
}

test_lr_find_mistakes() {
  run lr-find "${digits[@]}" --optimizer newton
  want_code 2
  want_err "search"
  run lr-find "${digits[@]}" --from 1 --to 0.1
  want_code 2
  want_err "--from"
  run lr-find "${digits[@]}" --stpes 10
  want_code 2
  want_err "steps"
  run lr-find --resume runs/x
  want_code 2
  run lr_find --data nowhere/
  want_code 2
  [ ! -e runs ] || fail "a refused command left a folder"
}

test_train_says_that_the_rate_is_wrong() {
  run train "${digits[@]}" --optimizer sgd --lr 1e-3 --epochs 10 --out low
  want_code 0
  want_err "the learning rate 0.001 is too low (crawling)"
  want_out "Try --lr"
  grep -q 'data-name="rate.crawling"' low/report.html || fail "the report does not say it"
  run train "${digits[@]}" --optimizer sgd --lr 1e6 --epochs 2 --out high
  want_code 7
  want_err "is too high (diverging)"
  run train "${digits[@]}" --epochs 3 --out good --json
  want_code 0
  case $err in *"learning rate"*) fail "a warning at the default rate $(shown)" ;; esac
  want_jq
  want_json 'map(select(.type == "result"))[0].rate_warnings == []'
}

run_tests "$@"
