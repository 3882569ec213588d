# What has to be there before anything can be built, and getting it on a Debian. Sourced by quickstart and check.
# Things are asked for by what they do (a program that runs, a library that pkg-config knows), so any system that has them
# will do; only when something is missing is apt asked, and only for that.

# packages_missing WORD…: prints the Debian packages whose thing is not there. A word is PACKAGE:PROGRAM or PACKAGE=LIBRARY.
packages_missing() {
  local word
  for word in "$@"; do
    case $word in
      *:*) command -v "${word#*:}" >/dev/null 2>&1 || echo "${word%%:*}" ;;
      *=*) pkg-config --exists "${word#*=}" 2>/dev/null || echo "${word%%=*}" ;;
    esac
  done
}

# packages_install PACKAGE…: installs them with apt; fails when there is no apt or no right to use it.
packages_install() {
  local as=()
  command -v apt-get >/dev/null 2>&1 || return 1
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || return 1
    as=(sudo)
  fi
  echo "installing with apt: $*" >&2
  "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 || true
  "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

# A C compiler, CMake, Ninja, and the libraries: gzip files, YAML configurations, JSON inside model files, JPEG and PNG.
build_needs=(gcc:cc cmake:cmake ninja-build:ninja pkg-config:pkg-config zlib1g-dev=zlib libyaml-dev=yaml-0.1 libjansson-dev=jansson
             libjpeg-dev=libjpeg libpng-dev=libpng)

# What a build can do without, saying so: event files for TensorBoard, the live page.
build_likes=(libprotobuf-c-dev=libprotobuf-c protobuf-c-compiler:protoc-c libmicrohttpd-dev=libmicrohttpd)

# like_build_packages: gets them when it can.
like_build_packages() {
  local missing
  missing=$(packages_missing "${build_likes[@]}")
  # shellcheck disable=SC2086
  [ -z "$missing" ] || packages_install $missing || echo "not installed: $(echo $missing); the build leaves out what needs them" >&2
}

# need_build_packages: makes sure of them, or says what is missing and ends.
need_build_packages() {
  local missing
  like_build_packages
  missing=$(packages_missing "${build_needs[@]}")
  [ -e /usr/include/stdio.h ] || missing="$missing libc6-dev"
  [ -z "${missing// /}" ] && return 0
  # shellcheck disable=SC2086
  packages_install $missing || true
  missing=$(packages_missing "${build_needs[@]}")
  [ -z "$missing" ] && return 0
  {
    echo "These are missing (names of Debian packages): $(echo $missing)"
    echo "Needed: a C11 compiler, CMake 3.22 or later, Ninja, pkg-config, and the development files of zlib, libyaml, jansson, libjpeg-turbo, libpng."
    echo "On Debian or Ubuntu, as root: apt-get install gcc libc6-dev cmake ninja-build pkg-config zlib1g-dev libyaml-dev libjansson-dev libjpeg-dev libpng-dev"
    echo "Elsewhere, install them with the system's own package manager and start this again."
  } >&2
  exit 2
}
