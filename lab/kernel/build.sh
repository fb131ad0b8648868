#!/usr/bin/env bash
# Builds a Linux kernel for User-Mode Linux, from Debian's source package, with a remote processor that a
# program plays, and prints the folder of its modules; the kernel is build/linux beside it. They lie outside
# this folder, named by the hash of all that goes in; where they are there already, nothing is done.
#
# usage: build.sh            builds, where need be; progress goes to standard error
#        build.sh --where    prints the folder, builds nothing
#        build.sh --check    prints what stands in the way of building, and how to mend it, if anything does
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source_package=linux-source-6.1
# So many files are compiled, about: for the progress alone.
files=590
cache=${OPENAMP_LINUX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/openamp/linux}

hash_of() { cat "$@" | sha256sum | cut -c 1-16; }
kernel=$cache/kernel-$({ echo "$source_package"; cat "$here/config" "$here/"*.patch; } | hash_of -)
modules=$kernel/modules-$(hash_of "$here/modules/"*)

say() { echo "linux: $*" >&2; }
has() { command -v "$1" >/dev/null; }

# The packages of Debian's that the build needs and that are not here.
missing_packages() {
  local need
  for need in flex:flex bison:bison bc:bc kmod:depmod cpio:cpio xz-utils:xz make:make gcc:gcc patch:patch; do
    has "${need#*:}" || echo "${need%%:*}"
  done
  [ -e /usr/include/stdlib.h ] || echo libc6-dev
  [ -e /usr/include/gelf.h ] || echo libelf-dev
  [ -e /usr/include/openssl/ssl.h ] || echo libssl-dev
}

has_source() { [[ $(apt-cache policy "$source_package" 2>/dev/null) == *'Candidate: '[^\(]* ]]; }

obstacle() {
  local missing root
  root=$([ "$(id -u)" = 0 ] && echo yes || echo no)
  if ! has apt-get || ! has dpkg; then
    echo "its source is a package of Debian's, and apt-get is not here: use Debian 12"
    return
  fi
  if ! has_source && [ $root = yes ]; then apt-get update -qq >&2 || true; fi
  if ! has_source; then
    echo "apt has no package $source_package: use Debian 12, and run: sudo apt-get update"
    return
  fi
  missing=$(missing_packages | xargs)
  if [ -n "$missing" ] && [ $root = no ]; then
    echo "packages are missing, run: sudo apt-get install $missing"
  fi
}

# What apt knows may be of yesterday, and then the files are not there any more.
prepare() {
  local missing
  missing=$(missing_packages | xargs)
  if [ "$(id -u)" = 0 ]; then apt-get update -qq; fi
  [ -n "$missing" ] || return 0
  say "installing from Debian: $missing"
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
}

unpack_source() { # FOLDER
  mkdir -p "$1/package" "$1/source"
  # apt-get download drops its rights to a user who need not be able to enter the cache.
  (cd "$1/package" && apt-get download -qq -o APT::Sandbox::User=root "$source_package")
  dpkg -x "$1/package/"*.deb "$1/package"
  tar -C "$1/source" --strip-components=1 -xf "$1/package/usr/src/$source_package.tar.xz" \
    --exclude='*/drivers/gpu/*.[ch]' --exclude='*/sound/*.[ch]' --exclude='*/drivers/media/*.[ch]'
  rm -rf "$1/package"
  for change in "$here/"*.patch; do patch -s -d "$1/source" -p1 <"$change"; done
}

# Says how far make has come: on a terminal in one line, else from time to time.
progress() {
  local done=0 line every=200 begin='' end='\n'
  if [ -t 2 ]; then every=5 begin='\r' end=''; fi
  while read -r line; do
    [[ $line == CC* || $line == AS* ]] || continue
    done=$((done + 1))
    [ $((done % every)) -eq 0 ] || continue
    # shellcheck disable=SC2059
    printf "${begin}linux: compiling, $done of about $files files$end" >&2
  done
  if [ -t 2 ]; then echo >&2; fi
}

build_kernel() {
  local work=$kernel.$$
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work/build"
  say "unpacking Debian's $source_package"
  unpack_source "$work"
  say 'compiling, some minutes; this is done once'
  make -s -C "$work/source" ARCH=um O="$work/build" KCONFIG_ALLCONFIG="$here/config" allnoconfig
  make -C "$work/source" ARCH=um O="$work/build" -j"$(nproc)" linux modules | progress
  # The build folder names its source by an absolute path: it is moved first, then told of its new place.
  mv "$work" "$kernel"
  trap - EXIT
  ln -sfn "$kernel/source" "$kernel/build/source"
}

build_modules() {
  local work=$modules.$$
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work"
  cp "$here/modules/"* "$work"
  say 'compiling the remote processor'
  make -s -C "$kernel/source" ARCH=um O="$kernel/build" M="$work" modules
  mv "$work" "$modules"
  trap - EXIT
}

case ${1:-} in
  --where)
    echo "$modules"
    exit
    ;;
  --check)
    obstacle
    exit
    ;;
esac
mkdir -p "$cache"
exec 9>"$cache/lock" # two builds at once: the second finds what the first has made
flock -n 9 || { say 'another build is under way, waiting for it' && flock 9; }
if [ ! -d "$modules" ]; then
  why=$(obstacle)
  if [ -n "$why" ]; then
    say "the kernel cannot be built: $why"
    exit 1
  fi
  [ -d "$kernel" ] || prepare >&2
fi
[ -d "$kernel" ] || build_kernel >&2
[ -d "$modules" ] || build_modules >&2
echo "$modules"
