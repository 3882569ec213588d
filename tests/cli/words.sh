#!/usr/bin/env bash
# Words, help, mistakes and exit codes: everything that needs no training.
. "$(dirname "$0")/lib.sh"

test_version() {
  run version
  want_code 0
  want_out "imgrad 0."
  run --version
  want_code 0
  want_out "imgrad 0."
}

test_overview() {
  run help
  want_code 0
  for word in ascend bench compare eval gradcheck help info lr-find models predict prune report summary surface train tune version optimizers schedules "Exit codes"; do want_out "$word"; done
  whole=$out
  run --help
  want_code 0
  want_equal "$out" "$whole" "--help"
}

test_no_command() {
  run
  want_code 2
  want_err "imgrad help"
}

test_help_of_every_command() {
  for command in ascend bench compare eval gradcheck help info lr-find models predict prune report summary surface train tune version; do
    run "$command" --help
    want_code 0
    want_out "usage: imgrad $command"
    page=$out
    run help "$command"
    want_code 0
    want_out "$(head -n 3 <<<"$page")"
    run "$command" -h
    want_code 0
  done
  run train --help
  for word in --epochs --l2-scale --config --json --optimizer examples; do want_out "$word"; done
}

test_help_of_every_list() {
  for topic in augmentations averages initialisers layers losses models optimizers penalties recipes schedules sources; do
    run help $topic
    want_code 0
    [ "$(wc -l <stdout)" -ge 1 ] || fail "help $topic is too short $(shown)"
  done
  run help optimizers
  want_out adam
  want_out sgd
}

test_unknown_words() {
  run trian
  want_code 2
  want_err "did you mean 'train'"
  run zzzzzz
  want_code 2
  want_err "help"
  run --epochs 3
  want_code 2
  run train --epocs 3
  want_code 2
  want_err "epochs"
  run train --optimiser adm --out x
  want_code 2
  run train --confg x
  want_code 2
  want_err "--config"
  run info --jsn
  want_code 2
  want_err "--json"
  run info --epochs 3
  want_code 2
  run help optimisers
  want_code 2
  want_err "optimizers"
  run models textbok
  want_code 2
  want_err "textbook"
  run train one two
  want_code 2
  want_err "two"
  [ ! -e runs ] || fail "a refused command left a folder"
}

test_wrong_values() {
  run train --epochs
  want_code 2
  want_err "needs a value"
  run train --lr fast
  want_code 2
  want_err "lr"
  run train --batch 0
  want_code 2
  run train --strict=perhaps
  want_code 2
  run train --json=yes
  want_code 2
  run train -e 3
  want_code 2
  run train --=3
  want_code 2
  run train --model nothing.txt --out x
  want_code 2
  run train --model txtbook --out x
  want_code 2
  want_err "textbook"
  run train --data nowhere/ --out x
  want_code 2
  run eval
  want_code 2
  run eval nowhere
  want_code 2
  run train --config nothing.yaml
  want_code 2
}

test_config() {
  printf 'epochs: 3\nlerning_rate: 1\n' >bad.yaml
  run train --config bad.yaml
  want_code 2
  want_err "bad.yaml"
  # The file comes first wherever it stands: the command line's value wins, so the mistake of the file is never seen.
  printf 'model: nowhere.txt\n' >run.yaml
  run summary --model textbook --config run.yaml
  want_code 0
  run summary --config=run.yaml
  want_code 2
  want_err "nowhere.txt"
  run train --config a --config b
  want_code 2
  want_err twice
}

test_models() {
  run models
  want_code 0
  for name in dncnn lenet5 mlp resnet18 resnet8 small softmax swift textbook unet mnist-99; do want_out "$name"; done
  run models textbook
  want_code 0
  want_out "conv2d 32"
  "$imgrad" models textbook >mine.txt || fail "models textbook"
  run summary mine.txt
  want_code 0
  want_out "225,034"
}

# A recipe is a configuration: printed, it is a file for --config.
test_recipes() {
  run help recipes
  want_out mnist-99
  run models mnist-99
  want_code 0
  want_out "model: swift"
  run models mnist99
  want_code 2
  want_err "did you mean 'mnist-99'"
  run train --config mnist99
  want_code 2
  want_err 'did you mean mnist-99?'
  run eval --config mnist-99
  want_code 2
  want_err "mnist-99: cannot open"
  want_jq
  run models --json
  want_json 'map(select(.type == "recipe") | .name) == ["mnist-99"]'
}

test_info() {
  run info
  want_code 0
  for word in version CPU "instruction set" threads libraries zlib; do want_out "$word"; done
  IMGRAD_ISA=reference run info
  want_out reference
  IMGRAD_ISA=nonsense run info
  want_code 2
}

test_summary() {
  run summary textbook
  want_code 0
  want_out "225,034"
  want_out conv2d
  run summary textbook --plan
  want_code 0
  want_no_out forecast
  run summary textbook --forecast --pictures 60000 --batch 64
  want_code 0
  for word in "ms a step of 64 pictures" "of 60,000 pictures, 938 steps" GF/s assumed; do want_out "$word"; done
}

