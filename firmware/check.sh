#!/bin/sh
# Builds the images named as arguments in a directory of its own, from a copy of the sources, and
# compares them with the committed ones in images/. Ends with 1 if a byte differs.
set -eu
cd "$(dirname "$0")"

elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT

"${CROSS:-riscv64-unknown-elf-}gcc" --version | head -n 1
for folder in Makefile lib boards "$@"; do
  cp -R "$folder" "$elsewhere/"
done
make -s -C "$elsewhere" BUILD="$elsewhere/objects" OUT="$elsewhere/images" "$@"

different=0
for image in "$@"; do
  if cmp "images/$image.elf" "$elsewhere/images/$image.elf"; then
    echo "same: images/$image.elf"
  else
    different=1
  fi
done
exit "$different"
