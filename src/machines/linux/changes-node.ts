import { type FSWatcher, watch } from 'node:fs'
import type { Libc } from '../native/libc-node.js'
import { remotePath } from './remotes-node.js'
import type { Tree } from './tree-node.js'
import { hearUevents } from './uevents-node.js'

/** What of the system's changes concerns remote processors. */
const CONCERNS = /\/remoteproc\/|\/devcoredump\/|rpmsg/

/**
 * Milliseconds between two looks for what nothing gives notice of: a crash that the kernel does not
 * recover from; everything else as well, where there are no uevents.
 */
const SLOW = 1000
const WITHOUT_UEVENTS = 250

export interface ChangesOptions {
  /** undefined where koffi is missing. */
  readonly libc: Libc | undefined
  /** Something may have changed. */
  readonly changed: () => void
  /** Somebody has written into the remote's `state`. */
  readonly asked: () => void
}

/**
 * Watches a remote. The kernel sends uevents as devices come and go: those of the remote's virtio devices,
 * channels and coredumps. That a program has written into `state` is to be had from inotify. What the kernel
 * does to the state by itself it tells nobody (remoteproc_core.c neither notifies sysfs nor sends a uevent of
 * its own): for that, and for everything where there are no uevents, there is a slow look.
 * @returns what is not to be had here, in words, and the end of it
 */
export function watchRemote(
  tree: Tree,
  id: string,
  { libc, changed, asked }: ChangesOptions,
): { readonly note: string | undefined; readonly close: () => void } {
  const heard = (_: string, path: string): void => {
    if (CONCERNS.test(path)) changed()
  }
  // A folder that looks like a system sends none.
  const uevents = libc === undefined || tree.root !== '/' ? undefined : hearUevents(libc, heard)
  const watchers: FSWatcher[] = []
  const follow = (path: string, told: () => void): void => {
    try {
      const watcher = watch(tree.path(path), told)
      watcher.on('error', () => watcher.close())
      watchers.push(watcher)
    } catch {
      // It cannot be watched: the slow look finds it.
    }
  }
  follow(`${remotePath(id)}/state`, () => {
    asked()
    changed()
  })
  if (uevents === undefined) follow('dev', changed)
  const period = uevents === undefined ? WITHOUT_UEVENTS : SLOW
  const timer = setInterval(changed, period)
  const why = libc === undefined ? 'without the package koffi' : 'here'
  return {
    note:
      uevents === undefined
        ? `there are no uevents ${why}: changes are looked for every ${WITHOUT_UEVENTS} ms`
        : undefined,
    close: () => {
      uevents?.()
      clearInterval(timer)
      for (const watcher of watchers) watcher.close()
    },
  }
}
