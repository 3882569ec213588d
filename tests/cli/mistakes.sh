#!/usr/bin/env bash
# What a newcomer does wrong: each mistake with its exit code and the words of the answer that help.
. "$(dirname "$0")/lib.sh"

# picture FILE GREY [SIDE]: a grey picture of SIDE × SIDE pixels (12), darker or lighter.
picture() {
  local side=${3:-12}
  { printf 'P5\n%d %d\n255\n' "$side" "$side" && head -c $((side * side)) /dev/zero | tr '\0' "$2"; } >"$1"
}

# classes FOLDER NAME …: a folder of twenty pictures for each class.
classes() {
  local folder=$1 name i shade=0
  shift
  for name in "$@"; do
    mkdir -p "$folder/$name"
    shade=$((shade + 1))
    for i in $(seq 20); do picture "$folder/$name/$i.pgm" "$(printf '\\%03o' $((40 * shade + i)))"; done
  done
}

small=(--data "digits train=100 test=20" --model softmax --epochs 1 --quiet)

# says CODE WORDS -- WORD …: the command ends with this code and these words.
says() {
  local code_wanted=$1 words=$2
  shift 3
  run "$@"
  [ "$code" = "$code_wanted" ] || fail "'$*' $(shown), want $code_wanted"
  want_err "$words"
}

test_paths_and_data() {
  mkdir empty one && picture one/lonely.pgm a
  classes pair left right
  classes single only
  says 2 "no such" -- train photos/
  says 3 "empty" -- train empty
  says 3 "empty" -- train --data empty --model softmax
  says 3 "two are needed" -- train single --model softmax
  says 2 "did you mean" -- train --data digts
  echo text >notes.txt
  says 3 "notes.txt" -- train notes.txt
}

test_pictures() {
  classes pair left right
  local i
  for i in $(seq 20); do : >pair/left/$i.pgm; done
  says 3 "left" -- train pair --model softmax --epochs 1 --strict
  classes good left right
  printf 'GIF89a' >good/left/movie.png
  says 0 "movie.png" -- train good --model mlp --epochs 1 --out kept
  says 3 "gone.pgm" -- predict kept good/left/1.pgm gone.pgm
  says 2 "which pictures" -- predict kept
}

test_options() {
  says 2 "did you mean" -- train --epoch 3
  says 2 "did you mean" -- trian
  says 2 "not a number" -- train --lr fast
  says 2 "batch" -- train --batch 0
  says 2 "adam" -- train --optimizer adm
  says 2 "momentum" -- train --optimizer adam --momentum 0.9
  says 2 "no loss" -- train --loss cross_entropi
  says 2 "--time" -- train --time soon
  says 2 "threads" -- train --threads -1
  says 2 "without a momentum" -- train --optimizer "sgd nesterov=yes"
  says 2 "--epochs" -- train --epochs many
  says 2 "did you mean group_lasso" -- train --penalty "grouplasso 1"
  says 2 "is missing" -- train --penalty "l1 1e-3,"
  says 2 "no parameter of" -- train "${small[@]}" --penalty "l1 1 on=conv9.*"
  says 2 "needs a smooth loss" -- train "${small[@]}" --optimizer lbfgs --penalty "max_norm 1"
  says 2 "did you mean swa" -- train "${small[@]}" --average swaa
  says 2 "are needed" -- train "${small[@]}" --average swa
}

test_models() {
  says 4 "choose a model" -- train --data "digits train=50 test=5" --model resnet8
  says 2 "did you mean" -- train --model textbok
  printf 'input 1 28 28\nconv2d 8 k=3 rleu\ndense classes softmax\n' >net.txt
  says 4 "did you mean relu" -- train --model net.txt
  printf 'input 1 28 28\nconv2d 8 k=99\ndense classes softmax\n' >big.txt
  says 4 "99" -- train --model big.txt
  printf 'input 1 28 28\ndense 3 softmax\n' >three.txt
  says 4 "3 classes" -- train --data "digits train=50 test=5" --model three.txt
}

test_runs() {
  run train "${small[@]}" --out a
  want_code 0
  says 2 "a" -- train "${small[@]}" --out a
  says 2 "no such" -- eval b
  says 2 "it would change the result" -- train --resume a --lr 0.5
  says 2 "give one of them" -- train --resume a --weights a
  says 2 "prune: which run" -- prune --out b
  says 2 "--out" -- prune a
  says 2 "no such" -- prune b --out c
  says 2 "--out a" -- prune a --out a
  says 2 "out of range" -- prune a --out b --threshold -1
  head -c 200 a/model.safetensors >cut.safetensors
  says 4 "cut.safetensors" -- eval cut.safetensors
  printf 'garbage' >a/checkpoint
  says 4 "checkpoint" -- train --resume a
  says 8 "below" -- train "${small[@]}" --out c --min-accuracy 1
  says 7 "smaller learning rate" -- train --data "digits train=200 test=5" --model mlp --optimizer sgd --lr 1e6 --epochs 3 --out d
}

test_disks() {
  if [ "$(id -u)" != 0 ]; then
    mkdir locked && chmod 500 locked
    says 5 "locked" -- train "${small[@]}" --out locked/a
  fi
  touch file
  says 2 "no folder is in the way" -- train "${small[@]}" --out file/a
  if [ -w /dev/full ]; then
    code=0
    "$imgrad" info >/dev/full 2>stderr || code=$?
    out='' err=$(cat stderr)
    want_code 5
    want_err "No space"
  fi
}

test_twice_interrupted() {
  "$imgrad" train --data "digits train=100000" --model textbook --epochs 50 --out long >stdout 2>stderr &
  local child=$! i
  for i in $(seq 100); do grep -q "^time" long/log.txt 2>/dev/null && break; [ -s long/checkpoint ] && break; sleep 0.1; done
  kill -INT $child
  kill -INT $child
  code=0
  wait $child || code=$?
  want_code 130
}

run_tests "$@"
