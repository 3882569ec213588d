#!/usr/bin/env bash
# Event files read back by TensorBoard's own reader: every number of results.csv, also of a run that was killed and went on.
#   tests/long/tensorboard.sh FOLDER [NAME …]
. "$(dirname "$0")/../cli/lib.sh"
. "$(dirname "$0")/peers.sh"
imgrad=$imgrad/release/imgrad

# read_back RUN BOARD: compares what TensorBoard's reader finds in BOARD with RUN/results.csv.
read_back() {
  "$python" - "$1" "$2" >out 2>err <<'END' || fail "$(tail -n 1 out) $(tail -n 2 err)"
import csv, struct, sys
from tensorboard.backend.event_processing import event_accumulator
run, board = sys.argv[1:]
rows = list(csv.DictReader(open(run + "/results.csv")))
single = lambda text: struct.unpack("f", struct.pack("f", float(text)))[0]
def read(part):
    curves = event_accumulator.EventAccumulator(board + "/" + part, size_guidance={event_accumulator.SCALARS: 0})
    curves.Reload()
    return {tag: curves.Scalars(tag) for tag in curves.Tags()["scalars"]}
compared = 0
for part, columns in {
    "train": {"epoch_loss": "train/loss", "epoch_accuracy": "train/accuracy", "epoch_penalty": "train/penalty",
              "epoch_learning_rate": "lr", "epoch_lambda": "lambda", "epoch_weight_norm": "weight_norm", "epoch_seconds": "time"},
    "validation": {"epoch_loss": "val/loss", "epoch_accuracy": "val/accuracy"},
}.items():
    curves = read(part)
    for tag, column in columns.items():
        have = [(point.step, point.value) for point in curves[tag]]
        want = [(int(row["epoch"]), single(row[column])) for row in rows]
        if have != want:
            sys.exit(f"{part}/{tag}: {have} is not {want}")
        compared += len(have)
    times = [point.wall_time for point in curves["epoch_loss"]]
    if times != sorted(times):
        sys.exit(f"{part}: times go back")
steps = [point.step for point in read("steps")["batch_loss"]]
if steps != sorted(set(steps)) or len(set(b - a for a, b in zip(steps, steps[1:]))) != 1:
    sys.exit(f"steps: double or missing ones: {steps}")
print(f"{compared} values, {len(steps)} steps")
END
  echo "  $(tail -n 1 out)"
}

test_read_by_tensorboard() {
  need tensorboard
  run train --data "digits train=1000 test=100" --epochs 4 --l2 1e-4 --schedule cosine --tensorboard board --out a
  want_code 0
  read_back a board
}

test_killed_and_resumed() {
  local pid
  need tensorboard
  "$imgrad" train --data "digits train=6000 test=100" --epochs 4 --tensorboard board --out a --checkpoint-every 0.3 >log 2>&1 &
  pid=$!
  for _ in $(seq 600); do [ "$(cat a/results.csv 2>/dev/null | wc -l)" -ge 2 ] && break; sleep 0.1; done
  sleep 0.7
  kill -KILL $pid
  wait $pid 2>/dev/null
  run train --resume a
  want_code 0
  read_back a board
}

run_tests "$@"
