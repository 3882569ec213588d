#!/usr/bin/env bash
# The library as others have it: installed into a folder that is then moved, and the examples built and run against that copy alone,
# with pkg-config and with CMake, in C11 and C++17, shared and static, and under the address sanitizer.
#   tests/structure/install.sh BUILD [NAME …]
. "$(dirname "$0")/../cli/lib.sh"
build=$imgrad
warnings="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"
prefix=$scratch/moved
unset PKG_CONFIG_PATH LD_LIBRARY_PATH

cmake --install "$build" --prefix "$scratch/first" >"$scratch/install.log" 2>&1 || echo "  install: $(tail -n 3 "$scratch/install.log")"
mv "$scratch/first" "$prefix"
library=$(dirname "$(find "$prefix" -name libimgrad.so)")
export PKG_CONFIG_PATH=$library/pkgconfig LD_LIBRARY_PATH=$library
has_cxx() { command -v g++ >/dev/null; }

# compile [--static] [--cxx] FILE PROGRAM [FLAG …]: in the language of the file, or C++, with what pkg-config says and nothing else.
compile() {
  local static= cxx= file program words
  [ "$1" = --static ] && { static=--static; shift; }
  [ "$1" = --cxx ] && { cxx=cxx:; shift; }
  file=$1 program=$2
  shift 2
  # shellcheck disable=SC2086
  words=$(pkg-config $static --cflags --libs imgrad) || fail "pkg-config"
  [ -z "$static" ] || words=${words/-limgrad/-l:libimgrad.a}
  case $cxx$file in
    # shellcheck disable=SC2086
    cxx:*) g++ -std=c++17 -O1 $warnings "$@" -x c++ "$file" -x none -o "$program" $words -lm 2>cc.log ;;
    # shellcheck disable=SC2086
    *.c) cc -std=c11 -O1 $warnings "$@" "$file" -o "$program" $words -lm 2>cc.log ;;
    # shellcheck disable=SC2086
    *) g++ -std=c++17 -O1 $warnings "$@" "$file" -o "$program" $words -pthread 2>cc.log ;;
  esac || fail "$file: $(head -n 5 cc.log)"
}

# What each example says, run with words before it (none, or an environment). The pictures that predict reads are all grey.
run_examples() {
  local runner=$imgrad
  ./train "digits train=300 test=100" softmax trained epochs=2 >out 2>err || fail "train: $(tail -n 3 err)"
  grep -q '^trained: test ' out && grep -q '^epoch 2: loss ' err || fail "train says $(cat out)"
  ./eval trained >out 2>err || fail "eval: $(tail -n 3 err)"
  want_equal "$(wc -l <out)" 11 "lines of eval"
  head -c $((2 * 28 * 28)) /dev/zero | tr '\0' '\200' | ./predict trained >out 2>err || fail "predict: $(tail -n 3 err)"
  want_equal "$(wc -l <out)" 20 "lines of predict"
  awk '{ sum[$2] += $4 } END { for (p in sum) if (sum[p] < 0.99 || sum[p] > 1.01) exit 1 }' out || fail "no probabilities: $(cat out)"
  ./custom_op own >out 2>err || fail "custom_op: $(tail -n 3 err)"
  grep -q '^gradients: right$' out && grep -q '^own: test ' out || fail "custom_op says $(cat out)"
  [ -x ./embed ] || return 0
  ./embed embedded >out 2>err || fail "embed: $(tail -n 3 err)"
  grep -q '^trained: ' out && grep -q '^a lying bar: lying ' out || fail "embed says $(cat out)"
  ./embed cancelled 0 >out 2>err || fail "embed, cancelled: $(tail -n 3 err)"
  grep -q '^cancelled after ' out || fail "embed was not cancelled: $(cat out)"
  imgrad=$runner
}

build_examples() {
  local name
  for name in train eval predict custom_op; do compile "$@" "$root/examples/$name.c" "./$name"; done
  has_cxx && compile "$@" "$root/examples/embed.cpp" ./embed
  return 0
}

test_pkg_config_shared() {
  build_examples
  want_equal "$(pkg-config --libs imgrad | tr -s ' ' '\n' | grep -c '^-l')" 1 "libraries that a program with the shared one names"
  run_examples
}

# Whoever copies an example into a C++ program need not change it.
test_c_examples_are_cxx_too() {
  local name
  has_cxx || skip "g++ is not here"
  for name in train eval predict custom_op; do compile --cxx "$root/examples/$name.c" "./$name"; done
  run_examples
}

# Each header by itself, in both languages.
test_headers() {
  local header include=$prefix/include
  (cd "$include" && find . -name '*.h') >headers
  while read -r header; do
    printf '#include "%s"\n#include "%s"\nint main(void) { return 0; }\n' "${header#./}" "${header#./}" >alone.c
    # shellcheck disable=SC2086
    cc -std=c11 $warnings -I"$include" -fsyntax-only alone.c 2>log || fail "$header as C11: $(head -n 3 log)"
    has_cxx || { echo "  g++ is not here: the headers were not tried as C++17"; continue; }
    # shellcheck disable=SC2086
    g++ -std=c++17 $warnings -I"$include" -fsyntax-only -x c++ alone.c 2>log || fail "$header as C++17: $(head -n 3 log)"
  done <headers
}

