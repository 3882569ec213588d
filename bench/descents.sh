#!/usr/bin/env bash
# Newton's method, its Gauss–Newton form, L-BFGS, gradient descent (with its line search, and at six rates without) and momentum (at six
# rates) on `textbook` and PICTURES training pictures of DATA, all of them in each step: the full-batch loss over gradients of all pictures, of
# which each may take GRADIENTS. Then momentum as it is mostly used, on batches of 32, for a tenth of that. Prints both tables and leaves
# OUT/full/report.html and OUT/batches/report.html. Called again, it goes on.
#   bench/descents.sh IMGRAD DATA [OUT] [GRADIENTS] [PICTURES]
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,6s/^# *//p' "$0"; exit 2; }
imgrad=$1 data=$2 out=${3:-runs/descents} gradients=${4:-300} pictures=${5:-2000}
rates=lr=0.2:0.1:0.05:0.02:0.01:0.005
mkdir -p "$out"

# compared NAME OPTION…
compared() {
  local folder=$out/$1
  shift
  if [ -e "$folder/compare.yaml" ]; then "$imgrad" compare --resume "$folder" --quiet
  else "$imgrad" compare "$data" --model textbook --limit "$pictures" --val 0 --out "$folder" --quiet "$@"; fi
}

compared full --batch "$pictures" --epochs "$gradients" --optimizers "newton, gauss_newton, lbfgs, gd, gd search=none $rates, momentum $rates"
compared batches --batch 32 --epochs $((gradients / 10)) --optimizers "momentum $rates"
