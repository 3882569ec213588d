#!/usr/bin/env bash
# Is the λ that `imgrad tune` picks a good one? For each seed: 1,000 training pictures of DATA drawn by it, λ of the L2 penalty picked
# on them alone by five folds and ten values, and the network trained on all of them with that λ, with none, and with each of the ten;
# the test part measures all. Seeds are paired: the same pictures, initial weights and order. Prints the means over the seeds in
# percent, the differences with their standard errors, and the λ that would have been best in hindsight: the one of the best mean.
# OUT keeps what is done: called again, it goes on.
#   bench/lambda_chosen.sh IMGRAD DATA [SEEDS] [EPOCHS] [OUT] [PICTURES]
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,8s/^# *//p' "$0"; exit 2; }
imgrad=$1 data=$2 seeds=${3:-10} epochs=${4:-30} out=${5:-runs/lambda} pictures=${6:-1000}
words=(--model textbook --epochs "$epochs" --limit "$pictures" --report no --quiet)
mkdir -p "$out"

# accuracy SEED LAMBDA: on the test part, of the weights after the last epoch
accuracy() {
  local file=$out/$1-$2.json
  if ! grep -q '"result"' "$file" 2>/dev/null; then
    rm -rf "$out/run"
    "$imgrad" train "$data" "${words[@]}" --seed "$1" --l2 "$2" --val 0 --out "$out/run" --json >"$file.part"
    mv "$file.part" "$file"
  fi
  grep '"result"' "$file" | sed 's/.*"test":[^}]*"accuracy": *\([0-9.e-]*\).*/\1/'
}

# column FILE NAME: its number in tune.csv
column() { head -n 1 "$1" | tr ',' '\n' | grep -nx "$2" | cut -d: -f1; }

for seed in $(seq "$seeds"); do
  folder=$out/tune-$seed
  if [ ! -e "$folder/best.yaml" ]; then
    if [ -e "$folder/tune.yaml" ]; then "$imgrad" tune --resume "$folder" --quiet >"$folder.txt"
    else "$imgrad" tune "$data" "${words[@]}" --seed "$seed" --l2 1e-6..1e-1:log --points 10 --folds 5 --out "$folder" >"$folder.txt"; fi
  fi
  chosen=$(sed -n 's/^chosen *l2=//p' "$folder.txt") one_se=$(sed -n 's/^one-se *l2=//p' "$folder.txt")
  grep '^refit' "$folder/tune.csv" | cut -d, -f"$(column "$folder/tune.csv" test/accuracy)" >"$out/refit"
  lambdas=$(tail -n +2 "$folder/tune.csv" | cut -d, -f3 | sort -gu)
  for lambda in 0 $lambdas; do echo "$seed $lambda $(accuracy "$seed" "$lambda") $chosen $one_se $(cat "$out/refit")"; done
done | awk '
  function sum(d, n,   s, q, i) { s = q = 0; for (i = 1; i <= n; i++) { s += d[i]; q += d[i] * d[i] }
                                  mean = s / n; error = n > 1 ? sqrt((q - s * s / n) / (n - 1) / n) : 0 }
  $1 != last { n++; last = $1; refit[n] = 100 * $6; picked = picked " " $4 }
  { accuracy[n, $2] = 100 * $3; if (!($2 in seen)) { seen[$2]; order[++m] = $2 } if ($2 == $5) one_se[n] = 100 * $3 }
  END {
    print "lambda  mean of", n, "seeds  standard error"
    for (k = 1; k <= m; k++) {
      for (i = 1; i <= n; i++) d[i] = accuracy[i, order[k]]
      sum(d, n)
      printf "%-9s %6.2f  %.2f\n", order[k], mean, error
      if (k == 1 || mean > most) { most = mean; best = order[k] }
    }
    sum(refit, n); printf "picked    %6.2f  %.2f   (%s )\n", mean, error, picked
    sum(one_se, n); printf "one-se    %6.2f  %.2f\n", mean, error
    for (i = 1; i <= n; i++) { d[i] = refit[i] - accuracy[i, "0"]; e[i] = refit[i] - accuracy[i, best] }
    sum(d, n); printf "picked - none: %.2f, its standard error %.2f\n", mean, error
    sum(e, n); printf "picked - %s, the best in hindsight: %.2f, its standard error %.2f\n", best, mean, error
    for (i = 1; i <= n; i++) d[i] = one_se[i] - accuracy[i, "0"]
    sum(d, n); printf "one-se - none: %.2f, its standard error %.2f\n", mean, error
  }'
