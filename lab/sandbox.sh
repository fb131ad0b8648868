#!/bin/bash
# Runs a program that sees all files of this machine and can change none but those below one folder: in a
# mount namespace of its own, where everything else is read-only but /dev/shm, which is its own too, and
# without any capability that could change that.
#
# usage: sandbox.sh FOLDER PROGRAM [ARGUMENT…]
set -euo pipefail
if [ "${OPENAMP_SANDBOX:-}" != within ]; then
  user=()
  if [ "$(id -u)" != 0 ]; then user=(--user --map-root-user); fi
  OPENAMP_SANDBOX=within exec unshare "${user[@]}" --mount --propagation private -- "$0" "$@"
fi
unset OPENAMP_SANDBOX
folder=$1
shift
mount --bind "$folder" "$folder"
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
# man 5 proc: the fifth field is the mount point, the sixth its options.
while read -r _ _ _ _ at options _; do
  at=$(printf %b "$at")
  if [ "$at" = "$folder" ] || [ "$at" = /dev/shm ]; then continue; fi
  mount -n -o "remount,bind,ro${options#r?}" "$at" 2>/dev/null || true
  # A mount that another one hides cannot be changed, nor need it be.
  if [ -w "$at" ]; then
    echo "sandbox: $at could not be made read-only" >&2
    exit 126
  fi
done </proc/self/mountinfo
exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all -- "$@"
