#!/usr/bin/env bash
# Builds the Linux kernel that judges this project, for User-Mode Linux, from Debian's source package, and
# prints the folder that it lies in. That folder is outside the checkout, named by the hash of all that
# goes in; where it is there already, nothing is done. Needs Debian 12 and root (for apt-get, where
# packages are missing).
#
# usage: build.sh [--where]     --where: print the folder, build nothing
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source_package=linux-source-6.1
cache=${OPENAMP_LINUX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/openamp/linux}

hash_of() { cat "$@" | sha256sum | cut -c 1-16; }
kernel=$cache/kernel-$(hash_of "$here/build.sh" "$here/config" "$here/"*.patch)
modules=$kernel/modules-$(hash_of "$here/modules/"*)

say() { echo "linux: $*" >&2; }

# PACKAGE COMMAND…: each package whose command is missing.
install_tools() {
  local missing=()
  for need in flex:flex bison:bison bc:bc kmod:depmod cpio:cpio xz-utils:xz make:make gcc:gcc patch:patch; do
    command -v "${need#*:}" >/dev/null || missing+=("${need%%:*}")
  done
  [ -e /usr/include/gelf.h ] || missing+=(libelf-dev)
  [ -e /usr/include/openssl/ssl.h ] || missing+=(libssl-dev)
  say "needs from Debian: ${missing[*]:-nothing more}"
  apt-get update -qq
  [ ${#missing[@]} -eq 0 ] ||
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
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

build_kernel() {
  local work=$kernel.$$
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work/build"
  say "unpacking Debian's $source_package"
  unpack_source "$work"
  say 'compiling, some minutes'
  make -s -C "$work/source" ARCH=um O="$work/build" KCONFIG_ALLCONFIG="$here/config" allnoconfig
  make -s -C "$work/source" ARCH=um O="$work/build" -j"$(nproc)" linux modules
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
  say 'compiling the test modules'
  make -s -C "$kernel/source" ARCH=um O="$kernel/build" M="$work" modules
  mv "$work" "$modules"
  trap - EXIT
}

if [ "${1:-}" != --where ]; then
  mkdir -p "$cache"
  exec 9>"$cache/lock" && flock 9 # two builds at once: the second finds what the first has made
  if [ ! -d "$kernel" ]; then install_tools >&2 && build_kernel >&2; fi
  [ -d "$modules" ] || build_modules >&2
fi
echo "$modules"
