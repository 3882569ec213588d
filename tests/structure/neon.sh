#!/usr/bin/env bash
# What the NEON kernels became. The argument is a build folder for aarch64. Beside what is wrong, the test
# prints how many instructions the largest tile's inner loop has for its multiply-adds.
. "$(dirname "$0")/../cli/lib.sh"
build=$imgrad
objdump=$(command -v aarch64-linux-gnu-objdump || { [ "$(uname -m)" = aarch64 ] && command -v objdump; })

# loops OBJECT: for every innermost loop with a multiply-add: function, multiply-adds, calls, uses of the stack, instructions.
# A stretch with a return inside is no loop: the jump comes back from a rare block that the compiler has put behind the function.
loops() {
  "$objdump" -d --no-show-raw-insn "$1" | awk '
    function flush(  i, k, target, inner, fma, calls, stack, returns) {
      for (i = 1; i <= n; i++) {
        if (back[i] == "" || !(back[i] in at) || at[back[i]] > i) continue
        target = at[back[i]]; inner = 1; fma = calls = stack = returns = 0
        for (k = target; k < i; k++) if (back[k] != "" && (back[k] in at) && at[back[k]] <= k && at[back[k]] >= target) inner = 0
        if (!inner) continue
        for (k = target; k <= i; k++) {
          if (text[k] ~ /^fml[as]\t/) fma++
          if (text[k] ~ /^blr?\t/) calls++
          if (text[k] ~ /\[sp/) stack++
          if (text[k] ~ /^ret/) returns++
        }
        if (fma && !returns) print name, fma, calls, stack, i - target + 1
      }
      delete at; delete back; delete text; n = 0
    }
    /^[0-9a-f]+ <.*>:$/ { flush(); name = $2; gsub(/[<>:]/, "", name); next }
    /^ *[0-9a-f]+:\t/ {
      n++
      address = $1; sub(/:$/, "", address); at[address] = n
      line = $0; sub(/^ *[0-9a-f]+:\t/, "", line); text[n] = line; back[n] = ""
      if (line ~ /^(b|b\.[a-z]+|cbn?z|tbn?z)\t/) {
        count = split(line, words, /[ \t,]+/)
        for (k = 2; k <= count; k++) if (words[k] ~ /^</) back[n] = words[k - 1]
      }
    }
    END { flush() }'
}

test_kernels() {
  local real name object bad=0 total=0
  [ -n "$objdump" ] || skip "aarch64-linux-gnu-objdump is not here"
  for real in 4 8; do
    for name in conv_tile conv2d_dw depthwise_tile gemm gemm_rows winograd_dw winograd_strided_dw; do
      object=$build/CMakeFiles/kernels_neon_$real.dir/src/kernels/vector/$name.c.o
      [ -e "$object" ] || { echo "  no object $object"; bad=1; continue; }
      loops "$object" >loops
      # Of Winograd's gradients the products; the transforms go once over what those multiply many times.
      case $name in winograd*) grep '^multiply_' loops >kept || true; mv kept loops ;; esac
      [ -s loops ] || { echo "  neon_$real $name: no loop with a fused multiply-add"; bad=1; }
      total=$((total + $(wc -l <loops)))
      awk -v where="neon_$real $name" '$3 > 0 { printf "  %s: %s: %d calls in the inner loop\n", where, $1, $3 }
           $4 > 0 { printf "  %s: %s: %d uses of the stack in the inner loop of %d multiply-adds\n", where, $1, $4, $2 }' loops >found
      [ -s found ] && { cat found; bad=1; }
      sort -k2,2n loops | tail -n 1 | awk -v where="neon_$real $name" '{ printf "  %s: %s: %d multiply-adds in %d instructions\n", where, $1, $2, $5 }'
    done
  done
  [ $bad = 0 ] || fail "kernels"
  echo "  $total inner loops with fmla, no call, nothing on the stack"
}

run_tests "$@"
