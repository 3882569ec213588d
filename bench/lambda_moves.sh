#!/usr/bin/env bash
# Where does a λ that moves end, and what is it worth? For each seed: 1,000 training pictures of DATA drawn by it, as in lambda_chosen.sh, and
# the network trained on them without a penalty, with the λ that `imgrad tune` picks on them by five folds and ten values (by error, and by loss), with a λ that follows the
# hypergradient from 1e-7, 1e-5, 1e-2 and 1e-1, for the network and by layer, with one that follows the gap, and with λ that grow and fall by a schedule. The test part
# measures all. Seeds are paired: the same pictures, initial weights and order; what the gap and the hypergradient look at is taken from the 1,000 pictures. Prints for each
# the mean λ at the end (geometric), the accuracy in percent, and the differences to λ = 0 and to tune's choice by error and by loss, with standard errors.
# SEEDS is a number of them, from 1, or FIRST..LAST. OUT keeps what is done: called again, it goes on; the OUT of lambda_chosen.sh has the choices already.
#   bench/lambda_moves.sh IMGRAD DATA [SEEDS] [EPOCHS] [OUT] [PICTURES]
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,9s/^# *//p' "$0"; exit 2; }
. "$(dirname "$0")/lambda.sh"

# run SEED NAME WORD…: "SEED NAME accuracy λ"; the folder stays, with the λ of every epoch
run() {
  local folder=$out/moves-$1-$2 seed=$1 name=$2
  shift 2
  echo "$seed $name $(kept "$folder.json" "$folder" --seed "$seed" --keep last "$@") $(tail -n 1 "$folder/results.csv" | cut -d, -f13)"
}

for seed in $(seed_numbers "$seeds"); do
  tuned "$seed"
  run "$seed" none --l2 0
  run "$seed" tune --l2 "$by_error"
  run "$seed" tune-loss --l2 "$by_loss"
  for start in 1e-7 1e-5 1e-2; do run "$seed" "network-$start" --l2 "$start" --lambda-schedule hypergradient; done
  run "$seed" network-1e-1 --l2 1e-1 --lambda-schedule "hypergradient high=1"
  for start in 1e-5 1e-2; do run "$seed" "layer-$start" --l2 "$start" --lambda-schedule "hypergradient per=layer"; done
  for start in 1e-5 1e-3; do run "$seed" "gap-$start" --l2 "$start" --lambda-schedule gap --val 0.1; done
  run "$seed" constant --l2 2e-3
  run "$seed" falls --l2 4e-3 --lambda-schedule linear
  run "$seed" grows --l2 4e-3 --lambda-schedule "linear from=0 to=1"
done | awk "$put"'
  $1 != last { n++; last = $1 }
  { accuracy[n, $2] = 100 * $3; sum[$2] += log($4 > 0 ? $4 : 1e-300); if (!($2 in seen)) { seen[$2]; order[++m] = $2 } }
  END {
    if (!n) exit 1
    print n " seeds; each mean with its standard error"
    print "              λ at the end    accuracy       - none         - tune         - tune by loss"
    for (k = 1; k <= m; k++) {
      name = order[k]
      for (i = 1; i <= n; i++) { a[i] = accuracy[i, name]; b[i] = a[i] - accuracy[i, "none"]; c[i] = a[i] - accuracy[i, "tune"]; d[i] = a[i] - accuracy[i, "tune-loss"] }
      printf "%-13s %12.2e ", name, (name == "none" ? 0 : exp(sum[name] / n))
      put(a); put(b); put(c); put(d)
      print ""
    }
  }'
