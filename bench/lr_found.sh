#!/usr/bin/env bash
# Is the rate that `imgrad lr-find` suggests a good one? For each seed: the rate suggested for the run that the options
# describe, and that run with it and with each rate of RATES ("1e-4 3e-4 1e-3 3e-3 0.01 0.03"). Validation takes no part: all pictures train, the
# last weights are measured on the test part. Prints the mean over the seeds for each rate of the grid, in percent with its standard error,
# and for the suggested ones that mean, its difference to the rate of the best mean, and, seed by seed, to the best of the seed.
# SEEDS is a number of them, from 1, or FIRST..LAST. OUT keeps what is done: called again, it goes on.
#   bench/lr_found.sh IMGRAD OUT SEEDS RATES DATA [options of train …]
set -euo pipefail
[ $# -ge 5 ] || { sed -n '2,7s/^# *//p' "$0"; exit 2; }
imgrad=$1 out=$2 seeds=$3 rates=$4
shift 4
. "$(dirname "$0")/seeds.sh"
words=("$@" --val 0)
mkdir -p "$out"

# kept FILE COMMAND…: its output, of now or of an earlier call
kept() {
  local file=$1
  shift
  if [ ! -e "$file" ]; then
    rm -rf "$out/run"
    "$imgrad" "$@" --out "$out/run" --json >"$file.part" || [ $? = 7 ] # a rate may be far too high
    mv "$file.part" "$file"
  fi
  cat "$file"
}

# accuracy SEED RATE: on the test part, of the weights after the last epoch; 0 where the run diverged
accuracy() {
  kept "$out/$1-$2.json" train "${words[@]}" --seed "$1" --lr "$2" --report no --quiet |
    awk '/"result"/ && /"test":/ { sub(/.*"test":[^}]*"accuracy": */, ""); sub(/[,}].*/, ""); print; found = 1 } END { if (!found) print 0 }'
}

for seed in $(seed_numbers "$seeds"); do
  found=$(kept "$out/find-$seed.json" lr-find "${words[@]}" --seed "$seed" | sed 's/.*"suggestion": *\([0-9.e-]*\).*/\1/')
  echo "$seed found $found $(accuracy "$seed" "$found")"
  for rate in $rates; do echo "$seed grid $rate $(accuracy "$seed" "$rate")"; done
done | awk "$put"'
  $2 == "found" { suggested[++n] = 100 * $4; names = names " " $3 }
  $2 == "grid" {
    if (!($3 in sum)) order[++m] = $3
    sum[$3] += of[n, $3] = 100 * $4
    if (100 * $4 > top[n]) top[n] = 100 * $4
  }
  END {
    if (!n) exit 1
    for (k = 1; k <= m; k++) if (k == 1 || sum[order[k]] > sum[best]) best = order[k]
    print n " seeds; each mean with its standard error; best of the grid: " best
    print "rate       accuracy       - best  - best of the seed"
    for (k = 1; k <= m; k++) {
      for (i = 1; i <= n; i++) { a[i] = of[i, order[k]]; d[i] = a[i] - of[i, best] }
      printf "%-8s", order[k]; put(a); put(d); print ""
    }
    for (i = 1; i <= n; i++) { d[i] = suggested[i] - of[i, best]; e[i] = suggested[i] - top[i] }
    printf "%-8s", "found"; put(suggested); put(d); put(e); print "  " names
  }'
