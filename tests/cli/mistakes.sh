#!/usr/bin/env bash
# What a newcomer does wrong: each mistake with its exit code and the words of the answer that help. With IMGRAD_TEST_SAY=1 each is
# printed with its answer, to be read.
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

# answered CODE WORDS MISTAKE: what the last command said.
answered() {
  out='' err=$(cat stderr)
  : >>stdout
  [ -z "${IMGRAD_TEST_SAY:-}" ] || { echo "  $3   ($code)" && sed 's/^/      /' stderr; }
  [ "$code" = "$1" ] || fail "'$3' $(shown), want $1"
  want_err "$2"
}

# says CODE WORDS -- WORD …: the command ends with this code and these words.
says() {
  local code_wanted=$1 words=$2
  shift 3
  run "$@"
  answered "$code_wanted" "$words" "imgrad $*"
}

test_paths_and_data() {
  mkdir empty one && picture one/lonely.pgm a
  classes pair left right
  classes single only
  says 2 "no such file or folder" -- train photos/
  says 3 "holds no data" -- train empty
  says 3 "holds no data" -- train --data empty --model softmax
  says 3 "two are needed" -- train single --model softmax
  says 2 "did you mean digits" -- train --data digts
  says 2 "did you mean train" -- train --data "digits trian=100"
  echo text >notes.txt
  says 3 "notes.txt" -- train notes.txt
  says 2 "leave something to train on" -- train pair --model mlp --val 0.5 --test 0.5
  says 2 "test part of its own" -- train "${small[@]}" --test 0.1
}

# idx COUNT LABELS LARGEST: grey pictures of 4 × 4, and as many labels as said, the last one so large.
idx() {
  local i
  mkdir -p idx
  printf "\\0\\0\\x08\\x03\\0\\0\\0\\x$(printf %02x "$1")\\0\\0\\0\\x04\\0\\0\\0\\x04" >idx/train-images-idx3-ubyte
  head -c $((16 * $1)) /dev/zero >>idx/train-images-idx3-ubyte
  printf "\\0\\0\\x08\\x01\\0\\0\\0\\x$(printf %02x "$2")" >idx/train-labels-idx1-ubyte
  for ((i = 1; i < $2; i++)); do printf "\\x0$((i % 3))"; done >>idx/train-labels-idx1-ubyte
  printf "\\x$(printf %02x "$3")" >>idx/train-labels-idx1-ubyte
}

test_labels() {
  printf 'input 1 4 4\ndense 3 softmax\n' >m.txt
  idx 20 19 1
  says 3 "19" -- train idx --model m.txt
  idx 20 20 9
  says 4 "answers 3 classes, idx has 10" -- train idx --model m.txt
  rm idx/train-labels-idx1-ubyte
  says 3 "labels" -- train idx --model m.txt
}

test_pictures() {
  classes pair left right
  local i
  for i in $(seq 20); do : >pair/left/$i.pgm; done
  says 3 "an empty file" -- train pair --model softmax --epochs 1 --strict
  classes good left right
  printf 'GIF89a' >good/left/movie.png
  says 0 "movie.png" -- train good --model mlp --epochs 1 --out kept
  says 3 "gone.pgm" -- predict kept good/left/1.pgm gone.pgm
  echo '<!DOCTYPE html>' >page.jpg
  says 3 "HTML" -- predict kept page.jpg
  says 2 "which pictures" -- predict kept
  says 2 "which run" -- predict
}

test_options() {
  says 2 "did you mean epochs" -- train --epoch 3
  says 2 "did you mean 'train'" -- trian
  says 2 "lr=fast is not a number" -- train --lr fast
  says 2 "batch=0 is out of range" -- train --batch 0
  says 2 "did you mean adam" -- train --optimizer adm
  says 2 "'imgrad help optimizers'" -- train --optimizer adam --momentum 0.9
  says 2 "did you mean cross_entropy" -- train --loss cross_entropi
  says 2 "did you mean cosine" -- train --schedule cosin
  says 2 "did you mean rotate" -- train --augment "rotat 10"
  says 2 "did you mean direct" -- train --conv dirct
  says 2 "Known: bf16, f32, f64" -- train --precision f46
  says 2 "did you mean conv2d1.weight" -- train "${small[@]}" --model textbook --freeze conv1.weight
  says 2 "the class '11' is not known" -- train "${small[@]}" --class-weights 11=3
  says 2 "like 90, 10m or 1.5h" -- train --time soon
  says 2 "threads=-1 is out of range" -- train --threads -1
  says 2 "without a momentum" -- train --optimizer "sgd nesterov=yes"
  says 2 "--epochs" -- train --epochs many
  says 2 "needs a value" -- train --epochs
  says 2 "one word too many" -- train a b
  says 2 "no recipe of that name; did you mean mnist-99" -- train --config mnist99
  printf 'epochs: 3\nbatchs: 8\n' >run.yaml
  says 2 "did you mean batch" -- train --config run.yaml
  says 2 "20000 weights" -- train --model textbook --gradient numeric --precision f64
  says 2 "--precision f64" -- train --model softmax --gradient numeric
  says 2 "nothing to compare" -- compare --optimizers adam
  says 2 "by a search" -- lr-find --optimizer lbfgs
  says 2 "did you mean steps" -- lr-find --stesp 10
}