test_json() {
  want_jq
  run info --json
  want_code 0
  want_json '.[0].version and .[0].threads >= 1'
  run version --json
  want_json '.[0].version'
  run models --json
  want_json 'group_by(.type) | length == 2 and all(map(.name) == (map(.name) | sort))'
  run models textbook --json
  want_json '.[0].text | contains("conv2d")'
  run summary textbook --json
  want_json '.[0].parameters == 225034 and .[0].macs > 1e6 and (.[0].layers | length) >= 8'
  [ "$(wc -l <stdout)" = 1 ] || fail "more than one line"
  run summary textbook --json --forecast
  want_json '.[0] | .forecast.step > 0 and .forecast.bytes == .weight_bytes + .training_bytes and .forecast.steps == 1563 and (.layers | map(.seconds) | add) <= .forecast.step'
  run bench softmax --calibrate --json
  want_code 0
  want_json '.[0] | .rows == [] and (.constants | map(.ways) | index("winograd, stride 2")) != null'
}

test_gradcheck() {
  run gradcheck softmax --samples 5 --directions 3
  want_code 0
  want_out passed
  want_jq
  run gradcheck --json softmax --samples 5 --directions 3
  want_code 0
  want_json '.[0].passed and (.[0].rows | length) >= 2'
  # No difference is as good as this, so the verdict must be the other one.
  run gradcheck softmax --samples 5 --directions 3 --tolerance 0
  want_code 1
  # A flat picture through Winograd: the windows of a pooling are equal but for their rounding, so winners change at every probe.
  printf 'input 1 28 28\nconv2d 16 k=3 relu\nmaxpool2d 2\nconv2d 32 k=3 relu\nmaxpool2d 2\ndense classes softmax\n' >net.txt
  run gradcheck net.txt --conv auto --samples 1 --directions 1 --batch 1
  want_code 3
  want_out "nothing to compare"
  want_no_out WRONG
}

test_bench() {
  run bench softmax --seconds 0.05 --batch 16 --threads 1 --nodes --phases
  want_code 0
  for word in softmax training "batch 16" dense1 matmul update wait "% peak" GF/s "a second" memory cached; do want_out "$word"; done
  printf 'input 1 8 8\nconv2d 2 k=3 pad=same relu\nconv2d 1 k=3 pad=same\n' >pictures.txt
  run bench pictures.txt --seconds 0.05 --batch 2
  want_code 0
  want_out conv2d2
  run bench pictures.txt --loss cross_entropy
  want_code 4
  run bench softmax --train --infer
  want_code 2
  want_err "choose one"
  run bench txtbook
  want_code 2
  want_err textbook
  run bench pictures.txt --calibrate --seconds 0.01
  want_code 0
  for word in "2 -> 1, 8 x 8, k3 s1 p1" forward dx dw direct "winograd 4" constants; do want_out "$word"; done
  run bench softmax --precision f16
  want_code 2
  want_err "Known: bf16, f32, f64"
  IMGRAD_ISA=baseline run bench softmax --precision bf16
  want_code 2
  want_err AVX512_BF16
  want_jq
  run bench mlp --infer --json --seconds 0.05 --batch 3
  want_code 0
  want_json '.[0] | .model == "mlp" and .mode == "infer" and .batch == 3 and .threads >= 1 and .img_per_s > 0 and .ms_per_step > 0
    and .gflops > 0 and .peak_gflops > .gflops and (.isa | length) > 0 and (.rows | map(.line) | index("update")) == null
    and (.rows | map(.pass) | unique) == ["forward", "wait"] and (.phases | length) >= 1'
  run bench mlp --json --seconds 0.05 --precision f64 --optimizer "sgd momentum=0.9"
  want_json '.[0] | .mode == "train" and .batch == 32 and (.rows | map(select(.line == "update")) | .[0].op) == "sgd"
    and ([.rows[].us_per_picture] | add * 32) as $core | ($core / (.profiled_ms * 1000 * .threads) - 1 | fabs) < 1e-9'
  [ "$(wc -l <stdout)" = 1 ] || fail "more than one line"
}

test_streams() {
  # A full disk, a closed output, a reader that goes away.
  code=0
  "$imgrad" help >/dev/full 2>stderr || code=$?
  : >stdout
  want_code 5
  grep -q "standard output" stderr || fail "no word about the output: $(cat stderr)"
  code=0
  "$imgrad" help >&- 2>stderr || code=$?
  want_code 5
  code=0
  { "$imgrad" models textbook; echo $? >code; } 2>stderr | true
  # `true` may leave before or after the text came; both are right.
  case $(cat code) in 0 | 141) ;; *) fail "reader gone: exit $(cat code)" ;; esac
  { sleep 0.2; "$imgrad" help; echo $? >code; } 2>stderr | true
  want_equal "$(cat code)" 141 "exit code with a reader that has gone"
  "$imgrad" help >/dev/null 2>&- || fail "closed stderr"
  "$imgrad" help <&- >/dev/null || fail "closed stdin"
}

run_tests "$@"
