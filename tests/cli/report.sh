#!/usr/bin/env bash
# Reports: every number in them is what the other commands say of the same run; pages of hostile names; data that are gone.
. "$(dirname "$0")/lib.sh"
. "$root/tests/cli/report_lib.sh"

small=(--data "digits train=600 test=200" --model softmax --batch 20)

# From `eval --json`: figures of a part, and for the test part classes and confusion, with their 95 % intervals anew.
figures='"\($p).accuracy \(.accuracy)", "\($p).accuracy_low \(.accuracy_low)", "\($p).accuracy_high \(.accuracy_high)", "\($p).n \(.n)",
  "\($p).data_loss \(.data_loss)", (select(.penalty > 0) | "\($p).penalty \(.penalty)")'
classes='def wilson($k; $n): if $n == 0 then [null, null, null] else ($k / $n) as $s | 1.959963984540054 as $z | (1 + $z * $z / $n) as $d |
    (($s + $z * $z / (2 * $n)) / $d) as $m | ($z / $d * (($s * (1 - $s) / $n + $z * $z / (4 * $n * $n)) | sqrt)) as $h |
    [$s, ([0, $m - $h] | max), ([1, $m + $h] | min)] end;
  def f1: if . == null then null else 2 * . / (1 + .) end;
  def three($c; $name; $v): "class.\($c).\($name) \($v[0])", (if $v[0] == null then empty else "class.\($c).\($name).low \($v[1])", "class.\($c).\($name).high \($v[2])" end);
  (.per_class | to_entries[] | .key as $c | .value |
    "class.\($c).n \(.n)", "class.\($c).predicted \(.predicted)", "class.\($c).correct \(.correct)",
    three($c; "precision"; wilson(.correct; .predicted)), three($c; "recall"; wilson(.correct; .n)),
    three($c; "f1"; wilson(.correct; .n + .predicted - .correct) | map(f1)), "class.\($c).f1 \(.f1)", "class.\($c).precision \(.precision)", "class.\($c).auc \(.auc)"),
  (.confusion | to_entries[] | .key as $r | .value | to_entries[] | select(.value > 0) | "confusion.\($r).\(.key) \(.value)"),
  "top_accuracy \(.top_accuracy)", "auc \(.auc)", "brier \(.brier)", "calibration_error \(.calibration_error)",
  (wilson(.top_accuracy * .n | round; .n) | "top_accuracy_low \(.[1])", "top_accuracy_high \(.[2])"),
  "baseline \(.baseline)", "wrong.count \(.n - ([.per_class[].correct] | add))"'

# wanted RUN: all that the page of a run must say.
wanted() {
  # In batches as large as those of the report, so that sums are rounded alike.
  "$imgrad" eval "$1" --batch 128 --json >test.json && "$imgrad" eval "$1" --batch 128 --part val --json >val.json || fail "eval"
  jq -r --arg p test "$figures" test.json
  jq -r --arg p val "$figures" val.json
  jq -r "$classes" test.json
  awk -F, 'NR > 1 { e = "epoch." $1 "."; split("time - train.data_loss train.penalty train.accuracy - val.accuracy lr weight_norm - wait lambda", name, " ")
    for (i = 1; i <= 12; i++) if (name[i] != "-") print e name[i], $(i + 1); last = $1 } END { print "epochs", last }' "$1/results.csv"
}

