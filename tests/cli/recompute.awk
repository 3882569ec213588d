# Recomputes what a report says of a part from the lines of `imgrad predict RUN DATA/PART --json --top CLASSES`, in which the folder of a
# picture is its class: lines "NAME VALUE" as the page names them, for the test part class by class too.
#   awk -v part=test -v classes=12 [-v wrong=FILE -v scores=FILE] -f recompute.awk predictions
# `wrong` gets the lines of wrong.csv behind their sorting key, `scores` a line "class probability own" for each picture and class.

function wilson(k, n,    s, z, d, m, h) {
  z = 1.959963984540054; s = k / n; d = 1 + z * z / n
  m = (s + z * z / (2 * n)) / d
  h = z / d * sqrt(s * (1 - s) / n + z * z / (4 * n * n))
  low = m - h < 0 ? 0 : m - h
  high = m + h > 1 ? 1 : m + h
  return s
}

function say(name, value) { printf "%s %.17g\n", name, value }
function f1(j) { return 2 * j / (1 + j) }

# A value with its interval; without pictures there is none.
function interval(name, hits, all, curved,    s) {
  if (all == 0) { print name " null"; return }
  s = wilson(hits, all)
  say(name, curved ? f1(s) : s)
  say(name ".low", curved ? f1(low) : low)
  say(name ".high", curved ? f1(high) : high)
}

{
  # {"file":"…/c003/00001.pgm","class":"c007","probability":0.5,"top":[{"class":"c007","probability":0.5},…]}
  split($0, side, "\"top\":\\[")
  split(side[1], word, "\"")
  file = word[4]
  depth = split(file, step, "/")
  truth = substr(step[depth - 1], 2) + 0
  places = split(side[2], item, "{\"class\":\"c")
  if (places != classes + 1) { print "FAIL " $0; exit 1 }
  total++; n[truth]++
  for (i = 2; i <= places; i++) {
    c = substr(item[i], 1, index(item[i], "\"") - 1) + 0
    p = substr(item[i], index(item[i], ":") + 1) + 0
    own = c == truth
    if (i == 2) { answer = c; top = p }
    if (own) { place = i - 2; of_truth = p }
    brier += (p - own) * (p - own)
    if (scores != "") printf "%d %.17g %d\n", c, p, own >scores
  }
  loss -= log(of_truth)
  among += place < 5
  confusion[truth, answer]++
  predicted[answer]++
  if (answer == truth) correct[truth]++
  right += answer == truth
  if (answer != truth && wrong != "") printf "%.17g\t%s,c%03d,c%03d,%.6f,%.6f\n", top, file, truth, answer, top, of_truth >wrong
  bin = int(top * 15)
  if (bin == top * 15) bin--    # (k/15, (k+1)/15]
  certainty[bin] += top
  sure[bin] += answer == truth
}

END {
  say(part ".n", total)
  say(part ".accuracy", wilson(right, total))
  say(part ".accuracy_low", low)
  say(part ".accuracy_high", high)
  say(part ".data_loss", loss / total)
  if (part != "test") exit
  say("top_accuracy", wilson(among, total))
  say("top_accuracy_low", low)
  say("top_accuracy_high", high)
  say("brier", brier / total)
  for (b in certainty) apart += certainty[b] > sure[b] ? certainty[b] - sure[b] : sure[b] - certainty[b]
  say("calibration_error", apart / total)
  say("wrong.count", total - right)
  for (c = 0; c < classes; c++) {
    if (n[c] > most) most = n[c]
    say("class." c ".n", n[c]); say("class." c ".predicted", predicted[c]); say("class." c ".correct", correct[c])
    interval("class." c ".precision", correct[c], predicted[c], 0)
    interval("class." c ".recall", correct[c], n[c], 0)
    interval("class." c ".f1", correct[c], n[c] + predicted[c] - correct[c], 1)
  }
  say("baseline", most / total)
  for (pair in confusion) {
    split(pair, at, SUBSEP)
    say("confusion." at[1] "." at[2], confusion[pair])
    if (at[1] != at[2]) say("share." at[1] "." at[2], confusion[pair] / n[at[1]])
  }
}
