#!/usr/bin/env bash
# Newton's method, its Gauss–Newton form, L-BFGS, gradient descent (with its line search, and at six rates without) and momentum (at the
# same six) on `textbook` and PICTURES training pictures of DATA, all of them in each step: the full-batch loss over gradients of all pictures,
# of which each may take GRADIENTS. Prints the table, and the losses on the way; leaves OUT/report.html. Called again, it goes on.
#   bench/descents.sh IMGRAD DATA [OUT] [GRADIENTS] [PICTURES]
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,5s/^# *//p' "$0"; exit 2; }
imgrad=$1 data=$2 out=${3:-runs/descents} gradients=${4:-300} pictures=${5:-2000}
list="newton, gauss_newton, lbfgs, gd, gd search=none lr=0.2:0.1:0.05:0.02:0.01:0.005, momentum lr=0.2:0.1:0.05:0.02:0.01:0.005"

if [ -e "$out/compare.yaml" ]; then "$imgrad" compare --resume "$out" --quiet
else "$imgrad" compare "$data" --model textbook --limit "$pictures" --val 0 --batch "$pictures" --epochs "$gradients" --optimizers "$list" --out "$out" --quiet; fi

# After a tenth, a third and all of the gradients. A method's losses are those of its points, with what they have cost; an epoch of momentum is one step and tells the loss before it.
echo
for run in "$out"/runs/*; do
  if [ -e "$run/descent.csv" ]; then tail -n +2 "$run/descent.csv" | cut -d, -f3,6
  else tail -n +2 "$run/results.csv" | awk -F, '{ print $3 "," $1 - 1 }'; fi |
    awk -F, -v name="$(basename "$run")" -v most="$gradients" '
      { for (k = 1; k <= 3; k++) if ($2 <= most / (k == 1 ? 10 : k == 2 ? 3 : 1)) loss[k] = $1 }
      END { printf "%-36s", name; for (k = 1; k <= 3; k++) printf " %10s", k in loss ? sprintf("%.4g", loss[k]) : "-"; print "" }'
done