test_tune() {
  says 2 "nothing to choose from" -- tune "${small[@]}"
  says 2 "smaller to the larger" -- tune "${small[@]}" --l2 1e-1..1e-6:log
  says 2 "begins above 0" -- tune "${small[@]}" --l2 0..1:log
  says 2 "did you mean lr" -- tune "${small[@]}" --lrr 0.1,1
  says 2 "did you mean folds" -- tune "${small[@]}" --l2 0,1 --foldz 3
  says 2 "did you mean halving" -- tune "${small[@]}" --l2 0,1 --search halvin
  says 2 "goes along one penalty" -- tune "${small[@]}" --lr 0.1,0.2 --search path
  says 2 "one value" -- tune "${small[@]}" --threads 1,2
  says 2 "--refit no" -- tune "${small[@]}" --l2 1e-4,1e-3 --lambda-schedule gap
  says 2 "sgd" -- tune "${small[@]}" --optimizer adam,sdg
  says 2 "--folds 1" -- tune "${small[@]}" --l2 0,1 --val 0.2
  says 2 "--choose one-se" -- tune "${small[@]}" --lr 0.1,0.2 --choose one-se
  says 2 "cannot be compared" -- tune "${small[@]}" --l2 0,1 --epochs time --time 1m
  says 2 "--by error" -- tune "${small[@]}" --loss cross_entropy,focal
  says 2 "no such" -- tune photos/ --l2 0,1
  says 2 "--resume nowhere" -- tune --resume nowhere
  says 2 "without a picture" -- tune --data "digits train=3 test=2" --model softmax --l2 0,1 --folds 5 --out few
  says 2 "which part of how many" -- train "${small[@]}" --fold 6/5
  says 2 "give one of them" -- train "${small[@]}" --fold 1/5 --val 0.2
  says 2 "did you mean group_lasso" -- train --penalty "grouplasso 1"
  says 2 "is missing" -- train --penalty "l1 1e-3,"
  says 2 "no parameter of" -- train "${small[@]}" --penalty "l1 1 on=conv9.*"
  says 2 "needs a smooth loss" -- train "${small[@]}" --optimizer lbfgs --penalty "max_norm 1"
  says 2 "did you mean swa" -- train "${small[@]}" --average swaa
  says 2 "are needed" -- train "${small[@]}" --average swa
}

test_shown() {
  mkdir empty
  says 2 "no such run folder" -- watch runs/nowhere
  says 2 "which run" -- watch
  says 2 "neither config.yaml nor results.csv" -- watch empty
  says 2 "port=99999 is out of range" -- watch empty --port 99999
  says 2 "one word too many" -- watch empty other
  says 2 "such as --watch=8080" -- train "${small[@]}" --watch=soon
  says 2 "1 … 65535" -- train "${small[@]}" --watch=0
  says 2 "one run of train" -- tune "${small[@]}" --l2 0,1 --watch
  says 2 "one run of train" -- lr-find --watch
  says 2 "lr_find.csv" -- lr-find --data "digits train=100 test=20" --tensorboard board
  says 2 "did you mean tensorboard" -- train --tensorbord board
  says 2 "is no folder" -- train "${small[@]}" --tensorboard /dev/null --out a
  [ ! -e a ] || fail "a run folder was made"
}

test_models() {
  says 4 "choose a model for this size" -- train --data "digits train=50 test=5" --model resnet8
  says 2 "did you mean textbook" -- train --model textbok
  printf 'input 1 28 28\nconv2d 8 k=3 rleu\ndense classes softmax\n' >net.txt
  says 4 "did you mean relu" -- train --model net.txt
  printf 'input 1 28 28\nconv2d 8 k=99\ndense classes softmax\n' >big.txt
  says 4 "pad=same would fit" -- train --model big.txt
  printf 'input 1 28 28\ndense 3 softmax\n' >three.txt
  says 4 "'dense classes'" -- train --data "digits train=50 test=5" --model three.txt
  says 2 "did you mean lenet5" -- summary lenet
}