test_every_number() {
  want_jq
  run train "${small[@]}" --epochs 3 --l2 1e-3 --l1 1e-3 --out a
  want_code 0
  wanted a >wanted.values
  [ "$(wc -l <wanted.values)" -gt 150 ] || fail "only $(wc -l <wanted.values) numbers to compare"
  want_values a/report.html wanted.values
  # Every class, pair and epoch of the page was compared; what else it says is looked at below.
  cut -d' ' -f1 wanted.values | sort -u >compared
  values a/report.html | cut -d' ' -f1 | grep -vxFf compared | grep -vE '^(epoch\.[0-9]+\.(img_per_s|val\.data_loss)|param\..*|pair\..*|wrong\..*|verdict|seconds|img_per_s|best_epoch|parameters|pictures\..*|speed\..*)$' >rest &&
    fail "not compared: $(head -n 5 rest | tr '\n' ' ')"
  # Weights against the summary; the exact zeros of l1 are there.
  want_equal "$(values a/report.html | sed -n 's/^parameters //p')" "$("$imgrad" summary a --json | jq .parameters)" parameters
  want_equal "$(values a/report.html | awk '/^param\..*\.count / { n += $2 } END { print n }')" "$(values a/report.html | sed -n 's/^parameters //p')" "numbers of all tensors"
  values a/report.html | awk '/^param\.dense1\.weight\.zeros / && $2 > 0 { found = 1 } END { exit !found }' || fail "no exact zeros"
  # The norm of all weights at the epoch kept is that of the tensors.
  want_equal "$(values a/report.html | sed -n 's/^param\.dense1\.weight\.norm //p' | cut -c1-9)" "$(awk -F, -v e="$(values a/report.html | sed -n 's/^best_epoch //p')" '$1 == e { print substr($10, 1, 9) }' a/results.csv)" norm
  # The wrong pictures: a row each, most certain first; each pair as often as the page says.
  want_equal "$(($(wc -l <a/wrong.csv) - 1))" "$(jq '.n - ([.per_class[].correct] | add)' test.json)" "rows of wrong.csv"
  cut -d, -f4 a/wrong.csv | tail -n +2 | sort -c -r -g || fail "wrong.csv is not sorted"
  tail -n +2 a/wrong.csv | awk -F, '{ n[$2 "." $3]++ } END { for (p in n) print "confusion." p, n[p] }' >pairs
  want_values a/report.html pairs
  values a/report.html | sed -nE 's/^pair\.([0-9]+\.[0-9]+) (.*)/confusion.\1 \2/p' >pairs
  [ "$(wc -l <pairs)" = 10 ] || fail "$(wc -l <pairs) pairs stand out"
  want_values a/report.html pairs
  # Each wrong picture shown carries the certainty of its row.
  values a/report.html | sed -nE 's/^wrong\.2\.([0-9]+)\.p (.*)/digits: test sample \1 \2/p' | sort >shown
  tail -n +2 a/wrong.csv | awk -F, '{ print $1, $4 }' | sort >listed
  [ "$(wc -l <shown)" = "$(wc -l <listed)" ] || fail "$(wc -l <shown) pictures shown of $(wc -l <listed)"
  paste -d' ' shown listed | awk '{ d = $5 - $10; if ($4 != $9 || d > 1e-6 || d < -1e-6) bad = 1 } END { exit bad }' || fail "certainties of the pictures"
}

# Every number of a page by a second way, from the answers to the pictures, the weights and the table of the epochs. The same over 50,000 pictures of
# 100 classes: tests/long/report.sh.
test_from_predictions() {
  want_jq
  mkdir set
  awk -v out=set -v classes=12 -v train=30 -v val=6 -v test=15 -f "$root/tests/cli/pictures.awk"
  printf 'input 1 10 10 scale=1/255\nflatten\ndense classes softmax\n' >m.txt
  run train set --model m.txt --epochs 6 --lr 0.01 --out a
  want_code 0
  want_predicted a set 12
  want_recorded a
  want_shown a/report.html
  [ "$(wc -l <compared)" -gt 300 ] || fail "only $(wc -l <compared) numbers"
  [ "$(wc -l <a/wrong.csv)" -gt 10 ] || fail "too few wrong pictures to tell"
  want_all_compared a/report.html
  values a/report.html | grep -E '^pictures\.' >have.pictures
  printf 'pictures.test 180\npictures.train 360\npictures.val 72\n' | cmp -s - have.pictures || fail "pictures: $(cat have.pictures)"
}

# Every link inside the page leads somewhere, and none leads out of it; there are as many pictures as are said.
test_links() {
  run train "${small[@]}" --epochs 1 --out a
  want_code 0
  grep -oE 'href="#[^"]*"' a/report.html | sed -E 's/href="#(.*)"/\1/' | sort -u >links
  grep -oE ' id="[^"]*"' a/report.html | sed -E 's/ id="(.*)"/\1/' | sort >ids
  [ "$(wc -l <links)" -gt 10 ] || fail "few links"
  want_equal "$(comm -23 links <(sort -u ids))" "" "links that lead nowhere"
  want_equal "$(uniq -d ids)" "" "ids that are there twice"
  grep -oE '(src|href)="[^"]{0,22}' a/report.html | grep -vE '"(#|data:image/png;base64,$|data:,$)' >out && fail "leads outside: $(head -n 1 out)"
  grep -qE '<script|javascript:|@import|url\(|https?:' a/report.html && fail "script, or something from outside"
  [ "$(grep -c '<figure><img' a/report.html)" -le $((200 + 24)) ] || fail "more than 200 pictures"
}

test_options() {
  run train "${small[@]}" --epochs 1 --out a --report no
  want_code 0
  [ ! -e a/report.html ] || fail "--report no wrote one"
  run report a
  want_code 0
  want_equal "$out" a/report.html "what report prints"
  want_file a/wrong.csv
  run report a --out page.html --json
  want_code 0
  want_jq
  want_json '.[0].out == "page.html" and .[0].complete and .[0].runs == 1 and .[0].wrong > 0'
  want_file page-wrong.csv
  run report
  want_code 2
  want_err "which run?"
  run report a nothere
  want_code 2
  run report a a
  want_code 2
  want_err "--out"
  run report a --out a
  want_code 2
  run report a --out no/where.html
  want_code 2
  run report nothere
  want_code 2
  want_err "nothere"
  mkdir empty
  run report empty
  want_code 2
  run report a --out /dev/full
  want_code 2
  run train "${small[@]}" --report maybe
  want_code 2
  want_err "known: yes, no"
}

