#!/usr/bin/env bash
# Runs that are shown while they train: the live page from outside the process, and event files. What a server answers to whom is tested by
# tests/unit/live, what a browser makes of it by tests/long/watch.sh.
. "$(dirname "$0")/lib.sh"

small=(--data "digits train=2000 test=50" --model softmax --report no)

need_server() { "$imgrad" info | grep -q 'libmicrohttpd [0-9]' || skip "built without libmicrohttpd"; }
need_events() { "$imgrad" info | grep -q 'protobuf-c [0-9]' || skip "built without protobuf-c"; }

# start WORD …: a command that serves, in the background; $port is where, its words are in served.err and served.out.
start() {
  rm -f served.out served.err
  "$imgrad" "$@" >served.out 2>served.err </dev/null &
  server=$!
  for _ in $(seq 1500); do
    port=$(cat served.out served.err 2>/dev/null | sed -nE 's|.*http://127\.0\.0\.1:([0-9]+)/.*|\1|p' | head -n 1)
    [ -n "$port" ] && return
    sleep 0.02
  done
  fail "no address: $(tail -n 2 served.err)"
}

# follow FILE: the whole stream of events, in the background, until the server ends it.
follow() {
  (
    exec 5<>"/dev/tcp/127.0.0.1/$port" || exit 1
    printf 'GET /events HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&5
    exec timeout 120 cat <&5
  ) >"$1" 2>/dev/null &
  follower=$!
}

wait_for() { # wait_for WORDS FILE
  for _ in $(seq 600); do grep -qF -- "$1" "$2" 2>/dev/null && return; sleep 0.1; done
  fail "'$1' is not in $2: $(tail -n 3 "$2")"
}

end_with() { # end_with SIGNAL CODE
  [ -z "$1" ] || kill -"$1" $server
  code=0
  wait $server || code=$?
  [ "$code" = "$2" ] || fail "exit code $code, want $2: $(tail -n 2 served.err)"
}

# want_rows STREAM RUN: the last telling of the rows is the table of the run.
want_rows() {
  awk '/^event: begin/ { n = 0 } kind ~ /columns|row/ && /^data: / { line[n++] = substr($0, 7) } { kind = /^event: / ? $2 : "" }
    END { for (i = 0; i < n; i++) print line[i] }' "$1" | diff - "$2/results.csv" >difference || fail "the stream has other rows: $(head -n 4 difference)"
}

test_train_serves() {
  need_server
  start train "${small[@]}" --epochs 60 --out a --watch # long enough for a reader to come
  follow stream
  end_with "" 0
  wait $follower
  want_rows stream a
  grep -q '^data: over$' stream || fail "the stream does not say that the run is over"
  grep -qx 'watch: "no"' a/config.yaml || fail "the configuration would serve again: $(grep watch a/config.yaml)"
}

# Shown or not, the same bits.
test_same_bits() {
  need_server
  need_events
  local epochs
  start train "${small[@]}" --epochs 100000 --out shown --watch --tensorboard board
  follow stream
  wait_for "event: row" stream # a run of a few epochs may be over before its reader comes
  end_with TERM 143
  wait $follower || fail "the stream was cut off"
  epochs=$(($(tail -n 1 shown/results.csv | cut -d, -f1) + 2))
  run train --resume shown --epochs $epochs
  want_code 0
  run train "${small[@]}" --epochs $epochs --out alone
  want_code 0
  want_equal "$(weight_hash shown/model.safetensors)" "$(weight_hash alone/model.safetensors)" "weights"
  want_equal "$(results_hash shown/results.csv)" "$(results_hash alone/results.csv)" "results"
}

