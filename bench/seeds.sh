# shellcheck shell=bash disable=SC2034
# What the scripts have in common that measure means over paired seeds.

# seed_numbers SEEDS: those of a number of them, from 1, or of FIRST..LAST
seed_numbers() { case $1 in *..*) seq "${1%..*}" "${1#*..}" ;; *) seq "$1" ;; esac; }

# For awk: prints the mean of d[1] … d[n] and its standard error.
put='function put(d,   i, s, q) {
  for (i = 1; i <= n; i++) { s += d[i]; q += d[i] * d[i] }
  printf " %7.2f %5.2f", s / n, (n > 1 ? sqrt((q > s * s / n ? q - s * s / n : 0) / (n - 1) / n) : 0)
}'
