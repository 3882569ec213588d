#!/usr/bin/env bash
# imgrad tune: the table, the page, the choice; and kill -9 at random moments with --resume, until it is through: the same table and the same
# choice as of one that nobody disturbed. 6 kills; IMGRAD_KILLS gives another number, IMGRAD_SEED other moments.
. "$(dirname "$0")/lib.sh"

words=(--data "digits train=300 test=100" --model mlp --epochs 2 --folds 3 --l2 1e-4..1:log --points 3 --checkpoint-every 0.05)

untimed() { sed 's/,[^,]*$//' "$1"; }

test_what_it_leaves() {
  run tune "${words[@]}" --out a --quiet
  want_code 0
  want_out "chosen       l2="
  want_out "test, refit  accuracy"
  want_equal "$err" "$(tail -n 0 stderr)" "words of --quiet"
  for file in tune.csv tune.yaml report.html best.yaml runs/002-fold-3/results.csv; do want_file a/$file; done
  want_equal "$(wc -l <a/tune.csv)" 11 "rows"
  [ ! -e a/runs/001-fold-1/checkpoint ] || fail "a run of the search keeps its checkpoint"
  # The page says what the table says.
  awk -F, 'NR > 1 && $5 { sum[$2] += $12; n[$2]++ } END { for (i in sum) printf "%s %.9f\n", i, sum[i] / n[i] }' a/tune.csv >means
  while read -r setting mean; do
    sed -nE "s/.*data-name=\"$setting\.accuracy\" data-value=\"([^\"]*)\".*/\1/p" a/report.html >shown
    awk -v a="$mean" -v b="$(cat shown)" 'BEGIN { exit !(a - b < 1e-6 && b - a < 1e-6) }' || fail "setting $setting: $mean in the table, $(cat shown) on the page"
  done <means
  run train --config a/best.yaml --out again --quiet
  want_code 0
  want_equal "$(weight_hash again/model.safetensors)" "$(weight_hash a/runs/refit-*/model.safetensors)" "weights of best.yaml and of the refit"
}

test_json() {
  want_jq
  run tune "${words[@]}" --optimizer "sgd,adam" --search random --points 4 --json --quiet --out a
  want_code 0
  want_json 'map(select(.type == "run")) | length == 13'
  want_json 'last | .type == "result" and .settings == 4 and (.chosen | test("l2=.* optimizer=")) and .test.n == 100 and .accuracy.mean > 0'
}

test_diverged_and_bars() {
  run tune --data "digits train=100 test=20" --model softmax --epochs 20 --folds 2 --optimizer sgd --l2 1 --lr 1e5,1e6 --out a --quiet
  want_code 7
  want_err "every setting diverged"
  run tune "${words[@]}" --min-accuracy 1 --out b --quiet
  want_code 8
  want_err "below"
  run tune --resume b --l2 1,2
  want_code 2
  want_err "tune.yaml"
  sed -i 's/^seed.*//; s/^epochs: .*/epochs: "3"/' b/tune.yaml
  run tune --resume b --quiet
  want_code 2
  want_err "take a new folder"
}

test_kill_and_resume() {
  local kills=${IMGRAD_KILLS:-6} killed=0 turns=0 begin spent ms pid
  RANDOM=${IMGRAD_SEED:-7}
  begin=$(date +%s%N)
  run tune "${words[@]}" --quiet --out whole
  want_code 0
  spent=$((($(date +%s%N) - begin) / 1000000))
  while :; do
    turns=$((turns + 1))
    [ $turns -le $((20 * kills)) ] || fail "no end after $turns starts, $killed kills"
    if [ -e part/tune.yaml ]; then
      "$imgrad" tune --resume part --quiet --threads $((1 + turns % 3)) >stdout 2>stderr &
    else
      rm -rf part
      "$imgrad" tune "${words[@]}" --quiet --out part >stdout 2>stderr &
    fi
    pid=$!
    ms=$((10 + RANDOM % (spent / 3 + 1)))
    [ $killed -lt "$kills" ] && { sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"; kill -9 $pid 2>/dev/null; }
    code=0
    wait $pid 2>/dev/null || code=$?
    [ $code = 0 ] && [ $killed -ge "$kills" ] && break
    [ $code = 0 ] && rm -rf part && continue
    [ $code = 137 ] || fail "start $turns: $(shown)"
    killed=$((killed + 1))
  done
  untimed whole/tune.csv >a
  untimed part/tune.csv >b
  diff a b | sed 's/^/  /'
  cmp -s a b || fail "tune.csv after $killed kills"
  cmp -s whole/best.yaml part/best.yaml || fail "best.yaml after $killed kills"
  echo "  $killed kills in $turns starts"
}

test_interrupted() {
  "$imgrad" tune --data "digits train=3000 test=20" --model textbook --epochs 50 --l2 0,1e-3 --folds 2 --out long >stdout 2>stderr &
  local child=$! i
  for i in $(seq 200); do [ -e long/runs/001-fold-1/checkpoint ] && break; sleep 0.05; done
  kill -INT $child
  code=0
  wait $child || code=$?
  err=$(cat stderr)
  want_code 130
  want_err "tune --resume long"
  run tune --resume long --time 0.1 --quiet
  want_code 0
  want_err "the time was over"
}

run_tests "$@"
