#!/usr/bin/env bash
# The pages say what there is. A block behind <!-- imgrad WORDS --> is what these words print; names that the command lists
# stand in their page; files that the pages name are there.
#   tests/structure/docs.sh BUILD [NAME …]       IMGRAD_UPDATE=1: the blocks are written anew
. "$(dirname "$0")/../cli/lib.sh"
build=$imgrad
imgrad=$build/imgrad

# rendered PAGE: the page with every such block printed by the command of today.
rendered() {
  local line words state=text
  while IFS= read -r line; do
    case $state:$line in
      text:'<!-- imgrad '*' -->') words=${line#<!-- imgrad } words=${words% -->} state=marker ;;
      marker:'```')
        echo "$line"
        # shellcheck disable=SC2086
        "$imgrad" $words </dev/null || echo "exit code $?"
        state=block
        continue ;;
      marker:*) state=text ;;
      block:'```') state=text ;;
      block:*) continue ;;
    esac
    printf '%s\n' "$line"
  done <"$1"
}

test_blocks() {
  local page blocks=0
  for page in "$root"/docs/*.md "$root"/README.md "$root"/ARCHITECTURE.md "$root"/HACKING.md; do
    rendered "$page" >now.md
    blocks=$((blocks + $(grep -c '^<!-- imgrad ' "$page")))
    [ -z "${IMGRAD_UPDATE:-}" ] || cmp -s now.md "$page" || cp now.md "$page"
    diff "$page" now.md >difference || fail "${page#"$root"/} is not what the command prints; IMGRAD_UPDATE=1 tests/structure/docs.sh" \
      "$build blocks writes it anew: $(head -n 4 difference)"
  done
  [ $blocks -ge 10 ] || fail "only $blocks blocks"
}

# names TOPIC: what a list names.
names() { "$imgrad" help "$1" | sed -nE 's/^([a-z0-9_-]+) .*/\1/p'; }

# stands WORD PAGE: as a word of its own, between backquotes or blanks.
stands() { grep -qE "(^|[\` ([|\"-])$1([\` )|=,.:;\"]|\$)" "$root/docs/$2" || { echo "  docs/$2 lacks $1"; bad=1; }; }

test_names() {
  local bad=0 word topic page verb
  for topic in layers:models initialisers:models losses:training optimizers:training schedules:training penalties:regularisation averages:regularisation \
    recipes:training sources:data augmentations:data; do
    page=${topic#*:}.md topic=${topic%:*}
    names $topic >list
    [ -s list ] || fail "help $topic names nothing"
    while read -r word; do stands "$word" "$page"; done <list
  done
  names models >list
  while read -r word; do stands "$word" models.md; done <list
  for verb in train eval predict report gradcheck summary bench; do
    "$imgrad" help $verb | sed -nE 's/^  --([a-z0-9-]+).*/\1/p' >list
    [ "$(wc -l <list)" -ge 4 ] || fail "help $verb names no options"
    while read -r word; do stands "$word" training.md; done <list
  done
  "$imgrad" help ascend | sed -nE 's/^  --([a-z0-9-]+).*/\1/p' >list
  while read -r word; do stands "$word" ascend.md; done <list
  # Of these their own options; they have those of train besides.
  "$imgrad" help train | sed -nE 's/^  --([a-z0-9-]+).*/\1/p' | sort >of_train
  for verb in tune:tune lr-find:learning-rate compare:compare; do
    "$imgrad" help ${verb%:*} | sed -nE 's/^  --([a-z0-9-]+).*/\1/p' | sort | comm -23 - of_train >list
    [ -s list ] || fail "help ${verb%:*} names no options of its own"
    while read -r word; do stands "$word" ${verb#*:}.md; done <list
  done
  "$imgrad" help surface | sed -nE 's/^  --([a-z0-9-]+).*/\1/p' >list
  while read -r word; do stands "$word" optima.md; done <list
  "$imgrad" help watch | sed -nE 's/^  --([a-z0-9-]+).*/\1/p' >list
  while read -r word; do stands "$word" live.md; done <list
  "$imgrad" help prune | sed -nE 's/^  --([a-z0-9-]+).*/\1/p' >list
  while read -r word; do stands "$word" regularisation.md; done <list
  sed -nE 's/^ *X\([A-Z_]+, "([a-z_]+)", ([0-9]+), .*/\1 \2/p' "$root/include/imgrad/status.h" >list
  [ "$(wc -l <list)" -ge 10 ] || fail "status.h has no list"
  while read -r word; do
    stands "${word% *}" training.md
    stands "${word#* }" training.md
  done <list
  run train --data "digits train=100 test=20" --model softmax --epochs 1 --out run
  want_code 0
  head -n 1 run/results.csv | tr ',' '\n' >list
  while read -r word; do stands "$word" training.md; done <list
  for word in run/*; do stands "${word#run/}" training.md; done
  [ $bad = 0 ] || fail "names"
}

# Words that look like files of this tree: from the root, or beside the file that was named before in the same paragraph.
test_files_are_there() {
  local bad=0 named=0 page word
  for page in "$root"/*.md "$root"/docs/*.md; do
    page=${page#"$root"/}
    grep -oE '(src|cli|include|models|tests|bench|examples|docs|fuzz)/[A-Za-z0-9_./*-]*[A-Za-z0-9_/*]' "$root/$page" | sort -u >words
    grep -oE '`[a-z_0-9]+\.(c|h|sh|md|txt|cmake|def)`' "$root/$page" | tr -d '`' | sort -u >>words
    grep -oE '\]\([^)#:]+\)' "$root/$page" | sed "s|^](\(.*\))\$|$(dirname "$page")/\1|" >>words
    named=$((named + $(wc -l <words)))
    while read -r word; do
      case $word in
        */FOLDER* | */FILE* | *NAME*) continue ;;
        # What the recipes make.
        src/ops/softplus.c | src/ops/times.c | src/ops/half_mse.c | src/optim/*/descent.c | src/optim/*/waning.c) continue ;;
        src/optim/*/ridge.c | src/optim/*/slim_normal.c | src/data/sources/noise.c | src/image/codecs/pam.c | src/data/augment/slide.c) continue ;;
        models/wide.txt | models/mnist-slow.yaml | cli/hello.c) continue ;;
      esac
      case $word in
        # shellcheck disable=SC2086
        */*) (set -- "$root"/$word && [ -e "$1" ]) ;;
        *) [ -n "$(find "$root/src" "$root/cli" "$root/tests" "$root/docs" "$root/include" "$root/bench" "$root/examples" -name "$word" -print -quit)" ] ||
          [ -e "$root/$word" ] || [ "$word" = mine.txt ] || [ "$word" = log.txt ] || [ "$word" = model.txt ] ;; # models and run folders of the reader's
      esac || { echo "  $page names $word, which is not there"; bad=1; }
    done <words
  done
  [ $bad = 0 ] || fail "files"
  [ $named -ge 150 ] || fail "only $named names of files were found in the pages"
}

# A row for each convention, each with a file of the code.
test_conventions() {
  local rows
  rows=$(grep -c '^| .*`src/\|^| .*`default_lr`' "$root/docs/conventions.md")
  [ "$rows" -ge 25 ] || fail "only $rows rows name their code"
}

# The picture of a step in ARCHITECTURE.md is the plan that the command makes, and textbook needs no conversion of layouts.
test_picture_of_a_step() {
  run summary textbook --plan
  want_code 0
  want_no_out " convert "
  grep -oE '^phase [0-9]+: (parts|chunks), [0-9]+ tasks' stdout >made
  grep -oE '^phase [0-9]+: (parts|chunks), [0-9]+ tasks' "$root/ARCHITECTURE.md" >drawn
  diff made drawn >difference || fail "the plan has other phases: $(head -n 6 difference)"
}

# docs/api is what docs/api.sh makes of the headers, and no public name is without its place there.
test_api_pages() {
  local word bad=0
  "$root/docs/api.sh" "$PWD/api" || fail "docs/api.sh"
  [ -z "${IMGRAD_UPDATE:-}" ] || { rm -rf "$root/docs/api" && cp -r api "$root/docs/api"; }
  diff -r "$root/docs/api" api >difference || fail "docs/api is not current; docs/api.sh writes it anew: $(head -n 4 difference)"
  for word in $(grep -ohE '\big_[a-z0-9][a-z0-9_]*\(' "$root"/include/imgrad/*.h | tr -d '(' | sort -u); do
    grep -qE "^### (.*, )?$word(,|\$)" api/*.md || { echo "  docs/api has no heading with $word"; bad=1; }
  done
  [ $bad = 0 ] || fail "names"
}

test_architecture_is_short() {
  [ "$(wc -l <"$root/ARCHITECTURE.md")" -le 330 ] || fail "ARCHITECTURE.md has more than 330 lines"
}

run_tests "$@"
