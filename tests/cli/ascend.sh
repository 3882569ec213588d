#!/usr/bin/env bash
# imgrad ascend: what is liked best, what answers hang on, what fools; its files, its JSON, its mistakes.
. "$(dirname "$0")/lib.sh"

run_folder=$scratch/run
make_run() {
  [ -d "$run_folder" ] && return
  run train --data "digits train=600 test=60" --model textbook --epochs 2 --out "$run_folder" --quiet
  want_code 0
}

# A run on two classes of small pictures, bright above and bright below.
set_folder=$scratch/set
make_set() {
  [ -d "$set_folder" ] && return
  mkdir -p "$set_folder/above" "$set_folder/夜"
  local i
  for i in $(seq 20); do
    { printf 'P2 4 4 255\n'; seq $((150 + i)) $((157 + i)); seq $((20 + i)) $((27 + i)); } >"$set_folder/above/$i.pgm"
    { printf 'P2 4 4 255\n'; seq $((20 + i)) $((27 + i)); seq $((150 + i)) $((157 + i)); } >"$set_folder/夜/$i.pgm"
  done
  printf 'input 1 4 4\nflatten\ndense classes softmax\n' >"$scratch/model.txt"
  run train "$set_folder" --model "$scratch/model.txt" --epochs 40 --lr 0.05 --batch 8 --out "$scratch/pair" --quiet
  want_code 0
}

# want_png FILE WIDTH HEIGHT
want_png() {
  want_file "$1"
  want_equal "$(od -An -tx1 -j1 -N3 "$1" | tr -d ' ')" 504e47 "the beginning of $1"
  want_equal "$(od -An -tu1 -j16 -N8 "$1" | awk '{ print $3 * 256 + $4, $7 * 256 + $8 }')" "$2 $3" "the size of $1"
}

# want_page FOLDER: nothing in it runs or is fetched.
want_page() {
  want_file "$1/index.html"
  grep -qE '<script|src="http|href="http|@import|url\(' "$1/index.html" && fail "$1/index.html asks for something"
  grep -q 'src="data:image/png;base64,' "$1/index.html" || fail "$1/index.html has no pictures"
}

test_classes_and_filters() {
  make_run
  want_jq
  run ascend "$run_folder" --steps 60 --json
  want_code 0
  want_json '.[0].pictures | length == 10 and all(.after > .before) and ([.[].probability] | add) > 7'
  want_page "$run_folder/ascend"
  want_png "$run_folder/ascend/004-class-3.png" 28 28
  want_png "$run_folder/ascend/sheet.png" 884 92
  cp "$run_folder/ascend/sheet.png" first.png
  run ascend "$run_folder" --steps 60 --threads 1
  cmp -s "$run_folder/ascend/sheet.png" first.png || fail "another number of threads, another picture"
  run ascend "$run_folder" --steps 60 --seed 2 --classes 3 --filters "conv2d1:*, conv2d2:3-5" --out here
  want_code 0
  want_equal "$(ls here/*.png | wc -l)" $((1 + 32 + 3 + 1)) "pictures"
  cmp -s here/001-class-3.png "$run_folder/ascend/004-class-3.png" && fail "the seed changes nothing"
  want_out "conv2d2:5"
  want_out "here/index.html"
}

test_saliency() {
  make_set
  want_jq
  run ascend "$scratch/pair" --saliency "$set_folder/夜/1.pgm" "$set_folder/above" --limit 5 --json
  want_code 0
  want_err "16 more pictures"
  # A linear network: the attributions add up whatever the number of points.
  want_json '.[0] | .worst_error < 1e-5 and (.pictures | length) == 5 and .pictures[0].answer == "夜" and .pictures[1].target == "above"'
  want_page "$scratch/pair/saliency"
  for kind in picture gradient integrated smooth; do want_png "$scratch/pair/saliency/001-1-$kind.png" 4 4; done
  grep -q '<bdi>夜</bdi>' "$scratch/pair/saliency/index.html" || fail "the page does not name the class"
  run ascend "$scratch/pair" --saliency "$set_folder/above/3.pgm" --target 夜 --out other
  want_code 0
  want_out "夜"
  : >empty.png
  run ascend "$scratch/pair" --saliency empty.png "$set_folder/above/3.pgm" --json
  want_code 3
  want_err "empty.png"
  want_err "1 of 2 pictures"
  want_json '.[0].failed == 1 and (.[0].pictures | length) == 1'
}

