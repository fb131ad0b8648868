#!/bin/sh
# Builds all images in a directory of its own, from a copy of the sources, and compares those named as
# arguments (BOARD/IMAGE) with the committed ones in images/. Ends with 1 if a byte differs.
set -eu
cd "$(dirname "$0")"

elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT

for gcc in riscv64-unknown-elf-gcc arm-none-eabi-gcc; do
  "$gcc" --version | head -n 1
done
for folder in *; do
  case $folder in
    build | images) ;;
    *) cp -R "$folder" "$elsewhere/" ;;
  esac
done
make -s -C "$elsewhere"

different=0
for name in "$@"; do
  # The first board's images are in no folder of their own.
  path=images/${name#virt-rv32/}.elf
  if cmp "$path" "$elsewhere/$path"; then
    echo "same: $path"
  else
    different=1
  fi
done
exit "$different"
