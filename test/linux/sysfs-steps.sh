#!/bin/bash
# What a program does in sysfs, step by step, under the root $1: run in a real Linux, and on a folder of
# `openamp sysfs`. Prints each step with what came of it. `send CHANNEL TEXT` is exported by whoever runs it.
root=$1
remote=$root/sys/class/remoteproc/remoteproc0
devices=$root/sys/bus/rpmsg/devices
dumps=$root/sys/class/devcoredump
debug=$root/sys/kernel/debug/remoteproc/remoteproc0
# Where memory is allocated is each host's own; a colon would be taken for an error's.
without_addresses() { sed -E 's/((Address|address:)) 0x[0-9a-f]+/\1 …/; s/: [0-9a-f]{16}$/: …/' | tr : =; }

step() { # NAME COMMAND
  local said
  said=$(eval "$2" 2>&1)
  # Of an error the last words: the rest is the shell's, and paths.
  said=${said##*: }
  said=${said//[$'\n\t']/ }
  echo "@[\"$1\",\"${said//\"/}\"]"
}

channels() { (cd "$devices" && ls -d virtio*.*.-1.* 2>/dev/null); }
# What comes by itself is waited for.
until_it() { # COMMAND
  for ((i = 0; i < 1200; i++)); do
    eval "$1" && return
    sleep 0.05
  done
  echo "never: $1"
}

step 'state at first' 'cat $remote/state'
step 'recovery at first' 'cat $remote/recovery'
step 'coredump at first' 'cat $remote/coredump'
step 'files' 'cd $remote && ls'
step 'modes' 'cd $remote && stat -c %A name state firmware recovery coredump'
step 'sizes' 'cd $remote && stat -c %s name state firmware recovery coredump'
step 'links' 'cd $remote && readlink device subsystem'
step 'uevent' 'grep DEVTYPE $remote/uevent'
step 'files of debugfs' 'cd $debug && ls'
step 'modes of debugfs' 'cd $debug && stat -c %A *'
step 'sizes of debugfs' 'cd $debug && stat -c %s *'
step 'name in debugfs' 'cat $debug/name $debug/recovery $debug/coredump'
step 'table while offline' 'cat $debug/resource_table'
step 'carve-outs while offline' 'cat $debug/carveout_memories'
step 'reading crash' 'cat $debug/crash'
step 'crash while offline' 'echo 2 >$debug/crash; sleep 0.2; cat $remote/state'
step 'crash: no number' 'echo now >$debug/crash'
step 'crash: a number too large' 'echo 0x100000000 >$debug/crash'
step 'writing the table' 'echo x >$debug/resource_table'
step 'stop while offline' 'echo stop >$remote/state'
step 'detach while offline' 'echo detach >$remote/state'
step 'a word that is none' 'echo jump >$remote/state'
step 'a word with a blank' 'echo "start " >$remote/state'
step 'no firmware name' 'echo >$remote/firmware'
step 'firmware that is not there' 'echo none.elf >$remote/firmware; cat $remote/firmware'
step 'start without firmware' 'echo start >$remote/state'
step 'firmware without a line feed' 'printf echo.elf >$remote/firmware; cat $remote/firmware'
step 'recovery: a word that is none' 'echo maybe >$remote/recovery'
step 'coredump: a word that is none' 'echo default >$remote/coredump'
step 'writing the name' 'echo me >$remote/name'
step 'removing a file' 'rm $remote/state'
step 'making a file' 'touch $remote/new'
step 'making a folder' 'mkdir $remote/new'
step 'start without a line feed' 'printf start >$remote/state; cat $remote/state'
step 'firmware while running' 'echo crash.elf >$remote/firmware'
step 'detach while running' 'echo detach >$remote/state'
step 'start while running' 'echo start >$remote/state; cat $remote/state'
step 'channels' 'until_it "[ -n \"\$(channels)\" ]"; channels'
step 'devices of the bus' 'cd $devices && ls'
step 'the name service' 'cd $devices/*.rpmsg_ns.53.53 && cat name src dst announce modalias driver_override uevent; readlink driver'
step 'the control device' 'cd $devices/*.rpmsg_ctrl.0.0 && ls && cat name src dst announce modalias driver_override uevent; readlink driver'
step 'place of a channel' 'readlink $devices/$(channels)'
step 'place of the virtio device' 'readlink $root/sys/bus/virtio/devices/*'
step 'files while running' 'cd $remote && ls'
step 'table' 'without_addresses <$debug/resource_table'
step 'carve-outs' 'without_addresses <$debug/carveout_memories'
step 'trace' 'cat $debug/trace0 | tr : =; stat -c "%A %s" $debug/trace0'
step 'a channel' 'cd $devices/$(channels) && cat name src dst announce modalias'
step 'files of a channel' 'cd $devices/$(channels) && ls'
step 'one stop of two' 'echo stop >$remote/state; cat $remote/state'
step 'the other stop' 'echo stop >$remote/state; cat $remote/state'
step 'channels after it' 'channels; ls $devices $root/sys/bus/virtio/devices $root/sys/class/rpmsg | grep -v :'
step 'files of debugfs after it' 'cd $debug && ls'
step 'one stop more' 'echo stop >$remote/state'

step 'start of another image' 'echo crash.elf >$remote/firmware; echo start >$remote/state; cat $remote/state'
step 'recovery off' 'echo disabled >$remote/recovery; cat $remote/recovery'
step 'crash' 'send crash illegal; until_it "[ \$(cat $remote/state) = crashed ]"; cat $remote/state'
step 'channels while crashed' 'channels'
step 'a bound channel' 'cd $devices/$(channels) && ls && cat src dst driver_override uevent && readlink driver subsystem'
step 'its device' 'cd $root/sys/class/rpmsg/rpmsg0 && cat name src dst'
step 'binding what is not there' 'echo nothing >$root/sys/bus/rpmsg/drivers/rpmsg_chrdev/bind'
step 'table while crashed' 'without_addresses <$debug/resource_table'
step 'firmware while crashed' 'echo echo.elf >$remote/firmware'
step 'coredump while crashed' 'echo enabled >$remote/coredump'
step 'start while crashed' 'echo start >$remote/state; cat $remote/state'
step 'recovery by hand' 'echo recover >$remote/recovery; until_it "[ \$(cat $remote/state) = running ]"; cat $remote/state'
step 'crash from outside' 'echo 1 >$debug/crash; until_it "[ \$(cat $remote/state) = crashed ]"; cat $remote/state'
step 'another one meanwhile' 'echo 0 >$debug/crash; sleep 0.2; cat $remote/state'
step 'recovery through debugfs' 'echo recover >$debug/recovery; until_it "[ \$(cat $remote/state) = running ]"; cat $remote/state'
step 'recovery is still off' 'cat $remote/recovery'
step 'coredumps wanted' 'echo enabled >$remote/coredump; echo enabled >$remote/recovery; cat $remote/coredump'
step 'dump of a crash' 'send crash illegal; until_it "[ -e $dumps/devcd*/data ]"; od -An -c -N4 $dumps/devcd*/data'
step 'files of a dump' 'cd $dumps/devcd* && ls && stat -c "%A %s" data'
step 'whose it is' 'readlink $dumps/devcd* $dumps/devcd*/failing_device $dumps/devcd*/subsystem'
step 'running again' 'until_it "[ \$(cat $remote/state) = running ]"; cat $remote/state'
step 'dump released' 'echo 1 >$(echo $dumps/devcd*/data); until_it "! ls -d $dumps/devcd* 2>/dev/null"; ls -d $dumps/devcd*'
step 'as many stops as starts' 'echo stop >$remote/state; echo stop >$remote/state; cat $remote/state'
step 'dumps are wanted' 'cat $dumps/disabled; echo 0 >$dumps/disabled'
step 'dumps are not wanted' 'echo 1 >$dumps/disabled; cat $dumps/disabled'
