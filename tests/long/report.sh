#!/usr/bin/env bash
# The reports in a real browser: no error on its console, nothing fetched, everything laid out inside the page; and a run of 100
# classes and 50,000 pictures, of which every number is recomputed.
#   tests/long/report.sh FOLDER [NAME …]
# FOLDER is build-check: the command is FOLDER/release/imgrad.
. "$(dirname "$0")/../cli/lib.sh"
. "$root/tests/cli/report_lib.sh"
imgrad=$imgrad/release/imgrad

browser() {
  local word
  for word in chromium chromium-browser google-chrome; do command -v $word && return; done
  skip "no chromium here"
}

# want_clean PAGE WIDTH [FLAG]: opens the page and reads what the browser says of it.
want_clean() {
  local chrome profile=$PWD/profile
  chrome=$(browser) || exit 77
  timeout 120 "$chrome" --headless=new --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$profile" --window-size="$2,1200" \
    --enable-logging=stderr --log-net-log="$PWD/net.json" --net-log-capture-mode=Everything ${3:+"$3"} --screenshot="$PWD/shot.png" \
    "file://$(realpath "$1")" >chrome.out 2>chrome.err || fail "the browser ended with $?: $(tail -n 3 chrome.err)"
  want_file shot.png
  grep 'CONSOLE' chrome.err >console && fail "console: $(head -n 2 console)"
  # Requests of the page itself; the browser has some of its own to its maker, which lead nowhere.
  grep -oE '"url":"(https?|wss?|ftp):[^"]*"' net.json | grep -vE 'google|gstatic|gvt1|chromium' >fetched
  [ ! -s fetched ] || fail "fetched: $(head -n 2 fetched)"
}

test_pages() {
  browser >/dev/null || exit 77
  "$imgrad" train --data "digits train=1000 test=300" --epochs 3 --l1 1e-4 --out a --quiet >log 2>&1 || fail "train: $(tail -n 1 log)"
  "$imgrad" train --data "digits train=1000 test=300" --epochs 3 --lr 0.01 --out b --quiet >log 2>&1 || fail "train: $(tail -n 1 log)"
  "$imgrad" report a b --out both.html >log 2>&1 || fail "report: $(tail -n 1 log)"
  for page in a/report.html both.html; do
    want_clean $page 1200
    want_clean $page 390
    want_clean $page 1200 --blink-settings=preferredColorScheme=0
  done
  # The frame that scripts would need is shut: what the page would say if it ran one.
  sed 's|</main>|<script>document.title = "ran"; console.error("ran")</script></main>|' a/report.html >scripted.html
  timeout 120 "$(browser)" --headless=new --no-sandbox --disable-gpu --user-data-dir="$PWD/profile" --dump-dom "file://$PWD/scripted.html" >dom 2>/dev/null
  grep -q '<title>ran' dom && fail "a script in a page ran"
  return 0
}

# 100 classes, 50,000 pictures of them in the test part: every number of the page recomputed from the answers to the pictures, the weights
# and the table of the epochs (5 million probabilities: some minutes); the page small, clean, and open at once.
test_large() {
  local chrome
  want_jq
  awk -v out=set -v classes=100 -v train=50 -v val=10 -v test=500 -f "$root/tests/cli/pictures.awk"
  printf 'input 1 10 10 scale=1/255\nflatten\ndense classes softmax\n' >m.txt
  "$imgrad" train set --model m.txt --epochs 8 --lr 0.01 --out a --quiet >log 2>&1 || fail "train: $(tail -n 1 log)"
  [ "$(stat -c %s a/report.html)" -lt 5000000 ] || fail "$(stat -c %s a/report.html) bytes"
  want_predicted a set 100
  want_recorded a
  want_shown a/report.html
  want_all_compared a/report.html
  echo "  $(wc -l <compared) numbers compared, $(($(wc -l <a/wrong.csv) - 1)) pictures were wrong"
  chrome=$(browser) || { echo "  not opened: no chromium here"; return 0; }
  want_clean a/report.html 1200
  # How long the browser takes from asking to laid out: told by a copy of the page that may run a script.
  sed -E 's|<meta http-equiv="Content-Security-Policy"[^>]*>||; s|</main>|</main><script>addEventListener("load", () => { document.body.offsetHeight; document.title = "took " + Math.round(performance.now()) + " ms" })</script>|' \
    a/report.html >timed.html
  timeout 120 "$chrome" --headless=new --no-sandbox --disable-gpu --user-data-dir="$PWD/profile" --dump-dom "file://$PWD/timed.html" >dom 2>/dev/null || fail "not opened"
  echo "  $(stat -c %s a/report.html) bytes, $(grep -oE 'took [0-9]+ ms' dom | head -n 1) to open"
  [ "$(grep -c '</td>' dom)" -gt 100 ] || fail "the page is not whole"
}

run_tests "$@"
