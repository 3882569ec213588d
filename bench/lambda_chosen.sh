#!/usr/bin/env bash
# Is the λ that `imgrad tune` picks a good one? For each seed: 1,000 training pictures of DATA drawn by it, λ of the L2 penalty picked
# on them alone by five folds and ten values, and the network trained on all of them with that λ, with none, and with each of the ten;
# the test part measures all. Seeds are paired: the same pictures, initial weights and order. Prints the means over the seeds in
# percent; for the λ of the least validation loss, of the one-standard-error rule, and of the least validation error the differences to
# λ = 0 and to the λ that would have been best in hindsight, the one of the best mean, with their standard errors.
# SEEDS is a number of them, from 1, or FIRST..LAST. OUT keeps what is done: called again, it goes on.
#   bench/lambda_chosen.sh IMGRAD DATA [SEEDS] [EPOCHS] [OUT] [PICTURES]
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,8s/^# *//p' "$0"; exit 2; }
. "$(dirname "$0")/lambda.sh"

for seed in $(seed_numbers "$seeds"); do
  tuned "$seed"
  chosen=$(sed -n 's/^chosen *l2=//p' "$out/tune-$seed.txt") one_se=$(sed -n 's/^one-se *l2=//p' "$out/tune-$seed.txt")
  refit=$(grep '^refit' "$table" | cut -d, -f"$(column "$table" test/accuracy)")
  for lambda in 0 $(tail -n +2 "$table" | cut -d, -f3 | sort -gu); do
    echo "$seed $lambda $(kept "$out/$seed-$lambda.json" "$out/run" --seed "$seed" --l2 "$lambda") $chosen $one_se $by_error $refit"
  done
done | awk "$put"'
  function row(name, of, words,   i, d, e) {
    printf "%-9s", name
    put(of)
    for (i = 1; i <= n; i++) { d[i] = of[i] - accuracy[i, "0"]; e[i] = of[i] - accuracy[i, best] }
    put(d); put(e)
    print "  " words
  }
  $1 != last { n++; last = $1; words[1] = words[1] " " $4; words[2] = words[2] " " $5; words[3] = words[3] " " $6; refit = 100 * $7 }
  { accuracy[n, $2] = 100 * $3; if (!($2 in seen)) { seen[$2]; order[++m] = $2 } }
  $2 == $4 { loss[n] = 100 * $3; if (loss[n] != refit) { print "seed " $1 ": the refit has another accuracy than the run alone" } }
  $2 == $5 { rule[n] = 100 * $3 }
  $2 == $6 { error[n] = 100 * $3 }
  END {
    if (!n) exit 1
    for (k = 1; k <= m; k++) {
      s = 0
      for (i = 1; i <= n; i++) s += accuracy[i, order[k]]
      if (k == 1 || s > most) { most = s; best = order[k] }
    }
    print n " seeds; each mean with its standard error; best in hindsight: " best
    print "lambda    accuracy       - none         - best"
    for (k = 1; k <= m; k++) { for (i = 1; i <= n; i++) of[i] = accuracy[i, order[k]]; row(order[k], of, "") }
    row("loss", loss, words[1])
    row("one-se", rule, words[2])
    row("error", error, words[3])
  }'