test_fool() {
  make_set
  want_jq
  run ascend "$scratch/pair" --fool "$set_folder" --limit 40 --json
  want_code 0
  want_json '.[0] | .n == 40 and .known == 40 and .right == 40 and .pgd.fooled == 40 and .pgd.median < .noise.most'
  # The truth is the folder, and the picture written is taken for the other class where its JSON says so.
  want_json '.[0].pictures | all(.truth == .answer and .pgd.answer != .truth and .pgd.largest <= .pgd.epsilon * 1.000001)'
  want_json '[.[0].pictures[] | select(.pgd.kept_in_8_bits)] | length > 5'
  jq -r '.pictures[] | select(.pgd.kept_in_8_bits) | .stem + " " + .pgd.answer' stdout >fooled
  while read -r stem answer; do echo "$scratch/pair/fool/$stem-pgd.png	$answer"; done <fooled >wanted
  run predict "$scratch/pair" $(cut -f1 wanted)
  want_code 0
  want_equal "$(cut -f1,2 stdout)" "$(cat wanted)" "what the written pictures are taken for"
  want_page "$scratch/pair/fool"
  want_equal "$(wc -l <"$scratch/pair/fool/fool.csv")" 41 "rows of fool.csv"
  want_equal "$(head -n 1 "$scratch/pair/fool/fool.csv")" "file,truth,answer,noise,fgsm,pgd,pgd_l2" "its head"
  # The curve is the table of pictures again.
  awk -F, 'NR == FNR { if (FNR > 1) e[n++] = $(NF - 1); next } $1 == "pgd" { s = 0; for (i = 0; i < n; i++) s += e[i] == "" || e[i] > $2 + 0
      if (s / n - $3 > 1e-9 || $3 - s / n > 1e-9) { print "  ε " $2 ": " $3 ", want " s / n; bad = 1 } seen++ } END { exit bad || seen < 40 }' \
    "$scratch/pair/fool/fool.csv" "$scratch/pair/fool/curve.csv" || fail "curve.csv"
}

test_data_of_the_run() {
  make_run
  want_jq
  run ascend "$run_folder" --fool --limit 4 --pgd-steps 5 --target 7 --json
  want_code 0
  want_json '.[0] | .n == 4 and .known == 4 and (.pictures | all((.pgd | has("answer") | not) or .pgd.answer == "7"))'
  run ascend "$run_folder" --saliency --limit 3 --part val --samples 2 --path 8
  want_code 0
  want_equal "$(grep -c '^[0-9] ' stdout)" 3 "pictures"
}

test_mistakes() {
  make_set
  run ascend
  want_code 2
  want_err "which run?"
  run ascend "$scratch/pair" photo.png
  want_code 2
  want_err "--saliency or --fool"
  run ascend "$scratch/pair" --saliency --fool
  want_code 2
  run ascend nowhere
  want_code 2
  run ascend "$scratch/pair" --classes nigt
  want_code 2
  want_err "no class 'nigt'"
  run ascend "$scratch/pair" --filters dense:0
  want_code 2
  want_err "did you mean dense1"
  run ascend "$scratch/pair" --fool missing.png --out made
  want_code 3
  want_err "missing.png"
  run ascend "$scratch/pair" --stps 3
  want_code 2
  want_err "did you mean steps"
  [ ! -e made ] || fail "a refused command left a folder"
}

run_tests "$@"
