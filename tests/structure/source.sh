#!/usr/bin/env bash
# What the source tree promises about itself: who includes whom, lists that are whole and in order, sizes, words.
. "$(dirname "$0")/../cli/lib.sh"

# The rank of a folder below src; kernels and image, graph and optim and data, … may not include each other.
rank_of() {
  case $1 in
    base) echo 0 ;;
    kernels | image) echo 1 ;;
    graph | optim | data | report) echo 2 ;;
    live | ops) echo 3 ;;
    model) echo 4 ;;
    train | serve | deploy) echo 5 ;;
    sweep) echo 6 ;;
    *) echo unknown ;;
  esac
}

test_ranks() {
  local bad=0 path line folder used have want
  while IFS=: read -r path line; do
    folder=${path#"$root"/src/} folder=${folder%%/*}
    used=${line#*\"} used=${used%%\"*}
    case $used in imgrad.h | imgrad/* | */*) ;; *) continue ;; esac
    used=${used%%/*}
    case $used in imgrad.h | imgrad | "$folder") continue ;; esac
    have=$(rank_of "$folder") want=$(rank_of "$used")
    # A header beside the file, by a path inside its own folder.
    [ "$want" = unknown ] && [ -d "$root/src/$folder/$used" ] && continue
    if [ "$have" = unknown ] || [ "$want" = unknown ] || [ "$want" -ge "$have" ]; then
      echo "  ${path#"$root"/}: $line (rank $have includes rank $want)"
      bad=1
    fi
  done < <(grep -rHE '^ *# *include *"' "$root/src" --include='*.[ch]')
  # The command knows the public header and its own folder.
  while IFS=: read -r path line; do
    used=${line#*\"} used=${used%%\"*}
    [ "$used" = imgrad.h ] || [ -e "$root/cli/$used" ] || { echo "  ${path#"$root"/}: $line"; bad=1; }
  done < <(grep -HE '^ *# *include *"' "$root"/cli/*.[ch])
  [ $bad = 0 ] || fail "includes against the ranks"
}

# What a file of a list's folder defines for one name.
definition_in() {
  case $1 in
    cli) echo 'cli_command cli_' ;;
    src/ops) echo 'ig__op ig__op_' ;;
    src/optim/optimisers) echo 'ig__optimiser ig__optimiser_' ;;
    src/optim/schedules) echo 'ig__schedule ig__schedule_' ;;
    src/optim/penalties) echo 'ig__penalty ig__penalty_' ;;
    src/optim/initialisers) echo 'ig__initialiser ig__initialiser_' ;;
    src/data/augment) echo 'ig__augment_kind ig__augment_' ;;
    src/image/codecs) echo 'ig__codec ig__codec_' ;;
    src/data/sources) echo 'ig__source_kind ig__source_' ;;
    *) echo 'no kind is known for this folder' ;;
  esac
}

# Every line has its file, or stands beside its twin (the gradient of an op in the op's file); everything defined has a line.
test_lists_sorted_and_whole() {
  local bad=0 list folder names name pattern
  while read -r list; do
    folder=${list#"$root"/} folder=${folder%/all.def}
    pattern=$(definition_in "$folder")
    grep -qvE '^X\([a-z0-9_]+\)$' "$list" && { echo "  $folder/all.def: a line is no X(name)"; bad=1; }
    sed -nE 's/^X\(([a-z0-9_]+)\)$/\1/p' "$list" >names
    LC_ALL=C sort -uc names 2>/dev/null || { echo "  $folder/all.def: not in order, or a name twice"; bad=1; }
    sed -nE "s/^(static )?const $pattern([a-z0-9_]+)( =.*|;)?$/\\2/p" "$root/$folder"/*.c | sort -u >defined
    for name in $(cat names); do
      [ -e "$root/$folder/$name.c" ] || grep -qx "$name" defined || { echo "  $folder/all.def: nothing defines $name"; bad=1; }
    done
    for name in $(cat defined); do
      grep -qx "$name" names || { echo "  $folder: $name has no line in all.def"; bad=1; }
    done
  done < <(find "$root/src" "$root/cli" -name all.def)
  [ $bad = 0 ] || fail "lists"
}

sources() { find "$root/src" "$root/cli" "$root/include" "$root/tests" "$root/bench" "$root/fuzz" "$root/examples" -name '*.[ch]' 2>/dev/null; }

test_file_sizes() {
  local bad=0 lines path
  while read -r lines path; do
    [ "$path" = total ] && continue
    path=${path#"$root"/}
    if [ "$lines" -gt 800 ]; then
      echo "  $path: $lines lines, more than 800"
      bad=1
    elif [ "$lines" -gt 400 ] && ! grep -q "^$path " "$root/tests/structure/long_files.txt"; then
      echo "  $path: $lines lines, more than 400, and no reason in tests/structure/long_files.txt"
      bad=1
    fi
  done < <(sources | xargs wc -l)
  [ $bad = 0 ] || fail "long files"
}

# A function begins at a line that starts in column one and ends with "{", and ends at "}" in column one.
test_function_sizes() {
  local long
  long=$(sources | grep -v /tests/ | xargs awk '
    FNR == 1 { start = 0 }
    /^[A-Za-z_].*\) \{$/ || /^    .*\) \{$/ && prev ~ /^[A-Za-z_].*[,(]$/ { start = FNR; head = $0 }
    /^\}/ { if (start && FNR - start + 1 > 60) printf "  %s:%d: %d lines: %s\n", FILENAME, start, FNR - start + 1, head; start = 0 }
    { prev = $0 }' | sed "s|$root/||")
  [ -z "$long" ] || { echo "$long"; fail "functions of more than 60 lines"; }
}

test_words() {
  local bad=0 found
  # Paths of one machine, and promises instead of work. The patterns are split so that this file does not hold them.
  for pattern in '/ro''ot/' '/wo''rk/' '/ho''me/[a-z]+/(?!my )' '\bTO''DO\b' '\bFIX''ME\b' '\bXX''X\b(?!X)' 'not yet implem''ented' 'place''holder'; do
    found=$(cd "$root" && grep -rnIP "$pattern" src cli include tests bench fuzz examples models docs ./*.md CMakeLists.txt quickstart check \
      .ci/run 2>/dev/null | grep -v 'X''XXXXX' | head -n 5)
    [ -z "$found" ] || { printf '  %s\n' "$found"; bad=1; }
  done
  [ $bad = 0 ] || fail "words that do not belong here"
}

# The command's own files obey the rule that main.c sets: no locale, so numbers are read and written with '.'.
test_no_locale() {
  grep -rn setlocale "$root/src" "$root/cli" --include='*.[ch]' | grep -v '\*\|//' && fail "setlocale"
  return 0
}

test_models_have_help() {
  local bad=0 file
  for file in "$root"/models/*.txt; do
    head -n 1 "$file" | grep -q '^# .' || { echo "  ${file#"$root"/}: the first line is no comment"; bad=1; }
  done
  [ $bad = 0 ] || fail "models"
}

run_tests "$@"
