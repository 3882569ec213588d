#!/usr/bin/env bash
# Answers as a user gets them: files, folders, names on standard input, and what cannot be read.
. "$(dirname "$0")/lib.sh"

# picture NAME GREY: 6 × 4 pixels of one grey, more or less.
picture() { { printf 'P2 6 4 255\n'; seq $(($2 + 1)) $(($2 + 24)); } >"$1"; }

# A run on two classes that anybody can tell apart, made once.
run_folder=$scratch/run
make_run() {
  [ -d "$run_folder" ] && return
  mkdir -p "$scratch/set/夜" "$scratch/set/day"
  local i
  for i in $(seq 20); do
    picture "$scratch/set/夜/$i.pgm" $((i * 2))
    picture "$scratch/set/day/$i.pgm" $((190 + i * 2))
  done
  printf 'input 1 4 4\nflatten\ndense classes softmax\n' >"$scratch/model.txt"
  run train "$scratch/set" --model "$scratch/model.txt" --epochs 30 --lr 0.05 --batch 8 --out "$run_folder" --quiet
  want_code 0
}

test_files_in_order() {
  make_run
  picture dark.pgm 5
  picture 'light one.pgm' 220
  run predict "$run_folder" 'light one.pgm' dark.pgm "$scratch/set/day/3.pgm"
  want_code 0
  want_equal "$(cut -f1,2 stdout)" "$(printf 'light one.pgm\tday\ndark.pgm\t夜\n%s\tday' "$scratch/set/day/3.pgm")" "answers"
  cut -f3 stdout | grep -qvE '^(0\.[5-9][0-9]{3}|1\.0000)$' && fail "probabilities $(shown)"
  run predict "$run_folder" dark.pgm --top 5
  want_equal "$(cut -f2,4 stdout)" "$(printf '夜\tday')" "the two classes"
  run predict "$run_folder/model.safetensors" dark.pgm
  want_code 0
  want_out 夜
}

test_folders_and_batches() {
  make_run
  for batch in 1 7 64; do
    run predict "$run_folder" "$scratch/set" --batch $batch
    want_code 0
    want_equal "$(cut -f1 stdout | sed "s|$scratch/set/||" | cut -d/ -f1 | uniq -c | xargs)" "20 day 20 夜" "order with batch $batch"
    want_equal "$(awk -F'\t' '{ n = split($1, p, "/"); if (p[n-1] == $2) right++ } END { print right }' stdout)" 40 "right answers"
    [ $batch = 1 ] && cp stdout first
    cmp -s stdout first || fail "batch $batch gives other answers"
  done
  run predict "$run_folder" "$scratch/set" --threads 1
  cmp -s stdout first || fail "one thread gives other answers"
}

test_json() {
  make_run
  want_jq
  picture dark.pgm 5
  run predict "$run_folder" dark.pgm nothing.pgm --json --top 2
  want_code 3
  want_json '.[0].file == "dark.pgm" and .[0].class == "夜" and .[0].probability > 0.5 and (.[0].top | length) == 2'
  want_json '(.[0].top | map(.probability) | add) > 0.999 and .[1].file == "nothing.pgm" and (.[1].error | contains("nothing.pgm"))'
}

test_what_cannot_be_read() {
  make_run
  picture dark.pgm 5
  : >empty.jpg
  mkfifo pipe.png
  echo '<html>' >page.jpg
  run predict "$run_folder" empty.jpg dark.pgm pipe.png page.jpg missing.png
  want_code 3
  want_equal "$(cut -f1 stdout)" dark.pgm "the only answer"
  for name in empty.jpg pipe.png page.jpg missing.png; do want_err "imgrad: $name: "; done
  want_err "4 of 5 pictures"
  mkdir words
  echo words >words/notes.txt
  run predict "$run_folder" words
  want_code 0
  want_err "no pictures"
}

test_names_on_standard_input() {
  make_run
  picture a.pgm 5
  picture b.pgm 220
  printf 'a.pgm\n\nb.pgm\r\nmissing.pgm' >names
  code=0
  "$imgrad" predict "$run_folder" b.pgm - a.pgm <names >stdout 2>stderr || code=$?
  want_code 3
  want_equal "$(cut -f1 stdout | xargs)" "b.pgm a.pgm b.pgm a.pgm" "order"
  # An answer comes before the next name is there.
  mkfifo ask answer
  "$imgrad" predict "$run_folder" - <ask >answer 2>/dev/null &
  exec 5>ask 6<answer
  echo a.pgm >&5
  read -r -t 20 line <&6 || fail "no answer while the input is open"
  want_equal "${line%%$'\t'*}" a.pgm "the answer"
  echo b.pgm >&5
  read -r -t 20 line <&6 || fail "no second answer"
  exec 5>&-
  wait $! || fail "exit code $?"
}

test_mistakes() {
  make_run
  run predict
  want_code 2
  want_err "which run?"
  run predict "$run_folder"
  want_code 2
  want_err "which pictures?"
  run predict nowhere a.pgm
  want_code 2
  run predict "$run_folder" a.pgm --tip 2
  want_code 2
  want_err "did you mean top"
}

test_many_files() {
  make_run
  local files=()
  for i in $(seq 300); do files+=("$scratch/set/day/$((i % 20 + 1)).pgm"); done
  run predict "$run_folder" "${files[@]}"
  want_code 0
  want_equal "$(wc -l <stdout)" 300 "answers"
}

run_tests "$@"
