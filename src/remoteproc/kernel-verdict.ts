import type { KernelState } from './kernel-machine.js'

/** What is known of a life that this host has a part in: `KernelRemote`'s `life` and `asked` then. */
export interface KnownLife {
  readonly life: string | undefined
  readonly asked: number
}

/** What has become of such a life. */
export type Verdict =
  | { readonly kind: 'goes on' | 'crashed' | 'recovered' }
  | { readonly kind: 'ended'; readonly state: 'stopped' | 'detached'; readonly how: string }
  /** On its way to another life or to its end: `decide` where nothing more may be seen of it. */
  | { readonly kind: 'on its way'; readonly decide: boolean }

/** Compares what the kernel says now with what was last known. */
export function verdictOn(
  known: KnownLife,
  now: KnownLife & { readonly state: KernelState },
): Verdict {
  const { state, life } = now
  if (state === 'crashed') return { kind: 'crashed' }
  if (state === 'detached') return ended('detached', 'was detached from by others')
  if (runs(state) && (life === known.life || known.life === undefined)) return { kind: 'goes on' }
  // Somebody has asked for it: no crash.
  if (now.asked !== known.asked) {
    if (state === 'offline') return ended('stopped', 'was stopped by others')
    if (life !== undefined) return ended('detached', 'was started anew by others')
    return { kind: 'on its way', decide: false }
  }
  // It has other devices now, and nobody has asked for them: the kernel has recovered it.
  if (runs(state) && life !== undefined) return { kind: 'recovered' }
  return { kind: 'on its way', decide: true }
}

export const runs = (state: KernelState): boolean =>
  state === 'running' || state === 'attached' || state === 'suspended'

const ended = (state: 'stopped' | 'detached', how: string): Verdict => ({
  kind: 'ended',
  state,
  how,
})
