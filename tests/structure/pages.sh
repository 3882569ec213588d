#!/usr/bin/env bash
# What the build writes from the tables of options: manual pages that have every option and that groff takes without a word, and
# bash completion.
#   tests/structure/pages.sh BUILD [NAME …]
. "$(dirname "$0")/../cli/lib.sh"
pages=$imgrad/pages
imgrad=$imgrad/imgrad

commands() { sed -nE 's/^X\(([a-z0-9_]+)\)$/\1/p' "$root/cli/all.def" | tr _ -; }

test_every_option_has_its_place() {
  local command word bad=0 total=0
  for command in $(commands); do
    want_file "$pages/imgrad-$command.1"
    grep -q "^\\\\fB$command\\\\fR$" "$pages/imgrad.1" || { echo "  imgrad.1 lacks $command"; bad=1; }
    for word in $("$imgrad" "$command" --help | sed -nE 's/^  --([a-z0-9-]+).*/\1/p'); do
      total=$((total + 1))
      grep -qxF -e "\\fB\\-\\-${word//-/\\-}\\fR" -e "\\fB\\-\\-${word//-/\\-}\\fR \\fIVALUE\\fR" -e "\\fB\\-\\-${word//-/\\-}\\fR \\fIFILE\\fR" \
        "$pages/imgrad-$command.1" || { echo "  imgrad-$command.1 lacks --$word"; bad=1; }
    done
  done
  for word in $(sed -nE 's/^ *X\([A-Z_]+, "[a-z_]+", ([0-9]+), .*/\1/p' "$root/include/imgrad/status.h"); do
    grep -qx "\\\\fB$word\\\\fR" "$pages/imgrad.1" || { echo "  imgrad.1 lacks the exit code $word"; bad=1; }
  done
  [ $bad = 0 ] || fail "pages"
  [ $total -ge 80 ] || fail "only $total options"
}

test_groff_is_silent() {
  local page
  command -v groff >/dev/null || skip "groff is not here"
  for page in "$pages"/*.1; do
    groff -k -ww -man -Tutf8 "$page" >text 2>said || fail "$page: $(head -n 3 said)"
    [ ! -s said ] || fail "$page: $(head -n 3 said)"
    [ "$(wc -l <text)" -ge 15 ] || fail "$page: only $(wc -l <text) lines"
  done
  command -v man >/dev/null || return 0
  man -l --warnings=w "$pages/imgrad-train.1" >text 2>said </dev/null || fail "man: $(head -n 3 said)"
  [ ! -s said ] || fail "man: $(head -n 3 said)"
}

# offers WORD …: what bash would offer for the last of these words; a '=' stands alone, as bash cuts it.
offers() {
  COMP_WORDS=(imgrad "$@") COMP_CWORD=$#
  _imgrad
  echo "${COMPREPLY[*]:-}"
}

test_completion() {
  local command word
  # shellcheck disable=SC1091
  . "$pages/imgrad"
  want_equal "$(offers tr)" "train" "imgrad tr"
  want_equal "$(offers eval --min)" "--min-accuracy" "imgrad eval --min"
  want_equal "$(offers train --model text)" "textbook" "--model text"
  want_equal "$(offers train --model = text)" "textbook" "--model=text"
  want_equal "$(offers train --optimizer =)" "$("$imgrad" help optimizers | sed -nE 's/^([a-z0-9_]+) .*/\1/p' | xargs)" "--optimizer="
  want_equal "$(offers train dig)" "digits" "imgrad train dig"
  want_equal "$(offers train --strict dig)" "digits" "a switch takes no value"
  want_equal "$(offers summary lenet)" "lenet5" "imgrad summary lenet"
  want_equal "$(offers help opt)" "optimizers" "imgrad help opt"
  want_equal "$(offers train --out some)" "" "a folder is bash's to complete"
  for command in $(commands); do
    for word in $("$imgrad" "$command" --help | sed -nE 's/^  (--[a-z0-9-]+).*/\1/p'); do
      case " $(offers "$command" "$word") " in *" $word "*) ;; *) fail "imgrad $command $word is not offered" ;; esac
    done
  done
  complete -p imgrad >said || fail "nothing is registered"
  run help --completion fish
  want_code 2
  run help --man nobody
  want_code 2
}

run_tests "$@"
