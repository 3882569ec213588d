#!/bin/sh
# Writes docs/api/*.md, one page a public header, from the headers' own comments: docs/api.sh [FOLDER].
# tests/structure/docs.sh sees to it that what is there is what this would write.
set -eu
cd "$(dirname "$0")/.."
out=${1:-docs/api}
mkdir -p "$out"

for header in include/imgrad/*.h; do
  awk -v name="imgrad/${header##*/}" '
    # A group is a comment and the declarations below it, up to the next comment or blank line.
    function flush(  i, text, heading, list, parts, n) {
      if (prose == "" && code == "") return
      heading = ""
      if (code != "") {
        text = code
        gsub(/\/\*[^*]*(\*[^\/][^*]*)*\*\//, "", text)      # comments inside
        if (text ~ /^(typedef )?(struct|enum) ig_[a-z0-9_]+/ && match(text, /(struct|enum) ig_[a-z0-9_]+/)) {
          heading = substr(text, RSTART, RLENGTH)
          sub(/^(struct|enum) /, "", heading)
        }
        n = split(text, parts, "\n")
        for (i = 1; i <= n; i++) {
          if (parts[i] !~ /^[a-z][a-z_0-9 *]*ig_[a-z0-9_]+\(/) continue
          sub(/\(.*/, "", parts[i])
          sub(/.*[ *]/, "", parts[i])
          heading = heading (heading == "" ? "" : ", ") parts[i]
        }
      }
      if (heading != "") printf "### %s\n\n", heading
      if (code != "") printf "```c\n%s```\n\n", code
      if (prose != "") printf "%s\n", prose
      prose = code = ""
    }
    function add_prose(line) {
      if (line ~ /^  /) line = "  " line                    # an example: four blanks are code to Markdown
      else { gsub(/</, "\\&lt;", line); gsub(/\*/, "\\*", line) }
      prose = prose line "\n"
    }
    /^#ifdef __cplusplus$/ { skipping = 1 }
    skipping { if (/^#endif/) skipping = 0; next }
    /^#(ifndef|include|endif|pragma)/ || /^#define [A-Z_]+_H$/ { next }
    /^\/\* ---- .* -+ \*\/$/ { flush(); title = $0; gsub(/^\/\* -+ | -+ \*\/$/, "", title); printf "## %s\n\n", title; next }
    /^$/ { if (comment) { add_prose("") } else flush(); next }
    comment || /^\/\*/ {
      line = $0
      if (!comment && code != "") flush()                   # the next declaration
      comment = line !~ /\*\/$/
      sub(/^\/\* ?/, "", line)
      sub(/^ \*( |$)/, "", line)
      sub(/ ?\*\/$/, "", line)
      add_prose(line)
      next
    }
    { code = code $0 "\n" }
    BEGIN { printf "<!-- Written by docs/api.sh from include/%s. -->\n# %s\n\n", name, name }
    END { flush() }' "$header" | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' >"$out/$(basename "$header" .h).md"
done
