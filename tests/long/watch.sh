#!/usr/bin/env bash
# The live page in a real browser: what it shows is what the run's files say, as they grow; a run taken back; light, dark and on a phone.
#   tests/long/watch.sh FOLDER [NAME …]
# With IMGRAD_TEST_SHOTS=FOLDER its pictures are left there, to be looked at.
. "$(dirname "$0")/../cli/lib.sh"
. "$root/tests/long/browser.sh"
imgrad=$imgrad/release/imgrad

# start WORD …: a command that serves; $url is its page.
start() {
  "$imgrad" "$@" >served.out 2>served.err </dev/null &
  server=$!
  for _ in $(seq 300); do
    url=$(grep -ohE 'http://127\.0\.0\.1:[0-9]+/' served.out served.err | head -n 1)
    [ -n "$url" ] && return
    sleep 0.1
  done
  fail "no page: $(tail -n 2 served.err)"
}

need_browser() {
  browser >/dev/null || exit 77
  want_jq
}

# In the page: the last row of the results, as numbers.
last_row='rows[rows.length - 1].map(Number).join(",")'

test_grows_while_training() {
  need_browser
  start train --data "digits train=20000 test=200" --model textbook --epochs 3 --l2 1e-4 --out a --quiet --watch
  open_page "$url" 1200 1150
  wait_for 60 'document.body.dataset.state === "running"'
  # Inside the first epoch the bar moves.
  wait_for 60 '!document.getElementById("bar").hidden && document.getElementById("bar").value > 0.05'
  want_equal "$(page 'document.title')" a "title"
  wait_for 120 'document.body.dataset.rows == "1"'
  wait_for 120 'document.body.dataset.rows == "3"'
  wait_for 60 'document.body.dataset.state === "over"'
  wait $server || fail "train ended with $?: $(tail -n 2 served.err)"
  # The page keeps what it has when the server is gone.
  want_equal "$(page "$last_row")" "$(tail -n 1 a/results.csv | jq -rR 'split(",") | map(tonumber) | join(",")')" "the last row"
  want_equal "$(page 'document.querySelector("[data-tile=epoch]").textContent')" "3 / 3" "epoch"
  want_equal "$(page 'document.querySelectorAll("#charts figure:not([hidden])").length')" 4 "charts"
  want_equal "$(page 'document.querySelectorAll("#charts figure:first-child polyline")[0].points.length')" 3 "points of the loss"
  want_equal "$(page 'document.getElementById("lines").textContent.includes("ended after epoch 3")')" true "the log"
  [ -z "${IMGRAD_TEST_SHOTS:-}" ] || shot "$IMGRAD_TEST_SHOTS/watch.png"
  close_page
}

# A run folder that is written by hand, row after row; its rows taken back; the server gone and there again.
test_follows_a_folder() {
  local port
  need_browser
  mkdir run && echo "epochs: 9" >run/config.yaml
  start watch run
  port=${url##*:} port=${port%/}
  open_page "$url" 390 1500
  wait_for 30 'document.getElementById("state").textContent.includes("waiting")'
  echo "epoch,time,train/loss,train/data_loss,train/penalty,train/accuracy,val/loss,val/accuracy,lr,weight_norm,img_per_s,wait" >run/results.csv
  echo "2026-01-01T00:00:00Z model m, optimizer sgd, batch 1, seed 1; epoch 1 of 9, step 0" >run/log.txt
  for i in 1 2 3 4 5; do
    echo "$i,$i,0.$((9 - i)),0.$((9 - i)),0,0.$i,,,0.1,1,100,0" >>run/results.csv
    wait_for 20 "document.body.dataset.rows == '$i'"
  done
  want_equal "$(page 'document.querySelectorAll("#charts figure:not([hidden])").length')" 3 "charts without validation and penalty"
  want_equal "$(page 'document.querySelectorAll("#charts figure:first-child polyline").length')" 1 "curves of the loss"
  want_equal "$(page 'document.documentElement.scrollWidth <= 390')" true "fits a phone"
  # Names in the log stay text.
  printf '2026-01-01T00:00:00Z left out: <img src=x onerror="document.title=1">\r\x01.png\n' >>run/log.txt
  wait_for 20 'document.getElementById("lines").textContent.includes("<img src=x")'
  want_equal "$(page 'document.querySelectorAll("#lines *").length')" 0 "elements in the log"
  head -n 3 run/results.csv >run/back && mv run/back run/results.csv
  wait_for 20 'document.body.dataset.rows == "2"'
  kill -INT $server
  wait $server
  wait_for 20 'document.body.dataset.state === "over"'
  close_page
  start watch run --port "$port"
  open_page "$url" 1200 900 --blink-settings=preferredColorScheme=0
  wait_for 20 'document.body.dataset.rows == "2"'
  kill -KILL $server
  wait $server 2>/dev/null
  wait_for 20 'document.body.dataset.state === "lost"'
  start watch run --port "$port"
  wait_for 40 'document.body.dataset.rows == "2" && document.body.dataset.state !== "lost"'
  kill -INT $server
  close_page
}

# What was not given with the page does not run, and a page of another origin reads nothing.
test_foreign_scripts() {
  need_browser
  mkdir run && echo "epochs: 9" >run/config.yaml
  start watch run
  open_page "$url" 800 600
  wait_for 20 'document.readyState === "complete"'
  page 'const s = document.createElement("script"); s.textContent = "document.title = \"ran\""; document.body.append(s); 0' >/dev/null
  want_equal "$(page 'document.title')" run "a script without the nonce"
  # As at a rebound name: another host that leads to the same server.
  ask Page.navigate "{\"url\":\"http://127.0.0.2:${url##*:}\"}"
  sleep 0.5
  want_equal "$(page 'document.body.innerText.includes("epoch")')" false "the page at another address"
  exec 8>&- 9<&-
  kill "$chrome_pid" $server
  wait "$chrome_pid" $server 2>/dev/null
  return 0
}

run_tests "$@"
