# shellcheck shell=bash disable=SC2154
# What the tests of reports share: reading the numbers of a page, and recomputing them from what `predict` answers.

# values PAGE: "NAME VALUE" of all that the page says, without the double ones (charts say them once, tables again).
values() { grep -oE 'data-name="[^"]*" data-value="[^"]*"' "$1" | sed -E 's/data-name="([^"]*)" data-value="([^"]*)"/\1 \2/' | sort -u; }

# want_values PAGE WANTED [NEAR]: each line "NAME VALUE" of the file WANTED stands in the page, up to NEAR of it (1e-9; "null": no value).
want_values() {
  values "$1" >page.values
  awk -v near="${3:-1e-9}" 'NR == FNR { have[$1] = $2; there[$1] = 1; next }
    !($1 in there) { print "  the page lacks " $1; bad = 1; next }
    $2 == "null" { if (have[$1] != "") { print "  " $1 " is " have[$1] ", want none"; bad = 1 } next }
    { d = have[$1] - $2; if (d < 0) d = -d; m = $2 < 0 ? -$2 : $2
      if (have[$1] == "" || d > near * (m + 1e-6)) { print "  " $1 " is " have[$1] ", want " $2; bad = 1 } n++ }
    END { if (n < 1) { print "  nothing was compared"; bad = 1 } exit bad }' page.values "$2" >wrong.values || fail "$1: $(head -n 8 wrong.values)"
}

# want_shown PAGE: what is read as a number is its exact value, rounded: percent, counts, four digits.
want_shown() {
  grep -oE 'data-value="[^"]*">[^<]+' "$1" | sed -E 's/data-value="([^"]*)">(.*)/\1|\2/' | awk -F'|' '
    $1 == "" { if ($2 != "–") { print "  no value is shown as " $2; bad = 1 } next }
    $2 ~ /%$/ { shown = $2; sub(/ %$/, "", shown); d = shown - 100 * $1; near = shown ~ /\.[0-9][0-9]$/ ? 0.00501 : 0.0501; n++
      if (d > near || d < -near) { print "  " $1 " is shown as " $2; bad = 1 } next }
    $2 ~ /^-?[0-9][0-9.,e+-]*$/ { shown = $2; gsub(/,/, "", shown); d = shown - $1; m = $1 < 0 ? -$1 : $1; n++
      near = $2 ~ /,/ || ($1 == int($1) && m < 1000) ? 0 : 0.000501 * m
      if (d > near || d < -near) { print "  " $1 " is shown as " $2; bad = 1 } }
    END { if (n < 20) { print "  only " n + 0 " numbers were looked at"; bad = 1 } exit bad }' >wrong.shown || fail "$1: $(head -n 5 wrong.shown)"
}

# want_predicted RUN DATA CLASSES: every figure of the page of RUN that the answers to pictures decide, wrong.csv and the captions of its
# pictures, recomputed from `predict --json` of DATA/val and DATA/test. Leaves the names compared in the file `compared`.
want_predicted() {
  local run=$1 data=$2 classes=$3 part most=10 names
  rm -f wrong.keys scores
  for part in val test; do
    # In batches as large as those of the report, so that sums are rounded alike.
    "$imgrad" predict "$run" "$data/$part" --json --top "$classes" --batch 128 >predictions 2>predict.err || fail "predict: $(tail -n 1 predict.err)"
    if [ $part = test ]; then names="-v wrong=wrong.keys -v scores=scores"; else names=; fi
    # shellcheck disable=SC2086
    awk -v part=$part -v classes="$classes" $names -f "$root/tests/cli/recompute.awk" predictions >of.$part || fail "predictions: $(tail -n 1 of.$part)"
  done
  # The loss is a mean of logarithms that the network takes before it rounds the probabilities.
  grep -h 'data_loss' of.val of.test >losses
  want_values "$run/report.html" losses 1e-5
  # Areas under the curves, with their ties: each class by itself, sorted by probability.
  LC_ALL=C sort -k1,1n -k2,2g scores | awk '
    function area() { if (own && other) printf "class.%d.auc %.17g\n", class, twice / (2 * own * other); else print "class." class ".auc null" }
    function level() { twice += tied_own * (2 * other + tied_other); own += tied_own; other += tied_other; tied_own = tied_other = 0 }
    NR > 1 && $1 != class { level(); area(); own = other = twice = 0; value = "" }
    { class = $1; if ($2 != value) level(); value = $2; if ($3) tied_own++; else tied_other++ }
    END { level(); area() }' >areas
  awk '$2 != "null" { sum += $2; n++ } END { printf "auc %.17g\n", sum / n }' areas >area
  grep -hvE 'data_loss|^share' of.val of.test | cat - areas area >figures.values
  want_values "$run/report.html" figures.values
  # The cells of the matrix are these and no others.
  want_equal "$(values "$run/report.html" | grep -c '^confusion\.')" "$(grep -c '^confusion\.' of.test)" "cells of the matrix"
  # The pairs that stand out: the most frequent, then in the order of classes, with their shares of the class.
  [ "$classes" -gt 100 ] && most=60
  sed -nE 's/^confusion\.([0-9]+)\.([0-9]+) (.*)/\1 \2 \3/p' of.test | awk '$1 != $2' | sort -k3,3nr -k1,1n -k2,2n | head -n $most |
    awk '{ print "pair." $1 "." $2, $3 }' | LC_ALL=C sort >want.pairs
  values "$run/report.html" | grep -E '^pair\.[0-9]+\.[0-9]+ ' | LC_ALL=C sort >have.pairs
  cmp -s want.pairs have.pairs || fail "pairs: $(diff want.pairs have.pairs | head -n 4)"
  sed -nE 's/^pair\.([0-9]+\.[0-9]+) .*/share.\1/p' want.pairs | grep -wFf - of.test | sed -E 's/^share\.([0-9.]+) (.*)/pair.\1.share \2/' >shares
  want_values "$run/report.html" shares
  # The list of wrong pictures, the most certain first.
  { echo "file,truth,answer,probability,probability_of_truth" && LC_ALL=C sort -s -t"$(printf '\t')" -k1,1gr wrong.keys | cut -f2; } >want.csv
  cmp -s want.csv "$run/wrong.csv" || fail "wrong.csv: $(diff want.csv "$run/wrong.csv" | head -n 4)"
  # The pictures shown are its first 200, each with its certainty, in percent too.
  sed -nE 's/.*data-name="wrong\.[0-9]+\.[0-9]+\.p" data-value="([^"]*)">.* ([0-9.]+)&nbsp;%<br><bdi>([^<]*)<\/bdi><\/figcaption>.*/\3 \1 \2/p' "$run/report.html" | LC_ALL=C sort >have.shown
  tail -n +2 want.csv | head -n 200 | awk -F, '{ print $1, $4, 100 * $5 }' | LC_ALL=C sort >want.shown
  want_equal "$(wc -l <have.shown)" "$(wc -l <want.shown)" "pictures shown"
  paste -d' ' have.shown want.shown | awk '{ p = $2 - $5; q = $3 - $6; if ($1 != $4 || p > 1e-6 || p < -1e-6 || q > 0.0502 || q < -0.0502) { print; bad = 1 } } END { exit bad }' >odd ||
    fail "captions: $(head -n 2 odd)"
  { cut -d' ' -f1 figures.values losses shares have.pairs && values "$run/report.html" | grep -oE '^wrong\.[0-9]+\.[0-9]+\.p'; } | sort -u >compared
}

