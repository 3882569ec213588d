# Makes a set of pictures for the tests, the same ones every time: PGM files of 10 × 10 pixels as text, in OUT/PART/NAME/. Each class has
# a pattern of its own, and the pictures show it under so much noise that a linear network takes some of them for others.
#   awk -v out=FOLDER -v classes=100 -v train=50 -v val=10 -v test=500 -f pictures.awk     (train, val, test: pictures of a class)
# Class names: c000, c001, …

# Lehmer's generator: its products stay below 2^53.
function draw() { return (seed = seed * 16807 % 2147483647) / 2147483647 }

function picture(file, c, noise,    i, v, line) {
  line = "P2 10 10 255\n"
  for (i = 0; i < 100; i++) {
    v = int(128 + 40 * pattern[c, i] + noise * (draw() + draw() + draw() - 1.5))
    line = line (v < 0 ? 0 : v > 255 ? 255 : v) (i % 10 == 9 ? "\n" : " ")
  }
  printf "%s", line >file
  close(file)
}

BEGIN {
  seed = 20250
  count["train"] = train; count["val"] = val; count["test"] = test
  for (c = 0; c < classes; c++) for (i = 0; i < 100; i++) pattern[c, i] = draw() < 0.5 ? -1 : 1
  for (part in count) for (c = 0; c < classes; c++) folders = folders sprintf(" '%s/%s/c%03d'", out, part, c)
  system("mkdir -p" folders)
  split("train val test", part_name)
  for (k = 1; k <= 3; k++)
    for (c = 0; c < classes; c++)
      for (n = 0; n < count[part_name[k]]; n++)
        picture(sprintf("%s/%s/c%03d/%05d.pgm", out, part_name[k], c, n), c, 150 + 250 * draw())
}
