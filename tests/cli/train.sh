#!/usr/bin/env bash
# Training as a user sees it: the run folder, the words, the exit codes, the signals.
. "$(dirname "$0")/lib.sh"

small=(--data "digits train=600 test=200" --model softmax --batch 20)
long=(--data "digits train=20000 test=200" --model textbook --epochs 50)

test_run_folder() {
  run train "${small[@]}" --epochs 2 --out a
  want_code 0
  for name in config.yaml results.csv model.safetensors checkpoint; do want_file a/$name; done
  want_equal "$(head -n 1 a/results.csv)" \
    "epoch,time,train/loss,train/data_loss,train/penalty,train/accuracy,val/loss,val/accuracy,lr,weight_norm,img_per_s,wait,lambda" \
    "columns of results.csv"
  want_equal "$(wc -l <a/results.csv)" 3 "rows of results.csv"
  want_out "a"
  want_out "interval"
  want_out "baseline"
  want_err "epoch 2/2"
  want_err "eval a"
  case $err in *$'\033'* | *$'\r'*) fail "control codes in a file" ;; esac
  # A folder that is there is never written over.
  run train "${small[@]}" --epochs 1 --out a
  want_code 2
  # The saved configuration makes the same run again.
  run train --config a/config.yaml --out b
  want_code 0
  want_equal "$(weight_hash a/model.safetensors)" "$(weight_hash b/model.safetensors)" "weights from config.yaml"
}

# A recipe with other data; what is said on the command line comes after it; the saved configuration makes the same run.
test_recipe() {
  local data=(--data "digits train=600 test=200")
  run train --config mnist-99 "${data[@]}" --limit 300 --epochs 1 --out a
  want_code 0
  grep -q '^model: "swift"$' a/config.yaml || fail "not the recipe's model"
  grep -q '^limit: 300$' a/config.yaml || fail "not the limit of the command line"
  run train --config a/config.yaml --out b
  want_code 0
  "$imgrad" models mnist-99 >own.yaml || fail "models mnist-99"
  run train --config own.yaml "${data[@]}" --limit 300 --epochs 1 --out c
  want_code 0
  for other in b c; do
    want_equal "$(weight_hash a/model.safetensors)" "$(weight_hash $other/model.safetensors)" "weights of $other"
  done
  # A file of that name comes first.
  printf 'model: softmax\nepochs: 1\n' >mnist-99
  run train --config mnist-99 "${data[@]}" --out d
  want_code 0
  grep -q '^model: "softmax"$' d/config.yaml || fail "the file was passed over"
}

test_numbered_folders() {
  for i in 1 2; do
    run train "${small[@]}" --epochs 1 --quiet
    want_code 0
    want_equal "$err" "" "words with --quiet"
  done
  want_file runs/train/model.safetensors
  want_file runs/train2/model.safetensors
}

test_json_and_eval() {
  want_jq
  run train "${small[@]}" --epochs 2 --out a --json
  want_code 0
  want_json 'map(.type) == ["epoch", "epoch", "result"] and .[2].test.n == 200 and .[2].out == "a"'
  run eval a
  want_code 0
  want_out "accuracy"
  want_out "test"
  want_out "top-5 accuracy"
  want_out "ROC AUC"
  want_out "Brier score"
  run eval a --json
  want_code 0
  want_json '.[0].part == "test" and .[0].n == 200 and .[0].classes == 10 and (.[0].per_class | length) == 10
             and .[0].accuracy > 0.2 and .[0].loss > 0 and (.[0].per_class | map(.n) | add) == 200
             and (.[0].confusion | map(add) | add) == 200
             and .[0].top == 5 and .[0].top_accuracy >= .[0].accuracy and .[0].auc > 0.5 and .[0].brier > 0
             and .[0].calibration_error >= 0 and (.[0].per_class | map(.auc > 0.5) | all)'
  run eval a --json --part val
  want_json '.[0].part == "val" and .[0].n == 60'
  run eval a --json --data "digits train=100 test=50 seed=9"
  want_json '.[0].n == 50'
  run eval a --min-accuracy 1
  want_code 8
  want_out accuracy
  run eval a --part both
  want_code 2
}

# folder_of NAME COUNT CLASS…: so many grey pictures a class, all different.
folder_of() {
  local name=$1 count=$2 class i shade=0
  shift 2
  for class in "$@"; do
    mkdir -p "$name/$class"
    shade=$((shade + 1))
    for i in $(seq "$count"); do printf 'P2 4 4 255 %s\n' "$(seq -s' ' $((shade * 40 + i)) $((shade * 40 + i + 15)))" >"$name/$class/$i.pgm"; done
  done
}

