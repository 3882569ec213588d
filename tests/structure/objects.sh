#!/usr/bin/env bash
# What the compiled library asks for and offers, and what its kernels became. The argument is a release build folder.
. "$(dirname "$0")/../cli/lib.sh"
build=$imgrad
library=$build/libimgrad.a

test_library_asks_for_nothing_forbidden() {
  want_file "$library"
  local bad
  bad=$(nm -u "$library" 2>/dev/null | awk '/^ +[Uvw] /{ print $2 }' | sort -u | grep -xE \
    '_?exit|_Exit|quick_exit|abort|__assert_fail|(__)?v?f?printf(_chk)?|puts|fputs|fputc|putc|putchar|perror|stdin|stdout|stderr|signal|sigaction|setenv|putenv|setlocale|strtod|strtof|atof|rand|srand|system' || true)
  [ -z "$bad" ] || fail "the library asks for: $(echo $bad)"
}

test_names_begin_with_ig() {
  local bad
  want_file "$library"
  bad=$(nm -g --defined-only "$library" 2>/dev/null | awk 'NF == 3 && $2 ~ /[A-TV-Z]/ { print $3 }' | grep -vE '^ig_' | sort -u || true)
  [ -z "$bad" ] || fail "names without ig_: $(echo $bad)"
}

# Every name of the public headers is there, and everything with one underscore is in a public header.
test_public_names_are_the_headers() {
  local bad
  grep -ohE '\big_[a-z0-9][a-z0-9_]*\(' "$root"/include/imgrad/*.h | tr -d '(' | sort -u >declared
  nm -g --defined-only "$library" | awk 'NF == 3 && $2 == "T" { print $3 }' | grep -E '^ig_[^_]' | sort -u >defined
  # The structs of the headers end in no "(", so they are not in this list.
  bad=$(comm -13 declared defined)
  [ -z "$bad" ] || fail "public names that no header has: $(echo $bad)"
  bad=$(comm -23 declared defined)
  [ -z "$bad" ] || fail "declared and not there: $(echo $bad)"
}

# loops OBJECT: for every innermost loop (a jump back, with no jump back inside) that holds a fused multiply-add: function,
# number of them, calls, and vector registers stored to the stack. Only %rsp counts as the stack: without a frame
# pointer %rbp holds any address. A spill by way of a copied stack address would be missed.
loops() {
  objdump -d --no-show-raw-insn "$1" | awk '
    function flush(  i, k, target, inner, fma, calls, spills) {
      for (i = 1; i <= n; i++) {
        if (back[i] == "" || !(back[i] in at) || at[back[i]] > i) continue
        target = at[back[i]]; inner = 1; fma = calls = spills = 0
        for (k = target; k < i; k++) if (back[k] != "" && (back[k] in at) && at[back[k]] <= k && at[back[k]] >= target) inner = 0
        if (!inner) continue
        for (k = target; k <= i; k++) {
          if (text[k] ~ /vfn?m(add|sub)[0-9]*p[sd]/) fma++
          if (text[k] ~ /^call/) calls++
          if (text[k] ~ /^vmov[a-z0-9]* +%[xyz]mm[0-9]+,[-0-9a-fx]*\(%rsp/) spills++
        }
        if (fma) print name, fma, calls, spills
      }
      delete at; delete back; delete text; n = 0
    }
    /^[0-9a-f]+ <.*>:$/ { flush(); name = $2; gsub(/[<>:]/, "", name); next }
    /^ *[0-9a-f]+:\t/ {
      n++
      address = $1; sub(/:$/, "", address); at[address] = n
      line = $0; sub(/^ *[0-9a-f]+:\t/, "", line); text[n] = line; back[n] = ""
      if (line ~ /^j[a-z]+ +[0-9a-f]+ </) { split(line, words, / +/); back[n] = words[2] }
    }
    END { flush() }'
}

test_kernels_disassembled() {
  local isa real object name seen total=0 bad=0
  command -v objdump >/dev/null || skip "objdump is not here"
  [ "$(uname -m)" = x86_64 ] || skip "written for x86-64"
  for isa in avx2 avx512; do
    for real in 4 8; do
      for name in chains conv_tile conv2d_dw depthwise_tile gemm gemm_rows winograd_dw winograd_strided_dw; do
        object=$build/CMakeFiles/kernels_${isa}_$real.dir/src/kernels/vector/$name.c.o
        [ -e "$object" ] || { echo "  no object $object"; bad=1; continue; }
        loops "$object" >loops
        # Of Winograd's gradients the products; the transforms go once over what those multiply many times.
        case $name in winograd*) grep '^multiply_' loops >kept || true; mv kept loops ;; esac
        seen=$(wc -l <loops)
        total=$((total + seen))
        [ "$seen" -gt 0 ] || { echo "  ${isa}_$real $name: no loop with a fused multiply-add"; bad=1; }
        awk -v where="${isa}_$real $name" '$3 > 0 { printf "  %s: %s: %d calls in the inner loop\n", where, $1, $3 }
             $4 > 0 { printf "  %s: %s: %d vector registers stored to the stack in the inner loop of %d FMA\n", where, $1, $4, $2 }' loops >found
        [ -s found ] && { cat found; bad=1; }
      done
    done
  done
  [ $bad = 0 ] || fail "kernels"
  echo "  $total inner loops with FMA, no call, no spill"
}

# a*b+c rounds twice everywhere but in the kernels: the same results on every instruction set and compiler.
test_no_fma_outside_kernels() {
  local found
  command -v objdump >/dev/null || skip "objdump is not here"
  [ "$(uname -m)" = x86_64 ] || skip "written for x86-64"
  found=$(find "$build/CMakeFiles" -path '*/ig_*.dir/*' -name '*.o' -exec sh -c \
    'objdump -d --no-show-raw-insn "$1" | grep -q "vfn\?m[as][du][db]" && echo "$1"' _ {} \; | head -n 3)
  [ -z "$found" ] || fail "FMA in: $found"
}

run_tests "$@"