test_stopped() {
  local pid
  "$imgrad" train --data "digits train=20000 test=200" --epochs 50 --out a >stdout 2>stderr &
  pid=$!
  for _ in $(seq 600); do [ "$(cat a/results.csv 2>/dev/null | wc -l)" -ge 2 ] && break; sleep 0.1; done
  kill -TERM $pid
  code=0
  wait $pid || code=$?
  want_code 143
  grep -q "stopped before its end" a/report.html || fail "the page does not say that the run was stopped"
  grep -q '<section id="curves"' a/report.html || fail "no curves"
  run report a
  want_code 0
  grep -q '<section id="wrong"' a/report.html || fail "made again, the page lacks the pictures"
}

# idx FOLDER COUNT: pictures of 4×4 in three classes, train and test.
idx() {
  local part i
  mkdir -p "$1"
  for part in train t10k; do
    printf "\\x00\\x00\\x08\\x03\\x00\\x00\\x00\\x$(printf %02x "$2")\\x00\\x00\\x00\\x04\\x00\\x00\\x00\\x04" >"$1/$part-images-idx3-ubyte"
    printf "\\x00\\x00\\x08\\x01\\x00\\x00\\x00\\x$(printf %02x "$2")" >"$1/$part-labels-idx1-ubyte"
    for ((i = 0; i < $2; i++)); do
      printf "\\x$(printf %02x $((i * 37 % 256)))%.0s" {1..16} >>"$1/$part-images-idx3-ubyte"
      printf "\\x0$((i % 3))" >>"$1/$part-labels-idx1-ubyte"
    done
  done
}

test_data_gone() {
  printf 'input 1 4 4\ndense classes softmax\n' >m.txt
  idx data 60
  run train data --model m.txt --epochs 2 --out a
  want_code 0
  mv data moved
  run report a --out gone.html
  want_code 0
  want_err "data"
  grep -q 'Left out is what needs the data' gone.html || fail "the page does not say what is missing"
  for id in curves layers configuration; do grep -q "<section id=\"$id\"" gone.html || fail "no $id without data"; done
  for id in classes wrong examples; do grep -q "<section id=\"$id\"" gone.html && fail "$id without data"; done
  [ ! -e gone-wrong.csv ] || fail "a list of wrong pictures without data"
  run report a --data moved --out there.html
  want_code 0
  cmp -s <(values a/report.html) <(values there.html) || fail "with --data, other numbers"
}

# Names of runs, models and data that would like to be markup, or to turn the line around.
test_hostile_names() {
  local evil=$'<script>alert(1)</script>"\'&amp;\xe2\x80\xae\x01\xff'
  printf 'input 1 4 4 # <b>&\ndense classes softmax\n' >"m<b>.txt"
  mkdir "dir$(printf '%s' "${evil//\//_}")"
  cd dir*/ || fail "no folder"
  idx "data<img src=x onerror=alert(1)>" 30
  cp "../m<b>.txt" .
  run train "data<img src=x onerror=alert(1)>" --model "m<b>.txt" --epochs 1 --out "${evil//\//_}"
  want_code 0
  run report "${evil//\//_}" --out page.html
  want_code 0
  for page in page.html "${evil//\//_}/report.html"; do
    grep -qE '<script|<b>&|<img src=x|<img[^>]*onerror|m<b>' "$page" && fail "a name became markup: $(grep -oE '.{20}(<script|<img src=x).{10}' "$page" | head -n 1)"
    LC_ALL=C grep -q $'\xe2\x80\xae\|\x01\|\xff' "$page" && fail "control characters, or bytes that are no UTF-8"
    iconv -f UTF-8 -t UTF-8 "$page" >/dev/null || fail "no UTF-8"
    grep -q '&lt;script&gt;' "$page" || fail "the name is not in the page"
  done
}

# A damaged run is refused; a log that cannot be read is no reason to leave it out silently.
test_damaged() {
  run train "${small[@]}" --epochs 1 --out a --report no
  want_code 0
  head -c 100 a/checkpoint >cut && cp cut a/checkpoint
  run report a
  want_code 4
  [ ! -e a/report.html ] || fail "a report of a damaged run"
  rm a/log.txt && mkdir a/log.txt
  run train "${small[@]}" --epochs 1 --out b --report no
  rm b/log.txt && mkdir b/log.txt
  run report b
  want_code 3
  want_err "log.txt"
}

run_tests "$@"