# Parts from one list, seeded and in each class its share, for every kind of data that can have none of its own; the same ones for
# eval and the report, and none of them in another.
test_shares() {
  want_jq
  printf 'input 1 4 4\ndense classes softmax\n' >m.txt
  folder_of set 20 one two && folder_of set 10 three
  mkdir idx
  printf '\0\0\x08\x03\0\0\0\x32\0\0\0\x04\0\0\0\x04' >idx/train-images-idx3-ubyte && head -c 800 /dev/urandom >>idx/train-images-idx3-ubyte
  printf '\0\0\x08\x01\0\0\0\x32' >idx/train-labels-idx1-ubyte && for _ in $(seq 25); do printf '\0\x01'; done >>idx/train-labels-idx1-ubyte
  local data
  for data in set idx "random count=50 classes=2 height=4 width=4" "digits train=50 test=0"; do
    rm -rf a
    run train "$data" --model "$([ "${data#digits}" = "$data" ] && echo m.txt || echo softmax)" --val 0.2 --test 0.2 --epochs 1 --out a --json
    want_code 0
    want_json '.[-1].test.n == 10 and .[-1].val.n == 10'
    run eval a --json
    want_code 0
    want_json '.[0].part == "test" and .[0].n == 10'
    [ "$data" != set ] || want_json '.[0].per_class | map(.n) == [4, 2, 4]'
    [ "$data" != idx ] || want_json '.[0].per_class | map(.n) == [5, 5]'
    run eval a --part train --json
    want_json '.[0].n == 30'
    grep -q 'data-name="test.n" data-value="10"' a/report.html || fail "$data: the report has another test part"
    cp a/report.html first.html
    run report a
    want_code 0
    cmp -s first.html a/report.html || fail "$data: made again, another report"
  done
  run train "digits train=50 test=10" --model softmax --test 0.2 --out b
  want_code 2
  want_err "has a test part of its own"
  run train set --model m.txt --val 0.6 --test 0.6 --out b
  want_code 2
  want_err "leave something to train on"
  run train --resume a --test 0.3 --epochs +1
  want_code 2
  want_err "it would change the result"
}

# Weights of a run with other classes: the rows of the last layer go by the classes' names.
test_weights_of_other_classes() {
  printf 'input 1 4 4\ndense 3 relu\nhead = dense classes softmax\n' >m.txt
  folder_of old 20 cat dog hen && folder_of new 20 fox hen cat
  run train old --model m.txt --epochs 2 --out a
  want_code 0
  run train new --model m.txt --epochs 0 --weights a --out b
  want_code 0
  want_err "the file has other classes: of the last layer, head, 2 of 3 rows are taken, by the classes' names (cat, hen); fresh is fox"
  run train new --model m.txt --epochs 1 --weights b --out c
  want_code 0
  case $err in *"other classes"*) fail "the same classes are others" ;; esac
}

test_bars_and_time() {
  run train "${small[@]}" --epochs 1 --out a --min-accuracy 1
  want_code 8
  want_file a/model.safetensors
  run train "${long[@]}" --out b --time 1
  want_code 0
  want_file b/checkpoint
}

test_refusals() {
  run train "${small[@]}" --epochs 1 --out a
  run train --resume a --weights a
  want_code 2
  run train --resume a --batch 7 --epochs +1
  want_code 2
  want_err batch
  run train --resume nowhere
  want_code 2
  run train --resume a --epochs +1 --threads 1
  want_code 0
  want_equal "$(wc -l <a/results.csv)" 3 "rows after one more epoch"
  cp -r a broken
  head -c 100 a/checkpoint >broken/checkpoint
  run train --resume broken --epochs +1
  want_code 4
  run train "${small[@]}" --epochs 1 --weights a --out c
  want_code 0
}

test_full_disk_for_results() {
  code=0
  "$imgrad" train "${small[@]}" --epochs 1 --out a >/dev/full 2>stderr || code=$?
  : >stdout
  want_code 5
  want_file a/model.safetensors
}

test_no_descriptor_of_ours() {
  # With stdin and stderr closed, files get low numbers; the run must not write into them.
  "$imgrad" train "${small[@]}" --epochs 1 --out a >stdout 2>&- <&- || fail "exit $?"
  "$imgrad" eval a >stdout || fail "eval"
  grep -q accuracy stdout || fail "no figures"
}