# A run that another process trains, through its end and a second part of it.
test_watch_follows() {
  local trainer
  need_server
  "$imgrad" train "${small[@]}" --epochs 4 --out a >log 2>&1 &
  trainer=$!
  wait_for "epochs" a/config.yaml
  start watch a
  follow stream
  wait $trainer || fail "train: $(tail -n 1 log)"
  wait_for "data: ended" stream
  want_rows stream a
  run train --resume a --epochs +2
  want_code 0
  wait_for "data: 6," stream
  end_with INT 130
  wait $follower
  want_rows stream a
  want_equal "$(cat served.out)" "http://127.0.0.1:$port/" "standard output"
}

test_signals() {
  need_server
  start train "${small[@]}" --epochs 100000 --out a --watch
  follow stream
  wait_for "event: row" stream
  end_with TERM 143
  wait $follower
  grep -q '^data: over$' stream || fail "the stream was cut off"
  want_rows stream a
  # After a kill -9 the page of another process goes on, and the run can be taken up.
  start train --resume a --epochs 100000 --watch
  kill -KILL $server
  wait $server 2>/dev/null
  start watch a --json
  follow stream
  wait_for "event: row" stream
  grep -q '{"url":"http://127.0.0.1:' served.out || fail "no JSON: $(cat served.out)"
  end_with TERM 143
}

test_ports() {
  local taken
  need_server
  mkdir b && echo "epochs: 1" >b/config.yaml
  start watch b
  taken=$port
  run watch b --port "$taken"
  want_code 2
  want_err "port $taken of 127.0.0.1 is taken"
  run train "${small[@]}" --out c --watch="$taken"
  want_code 2
  want_err "--watch: port $taken"
  [ ! -e c ] || fail "a run folder was made"
  end_with INT 130
  start watch b --port "$taken"
  want_equal "$port" "$taken" "the port"
  end_with INT 130
}

# The page of a name that would like to be markup.
test_hostile_name() {
  need_server
  mkdir "<b onclick=1>&" && echo "epochs: 1" >"<b onclick=1>&/config.yaml"
  start watch "<b onclick=1>&"
  exec 5<>"/dev/tcp/127.0.0.1/$port"
  printf 'GET / HTTP/1.0\r\nHost: localhost\r\n\r\n' >&5
  timeout 60 cat <&5 >page
  grep -q '<b onclick' page && fail "markup"
  grep -q '&lt;b onclick=1&gt;&amp;' page || fail "the name is not there"
  end_with INT 130
}

test_without_the_library() {
  mkdir none a && echo "epochs: 1" >a/config.yaml
  export IMGRAD_MODULES=$PWD/none
  run watch a
  want_code 2
  want_err "libmicrohttpd-dev"
  run train "${small[@]}" --out b --watch
  want_code 2
  [ ! -e b ] || fail "a run folder was made"
  run info
  want_out "no libmicrohttpd"
  run train "${small[@]}" --epochs 1 --out b
  want_code 0
}

# One folder of TensorBoard's a run, and what a second run may not do.
test_event_files() {
  if "$imgrad" info | grep -q 'no protobuf-c'; then
    run train "${small[@]}" --out a --tensorboard board
    want_code 2
    want_err "libprotobuf-c-dev"
    [ ! -e a ] || fail "a run folder was made"
    return
  fi
  run train "${small[@]}" --epochs 2 --out a --tensorboard board
  want_code 0
  want_equal "$(cd board && echo *)" "steps train validation" "subfolders"
  want_equal "$(head -c 8 board/train/events.out.tfevents.* | od -An -tu8 | tr -d ' ')" 24 "length of the first record"
  run train "${small[@]}" --epochs 2 --out b --tensorboard board
  want_code 2
  want_err "curves of another run"
  [ ! -e b ] || fail "a run folder was made"
  run train --resume a --epochs +1
  want_code 0
  want_equal "$(echo board/train/* | wc -w)" 2 "files of a run in two parts"
  run compare "${small[@]}" --optimizers "sgd,adam" --epochs 1 --out c --tensorboard both
  want_code 0
  want_equal "$(cd both && echo *)" "$(cd c/runs && echo *)" "runs of a comparison"
}

run_tests "$@"
