#!/usr/bin/env bash
# kill -9 at random moments and --resume, until the run is through: the weights and the figures must be those of a run that
# nobody disturbed. 20 kills; IMGRAD_KILLS gives another number, IMGRAD_SEED other moments.
. "$(dirname "$0")/lib.sh"

kills=${IMGRAD_KILLS:-20}
words=(--data "digits train=3000 test=100" --model textbook --batch 37 --limit 1500 --epochs 3 --l2 1e-4 --schedule cosine
       --checkpoint-every 0.1 --quiet)

test_kill_and_resume() {
  RANDOM=${IMGRAD_SEED:-7}
  begin=$(date +%s%N)
  run train "${words[@]}" --out whole
  want_code 0
  spent=$((($(date +%s%N) - begin) / 1000000))
  weights=$(weight_hash whole/model.safetensors)
  results=$(results_hash whole/results.csv)
  killed=0 runs=0 turns=0
  while [ $killed -lt "$kills" ]; do
    rm -rf part
    runs=$((runs + 1))
    while :; do
      turns=$((turns + 1))
      [ $turns -le $((20 * kills)) ] || fail "no end after $turns starts, $killed kills"
      # A run killed before its first checkpoint has nothing to go on from and begins again.
      if [ -e part/checkpoint ]; then
        "$imgrad" train --resume part --quiet >stdout 2>stderr &
      else
        rm -rf part
        "$imgrad" train "${words[@]}" --out part >stdout 2>stderr &
      fi
      pid=$!
      # Up to half of the whole run's time, in milliseconds.
      ms=$((10 + RANDOM % (spent / 2 + 1)))
      [ $killed -lt "$kills" ] && { sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"; kill -9 $pid 2>/dev/null; }
      code=0
      wait $pid 2>/dev/null || code=$?
      [ $code = 0 ] && break
      [ $code = 137 ] || fail "start $turns: $(shown)"
      killed=$((killed + 1))
    done
    want_equal "$(weight_hash part/model.safetensors)" "$weights" "weights of run $runs after $killed kills"
    if [ "$(results_hash part/results.csv)" != "$results" ]; then
      diff <(cut -d, -f1,3-10,13- whole/results.csv) <(cut -d, -f1,3-10,13- part/results.csv) | sed 's/^/  /'
      fail "results.csv of run $runs after $killed kills"
    fi
  done
  leftover=$(find part -name '.imgrad-*' | wc -l)
  echo "  $killed kills in $runs runs; $leftover unfinished files left"
}

run_tests "$@"
