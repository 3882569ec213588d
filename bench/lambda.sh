# shellcheck shell=bash disable=SC2034
# The task of lambda_chosen.sh and lambda_moves.sh, which bring their words along, and what `imgrad tune` picks for it.
. "$(dirname "${BASH_SOURCE[0]}")/seeds.sh"
imgrad=$1 data=$2 seeds=${3:-10} epochs=${4:-20} out=${5:-runs/lambda} pictures=${6:-1000}
words=(--model textbook --optimizer "sgd momentum=0.9" --lr 0.1 --schedule "cosine warmup=1" --epochs "$epochs" --limit "$pictures" --report no
       --quiet)
mkdir -p "$out"

# kept FILE FOLDER WORD…: the accuracy on the test part, of the weights after the last epoch, of a training now or in an earlier call
kept() {
  local file=$1 folder=$2
  shift 2
  if ! grep -q '"result"' "$file" 2>/dev/null; then
    rm -rf "$folder"
    "$imgrad" train "$data" "${words[@]}" --val 0 "$@" --out "$folder" --json >"$file.part"
    mv "$file.part" "$file"
  fi
  grep '"result"' "$file" | sed 's/.*"test":[^}]*"accuracy": *\([0-9.e-]*\).*/\1/'
}

# column FILE NAME: its number in tune.csv
column() { head -n 1 "$1" | tr ',' '\n' | grep -nx "$2" | cut -d: -f1; }

# tuned SEED: tune on the seed's pictures, now or in an earlier call: $table, and λ of the least validation loss and error, $by_loss, $by_error
tuned() {
  local folder=$out/tune-$1
  if [ ! -e "$folder/best.yaml" ]; then
    if [ -e "$folder/tune.yaml" ]; then "$imgrad" tune --resume "$folder" --quiet >"$folder.txt"
    else "$imgrad" tune "$data" "${words[@]}" --seed "$1" --l2 1e-6..1e-1:log --points 10 --folds 5 --out "$folder" >"$folder.txt"; fi
  fi
  table=$folder/tune.csv
  read -r by_loss by_error < <(awk -F, -v right="$(column "$table" val/accuracy)" -v loss="$(column "$table" val/data_loss)" '
    NR > 1 && $5 { hits[$3] += $right; sum[$3] += $loss }
    END {
      for (l in sum) if (least == "" || sum[l] < sum[least]) least = l
      for (l in sum) if (best == "" || hits[l] > hits[best] || hits[l] == hits[best] && sum[l] < sum[best]) best = l
      print least, best
    }' "$table")
}
