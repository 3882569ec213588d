# shellcheck shell=bash disable=SC2154
# A headless Chromium that a test talks to, by its protocol over two pipes.

browser() {
  local word
  for word in chromium chromium-browser google-chrome; do command -v $word && return; done
  skip "no chromium here"
}

# open_page URL WIDTH HEIGHT [FLAG …]: starts a browser with the page; what its console says is in chrome.err.
open_page() {
  local chrome url=$1 width=$2 height=$3
  shift 3
  chrome=$(browser) || exit 77
  rm -rf profile asked told && mkfifo asked told || fail "no pipes"
  "$chrome" --headless=new --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$PWD/profile" --window-size="$width,$height" \
    --enable-logging=stderr "$@" --remote-debugging-pipe 3<asked 4>told >chrome.out 2>chrome.err &
  chrome_pid=$! asks=0 session=
  exec 8>asked 9<told
  ask Target.createTarget "{\"url\":\"$url\"}"
  ask Target.attachToTarget "{\"targetId\":$(jq .result.targetId <<<"$reply"),\"flatten\":true}"
  session=",\"sessionId\":$(jq .result.sessionId <<<"$reply")"
  ask Emulation.setDeviceMetricsOverride "{\"width\":$width,\"height\":$height,\"deviceScaleFactor\":1,\"mobile\":false}"
}

# ask METHOD PARAMS: the answer is in $reply.
ask() {
  asks=$((asks + 1))
  printf '{"id":%d,"method":"%s","params":%s%s}\0' $asks "$1" "$2" "$session" >&8 || fail "the browser is gone: $(tail -n 2 chrome.err)"
  while IFS= read -r -d '' -t 60 reply <&9; do
    case $reply in *"\"id\":$asks,"*) return ;; esac
  done
  fail "the browser does not answer $1: $(tail -n 2 chrome.err)"
}

# page EXPRESSION: its value in the page, as text.
page() {
  ask Runtime.evaluate "$(jq -n --arg e "$1" '{expression: $e, returnByValue: true}')"
  jq -r '.result.result.value' <<<"$reply"
}

# wait_for SECONDS EXPRESSION: until it is true in the page.
wait_for() {
  local end=$((SECONDS + $1))
  until [ "$(page "!!($2)")" = true ]; do
    [ $SECONDS -lt $end ] || fail "not true after $1 s: $2; the page has: $(page 'document.body.innerText.slice(0, 300)')"
    sleep 0.1
  done
}

shot() { # shot FILE
  ask Page.captureScreenshot '{"format":"png"}'
  jq -r .result.data <<<"$reply" | base64 -d >"$1"
  want_file "$1"
}

close_page() {
  printf '{"id":0,"method":"Browser.close"}\0' >&8
  exec 8>&- 9<&-
  wait "$chrome_pid" 2>/dev/null
  # The page's own words; of a stream that is cut off the browser speaks too.
  grep CONSOLE chrome.err | grep -v 'net::ERR_' >console && fail "console: $(head -n 2 console)"
  return 0
}