test_runs() {
  run train "${small[@]}" --out a
  want_code 0
  says 2 "--resume" -- train "${small[@]}" --out a
  says 2 "no such run folder" -- eval b
  says 2 "no such run folder" -- predict b a.png
  says 2 "it would change the result" -- train --resume a --lr 0.5
  says 2 "give one of them" -- train --resume a --weights a
  says 2 "Known: test, val, train" -- eval a --part tset
  says 2 "prune: which run" -- prune --out b
  says 2 "--out" -- prune a
  says 2 "no such" -- prune b --out c
  says 2 "--out a" -- prune a --out a
  says 2 "out of range" -- prune a --out b --threshold -1
  head -c 200 a/model.safetensors >cut.safetensors
  says 4 "cut.safetensors" -- eval cut.safetensors
  printf 'garbage' >a/checkpoint
  says 4 "this is no checkpoint" -- train --resume a
  says 8 "below" -- train "${small[@]}" --out c --min-accuracy 1
  says 7 "smaller learning rate" -- train --data "digits train=200 test=5" --model mlp --optimizer sgd --lr 1e6 --epochs 3 --out d
}

# on_disk OPTIONS COMMAND: a shell command with the folder disk on a file system of its own, in a name space of its own.
on_disk() {
  code=0
  mkdir -p disk
  imgrad=$imgrad unshare -rm sh -c 'mount -t tmpfs -o "$1" none disk && shift && eval "$1"' sh "$1" "$2" >stdout 2>stderr </dev/null || code=$?
  out=$(cat stdout) err=$(cat stderr)
}

test_gradients_to_the_picture() {
  run train "${small[@]}" --out a
  want_code 0
  says 2 "which run" -- ascend
  says 2 "no such run folder" -- ascend nowhere
  says 2 "ask one of them" -- ascend a --saliency --fool
  says 2 "--saliency or --fool" -- ascend a photo.png
  says 2 "did you mean dense1" -- ascend a --filters dense2:0
  says 2 "0 … 9" -- ascend a --filters dense1:10
  says 2 "no class" -- ascend a --classes eleven
  says 3 "gone.png" -- ascend a --saliency gone.png
  says 2 "epsilon" -- ascend a --fool --epsilon 2
}

test_disks() {
  touch file
  says 2 "no folder is in the way" -- train "${small[@]}" --out file/a
  code=0
  "$imgrad" info >/dev/full 2>stderr || code=$?
  answered 5 "No space" "imgrad info >/dev/full"
}

# A disk that is full from the start, one that fills while the run goes on, and one that takes nothing.
test_full_and_read_only() {
  unshare -rm sh -c 'mount -t tmpfs none /mnt' 2>/dev/null || skip "no file systems can be mounted here"
  local train='"$imgrad" train --data "digits train=100 test=20" --model mlp --epochs 2 --quiet --out disk/a'
  on_disk size=16k "$train"
  answered 5 "No space left" "a full disk: $train"
  on_disk size=1200k "$train; code=\$?; ls disk/a >&2; exit \$code"
  answered 5 "No space left" "a disk that fills up: $train"
  on_disk ro "$train"
  answered 5 "Read-only file system" "a folder that cannot be written: $train"
  # What was whole stays whole: the report that has no room is no loss of the run.
  on_disk size=900k '"$imgrad" train --data "digits train=100 test=20" --model softmax --epochs 1 --quiet --report no --out disk/a || exit 1
    dd if=/dev/zero of=disk/rest bs=1k 2>/dev/null; "$imgrad" report disk/a; code=$?; "$imgrad" eval disk/a || exit 1; exit $code'
  answered 5 "No space left" "imgrad report on a full disk"
}

test_no_rights() {
  [ "$(id -u)" != 0 ] || skip "nothing is forbidden to root"
  mkdir locked && chmod 500 locked
  says 5 "locked" -- train "${small[@]}" --out locked/a
}

test_twice_interrupted() {
  # Bash starts background jobs with INT ignored; --default-signal undoes it.
  env --default-signal=INT "$imgrad" train --data "digits train=100000" --model textbook --epochs 50 --out long >stdout 2>stderr </dev/null &
  local child=$! i
  for i in $(seq 100); do [ -s long/checkpoint ] && break; sleep 0.1; done
  kill -INT $child
  kill -INT $child
  code=0
  wait $child || code=$?
  answered 130 "" "Ctrl-C twice"
  # What was there before the first is whole.
  says 0 "" -- train --resume long --time 0.2 --quiet
}

run_tests "$@"
