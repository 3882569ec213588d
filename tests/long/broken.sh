#!/usr/bin/env bash
# Broken pictures among real ones: 6,000 JPEG files of CIFAR-10, 60 of them broken in six ways. Exactly those are named, nothing waits
# for them, and the weights are those of a run on the other 5,940, bit for bit.
#   tests/long/broken.sh FOLDER [NAME …]
# FOLDER is build-check: the command is FOLDER/release/imgrad. The pictures are cifar10-jpg/, or its .tar.xz, in $IMGRAD_TEST_DATA.
. "$(dirname "$0")/../cli/lib.sh"
imgrad=$imgrad/release/imgrad
data=${IMGRAD_TEST_DATA:-$root/../shared/data}

# pictures: the path of a folder with a folder a class
pictures() {
  if [ -d "$data/cifar10-jpg/train" ]; then echo "$data/cifar10-jpg/train"
  elif [ -r "$data/cifar10-jpg.tar.xz" ]; then
    tar -xJf "$data/cifar10-jpg.tar.xz" -C "$scratch" cifar10-jpg/train && echo "$scratch/cifar10-jpg/train"
  fi
}

# The highest bit of every 16th byte, behind the first marker.
flip_bits() {
  od -An -v -tu1 -w1 "$1" | awk 'NR > 24 && NR % 16 == 1 { $1 += $1 < 128 ? 128 : -128 } { printf "\\0%o", $1 }' >flipped
  printf '%b' "$(cat flipped)" >"$1"
}

# The frame's header says 65,535 × 65,535.
make_absurd() {
  local at
  at=$(LC_ALL=C grep -obUaP '\xff\xc0\x00\x11\x08' "$1" | head -n 1 | cut -d: -f1)
  [ -n "$at" ] || fail "$1 has no frame"
  printf '\377\377\377\377' | dd of="$1" bs=1 seek=$((at + 5)) conv=notrunc status=none
}

# break_it FILE WAY
break_it() {
  case $2 in
    0) : >"$1" ;;
    1) truncate -s $(($(stat -c %s "$1") / 2)) "$1" ;;
    2) flip_bits "$1" ;;
    3) echo '<!DOCTYPE html><html><title>404 Not Found</title></html>' >"$1" ;;
    4) make_absurd "$1" ;;
    5) rm "$1" && if [ $((RANDOM % 2)) = 0 ]; then ln -s nowhere.jpg "$1"; else mkfifo "$1"; fi ;;
  esac
}

# want_named FILE: it names the broken ones, and no others
want_named() {
  grep -oE '(mixed/)?[a-z]+/[0-9]+\.jpg' "$1" | sed 's|^mixed/||' | sort -u >named
  cmp -s named broken || fail "named: $(diff named broken | head -n 5)"
}

# run_within WORD…: as `run`; nothing may wait for a FIFO, and the minutes are for slow machines.
run_within() {
  code=0
  timeout 900 "$imgrad" "$@" >stdout 2>stderr </dev/null || code=$?
  err=$(head -c 2000 stderr) out=$(head -c 2000 stdout)
}

test_sixty_of_six_thousand() {
  local from class path name i=0
  from=$(pictures)
  [ -n "$from" ] || skip "no cifar10-jpg in $data (set IMGRAD_TEST_DATA)"
  RANDOM=7
  mkdir good mixed
  for path in "$from"/*/; do
    class=$(basename "$path")
    mkdir "good/$class" "mixed/$class"
    find "$path" -name '*.jpg' | LC_ALL=C sort | head -n 600 | xargs cp -t "good/$class"
    cp "good/$class"/* "mixed/$class"
    for name in $(cd good && printf '%s\n' "$class"/* | awk 'NR % 100 == 50'); do
      rm "good/$name"
      break_it "mixed/$name" $((i++ % 6))
      echo "$name" >>broken
    done
  done
  sort -o broken broken
  want_equal "$(wc -l <broken) $(find good -name '*.jpg' | wc -l) $(find mixed -name '*.jpg' | wc -l)" "60 5940 6000" "broken, good and all"

  local words=(--model resnet8 --epochs 2 --augment "flip, shift 4" --test 0.1 --report no)
  run_within train good "${words[@]}" --out a
  want_code 0
  run_within train mixed "${words[@]}" --out b
  want_code 0
  want_named stderr
  run_within train mixed "${words[@]}" --threads 1 --workers 3 --out c --json
  want_code 0
  want_named stderr
  grep -q '"broken":60' stdout || fail "the result counts $(grep -o '"broken":[0-9]*' stdout)"
  want_equal "$(weight_hash b/model.safetensors)" "$(weight_hash a/model.safetensors)" "weights with the broken pictures"
  want_equal "$(weight_hash c/model.safetensors)" "$(weight_hash a/model.safetensors)" "weights by other threads"

  run_within predict a mixed
  want_code 3
  want_named stderr
  want_equal "$(wc -l <stdout)" 5940 "answers"
}

run_tests "$@"
