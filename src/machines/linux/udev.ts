/** The attributes of a remote processor that a program writes to. */
const ATTRIBUTES = ['state', 'firmware', 'recovery', 'coredump'] as const

/**
 * udev rules by which the members of a group do all that this package does without being root: rules for
 * devices as they come, and what is to be done once.
 */
export function udevRules(group: string): string {
  const sysfs = (files: readonly string[]): string =>
    `RUN+="/bin/sh -c 'cd /sys%p && chgrp ${group} ${files.join(' ')} && chmod g+rw ${files.join(' ')}'"`
  return `# Remote processors and their messages, for the group ${group}: /etc/udev/rules.d/60-openamp.rules
#
# Whoever may give a remote processor its firmware may, on most chips, read and write all memory with it.
#
# Once:     groupadd --system ${group}; usermod --append --groups ${group} USER
#           install --directory --group=${group} --mode=2775 /lib/firmware/openamp
# To apply: udevadm control --reload; udevadm trigger --action=add --subsystem-match=remoteproc

# start, stop, firmware, policies
ACTION=="add", SUBSYSTEM=="remoteproc", ${sysfs(ATTRIBUTES)}
# /dev/remoteprocN: the remote ends with the program
SUBSYSTEM=="remoteproc", GROUP="${group}", MODE="0660"
# /dev/rpmsg_ctrlN, /dev/rpmsgN: endpoints
SUBSYSTEM=="rpmsg", KERNEL=="rpmsg*", GROUP="${group}", MODE="0660"
# /dev/ttyRPMSGN: serial lines
SUBSYSTEM=="tty", KERNEL=="ttyRPMSG*", GROUP="${group}", MODE="0660"
# coredumps
ACTION=="add", SUBSYSTEM=="devcoredump", ${sysfs(['data'])}
`
}