# want_recorded RUN: what the page says of epochs and weights is what results.csv and model.safetensors hold. Adds to `compared`. The
# run has a validation part and no penalty, so that val/loss is the loss of the data.
want_recorded() {
  local run=$1 header tensor first size
  awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
    NR > 1 { e = "epoch." $1 "."; accuracy = $at["val/accuracy"]; loss = $at["val/loss"]; speed = int($at["img_per_s"])
      for (name in at) if (name ~ /^(train\/(data_loss|penalty|accuracy)|val\/accuracy|lr|weight_norm|wait|lambda|time)$/) { key = name; sub(/\//, ".", key); print e key, $at[name] }
      print e "val.data_loss", loss; print e "img_per_s", speed
      if (best == "" || accuracy > top || (accuracy == top && loss < least)) { best = $1; top = accuracy; least = loss }
      last = $1; seconds = $at["time"] }
    END { print "epochs", last; print "best_epoch", best; print "seconds", seconds; print "img_per_s", speed }' "$run/results.csv" >recorded
  # Each tensor, out of the file: name, its first byte, how many bytes, how many filters (a filter is a row).
  header=$(od -An -tu8 -N8 "$run/model.safetensors" | tr -d ' ')
  tail -c +9 "$run/model.safetensors" | head -c "$header" | jq -r 'to_entries[] | select(.key != "__metadata__") | "\(.key) \(.value.data_offsets[0]) \(.value.data_offsets[1] - .value.data_offsets[0]) \(if (.value.shape | length) > 1 then .value.shape[0] else 0 end)"' >tensors
  while read -r tensor first size filters; do
    od -An -v -tf4 -w4 -j $((8 + header + first)) -N "$size" "$run/model.safetensors" | awk -v name="param.$tensor" -v filters="$filters" -v each=$((filters ? size / 4 / filters : 1)) '
      { v = $1 < 0 ? -$1 : $1; n++; squares += v * v; if (v > most) most = v; zeros += v == 0; alive = n % each == 1 || each == 1 ? v != 0 : alive || v != 0
        if (n % each == 0 && !alive) dead++ }
      END { if (filters) printf "%s.dead %d\n", name, dead; else print name ".dead null"
        printf "%s.count %d\n%s.norm %.17g\n%s.rms %.17g\n%s.largest %.17g\n%s.zeros %d\n%s.zeros.share %.17g\n", name, n, name, sqrt(squares), name, sqrt(squares / n), name, most, name, zeros, name, zeros / n }'
  done <tensors >>recorded
  awk '/^param\..*\.count / { n += $2 } END { print "parameters", n }' recorded >>recorded
  want_values "$run/report.html" recorded 1e-6
  { cat compared && cut -d' ' -f1 recorded; } | sort -u >all.compared && mv all.compared compared
}

# want_all_compared PAGE: no number of the page was passed over but times of layers; the verdict is the unit tests' (test_report.c).
want_all_compared() {
  values "$1" | cut -d' ' -f1 | sort -u | grep -vxFf compared | grep -vE '^(verdict(\.since)?|pictures\..*|speed\..*)$' >rest
  [ ! -s rest ] || fail "not compared: $(head -n 5 rest | tr '\n' ' ')"
}