# start WORD…: trains in the background, and waits until the first checkpoint or epoch can be stopped.
start() {
  # Bash starts background jobs with INT ignored; --default-signal undoes it.
  env --default-signal=INT,TERM,HUP "$imgrad" "$@" >stdout 2>stderr </dev/null &
  pid=$!
  for _ in $(seq 100); do
    [ -e "$folder/config.yaml" ] && break
    sleep 0.05
  done
  sleep 0.3
}

stop_with() {
  folder=$1
  start train "${long[@]}" --out "$1"
  kill -"$1" $pid
  code=0
  wait $pid || code=$?
  want_code "$2"
  want_file "$1/checkpoint"
  grep -q "resume" stderr || fail "no word on how to go on: $(cat stderr)"
  run train --resume "$1" --time 0.2
  want_code 0
}

test_signal_int() { stop_with INT 130; }
test_signal_term() { stop_with TERM 143; }
test_signal_hup() { stop_with HUP 129; }

test_second_int() {
  folder=a
  start train "${long[@]}" --batch 4096 --out a
  kill -INT $pid
  kill -INT $pid 2>/dev/null
  code=0
  wait $pid || code=$?
  want_code 130
}

test_nohup() {
  folder=a
  (trap '' HUP; exec "$imgrad" train "${long[@]}" --time 3 --out a >stdout 2>stderr) &
  pid=$!
  sleep 1
  kill -HUP $pid
  code=0
  wait $pid || code=$?
  want_code 0
}

# live ENVIRONMENT…: trains on a terminal of 100 columns and leaves what the terminal got in the file typescript.
live() {
  command -v script >/dev/null || skip "script is not here"
  # `script` gives a terminal without a size, so COLUMNS decides.
  env TERM=xterm COLUMNS=100 "$@" script -qec "'$imgrad' train --data 'digits train=4000 test=200' --epochs 2 --out a >stdout" typescript \
    >/dev/null </dev/null || fail "script: exit $?"
}

test_lambda_moves() {
  run train "${small[@]}" --epochs 3 --l2 1e-3 --lambda-schedule "step 1 gamma=0.5" --json --out a
  want_code 0
  want_equal "$(tail -n +2 a/results.csv | cut -d, -f13 | tr '\n' ' ')" "0.001 0.0005 0.00025 " "column lambda"
  want_out '"lambda":0.00025'
  grep -q "λ 0.0005" a/log.txt || fail "log.txt: no λ"
  run train --data "digits train=600 test=200" --model mlp --batch 20 --optimizer sgd --lr 0.1 --l2 4 --epochs 3 --out b
  want_code 0
  want_err "layer dense1 has collapsed (epoch "
  want_equal "$(grep -c "layer dense1 has collapsed" b/log.txt)" 1 "lines of the collapse"
  grep -q 'data-name="collapsed.0"' b/report.html || fail "report: no collapse"
  run train "${small[@]}" --lambda-schedule cosine --out c
  want_code 2
  want_err "no penalty acts"
}

# No progress line between two returns is wider than this; a line that wrapped could not be redrawn.
no_wider_than() {
  tr '\r' '\n' <typescript | sed 's/\x1b\[[0-9;]*[mK]//g' | grep '^epoch' >lines
  [ "$(wc -l <lines)" -ge 4 ] || fail "only $(wc -l <lines) progress lines"
  ! grep -E "^.{$(($1 + 1)),}" lines || fail "wider than $1 columns"
}

test_live_line() {
  live
  grep -q $'\r' typescript || fail "nothing was redrawn"
  grep -q "━" typescript || fail "no bar"
  grep -q $'\033\[32m' typescript || fail "no colour"
  grep -q "eta" typescript || fail "no eta"
  grep -q "epoch 2/2" typescript || fail "no second epoch"
  no_wider_than 99
}

test_narrow_line() {
  live COLUMNS=40
  no_wider_than 39
}

test_no_color() {
  live NO_COLOR=1
  grep -q $'\033\[[0-9;]*m' typescript && fail "colour in spite of NO_COLOR"
  grep -q $'\r' typescript || fail "nothing was redrawn"
}

test_dumb_terminal() {
  live TERM=dumb
  grep -q $'\033' typescript && fail "control codes on a dumb terminal"
  grep -q "epoch 2/2" typescript || fail "no plain line"
}

run_tests "$@"