# The programs that the pages print.
test_programs_of_the_pages() {
  local page
  for page in docs/c-api.md README.md README.zh.md; do
    awk '/^```c$/ { on = 1; next } /^```/ { on = 0 } on' "$root/$page" >page.c
    compile page.c ./page
  done
  awk '/^```c$/ { on = 1; next } /^```/ { on = 0 } on' "$root/docs/c-api.md" >page.c
  compile page.c ./page
  ./page >out 2>err || fail "docs/c-api.md: $(tail -n 3 err)"
  grep -q right out || fail "docs/c-api.md says $(cat out)"
}

# The command, its manual and its completion are where they are looked for.
test_what_is_installed() {
  local path
  for path in bin/imgrad include/imgrad.h share/man/man1/imgrad.1 share/man/man1/imgrad-train.1 \
    share/bash-completion/completions/imgrad; do want_file "$prefix/$path"; done
  want_equal "$("$prefix/bin/imgrad" version)" "imgrad $(pkg-config --modversion imgrad)" "the version"
}

# Modules of a copy that was moved are found by the command and by a program with the shared library.
test_modules() {
  local where
  [ -e "$build/modules/http.so" ] || skip "built without libmicrohttpd"
  "$prefix/bin/imgrad" info | grep -q 'libmicrohttpd [0-9]' || fail "$("$prefix/bin/imgrad" info | tail -n 1)"
  printf '#include <imgrad.h>\n#include <stdio.h>\nint main(void) { puts(ig_libraries()); return 0; }\n' >libraries.c
  compile libraries.c ./libraries
  ./libraries | grep -q 'libmicrohttpd [0-9]' || fail "$(./libraries)"
  where=$(dirname "$(find "$prefix" -name http.so)")
  mv "$where" away
  "$prefix/bin/imgrad" info | grep -q 'no libmicrohttpd' || fail "found where there is none"
  compile --static libraries.c ./libraries
  IMGRAD_MODULES=$PWD/away ./libraries | grep -q 'libmicrohttpd [0-9]' || fail "not found by IMGRAD_MODULES"
  mv away "$where"
}

test_pkg_config_static() {
  local name
  build_examples --static
  for name in train eval predict custom_op; do
    (unset LD_LIBRARY_PATH; ldd ./$name | grep -q libimgrad) && fail "$name needs the shared library"
  done
  unset LD_LIBRARY_PATH
  ./train digits mlp none epochs=two >out 2>err && fail "epochs=two was taken"
  ./train "digits train=100 test=20" mlp run epochs=1 >out 2>err || fail "train: $(tail -n 3 err)"
}

test_address_sanitizer() {
  local name
  echo 'int main(void) { return 0; }' >none.c
  cc -fsanitize=address none.c -o none 2>/dev/null && ./none || skip "cc has no address sanitizer here"
  for name in train eval predict custom_op; do compile "$root/examples/$name.c" "./$name" -g -fsanitize=address,undefined; done
  has_cxx && compile "$root/examples/embed.cpp" ./embed -g -fsanitize=address,undefined
  run_examples
}

# A project of a user: two lines find and link it.
test_cmake() {
  local target language=
  has_cxx && language=CXX
  mkdir project
  cat >project/CMakeLists.txt <<END
cmake_minimum_required(VERSION 3.22)
project(user LANGUAGES C $language)
set(CMAKE_C_STANDARD 11)
set(CMAKE_CXX_STANDARD 17)
find_package(imgrad 0.1 REQUIRED COMPONENTS static)
find_package(Threads REQUIRED)
foreach(name train eval predict custom_op)
  add_executable(\${name} $root/examples/\${name}.c)
  target_link_libraries(\${name} PRIVATE imgrad::imgrad m)
endforeach()
add_executable(train_static $root/examples/train.c)
target_link_libraries(train_static PRIVATE imgrad::static)
if(CMAKE_CXX_COMPILER)
  add_executable(embed $root/examples/embed.cpp)
  target_link_libraries(embed PRIVATE imgrad::imgrad Threads::Threads)
endif()
END
  cmake -S project -B made -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_FLAGS="$warnings" -DCMAKE_CXX_FLAGS="$warnings" >cmake.log 2>&1 &&
    cmake --build made >>cmake.log 2>&1 || fail "cmake: $(grep -iE 'error|warning' cmake.log | head -n 5)"
  unset LD_LIBRARY_PATH # CMake wrote where the library is
  cd made || exit 1
  ldd ./train_static | grep -q libimgrad && fail "imgrad::static is the shared library"
  ./train_static "digits train=100 test=20" mlp static epochs=1 >out 2>err || fail "static: $(tail -n 3 err)"
  run_examples
}

# Nothing else is visible, everything is, and it has the version of the map.
test_symbols() {
  local found
  grep -ohE '\big_[a-z0-9][a-z0-9_]*\(' "$prefix"/include/imgrad/*.h | tr -d '(' | sort -u >declared
  nm -D --defined-only "$library/libimgrad.so" | awk '$2 != "A" { print $3 }' >visible
  found=$(grep -v '@@IMGRAD_0$' visible)
  [ -z "$found" ] || fail "without the version IMGRAD_0: $(echo $found)"
  sed 's/@@.*//' visible | sort | diff - declared >difference || fail "the library shows other names than the headers: $(head -n 5 difference)"
  objdump -p "$library/libimgrad.so" | grep -q 'SONAME *libimgrad.so.0$' || fail "SONAME"
}

# Nothing in the installed text files names the place it was built or first installed in.
test_movable() {
  local found
  found=$(grep -rlIF -e "$scratch/first" -e "$build" -e "$root" "$prefix" | head -n 3)
  [ -z "$found" ] || fail "names a folder of the build: $found"
}

run_tests "$@"
