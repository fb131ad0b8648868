import type { BoardDescription } from '../../boards/description.js'
import type { BoardMemory } from '../../boards/memory.js'
import type { RegionOptions } from '../../memory/region.js'
import type { CoreRegisters, Fault } from '../../remoteproc/index.js'

/** How one life of the remote came to its end. */
export type RunEnd =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'exited' }
  | { readonly kind: 'crashed'; readonly reason: string; readonly fault: Fault }

/** What the host asks of the board's thread in messages; everything else is in the control block. */
export type Command =
  | {
      readonly type: 'open'
      readonly board: BoardDescription
      readonly memory: BoardMemory
      /** The board's further memory. */
      readonly more: readonly RegionOptions[]
      readonly control: SharedArrayBuffer
      /** Milliseconds within which the remote must have slept once. */
      readonly watchdog: number | undefined
      readonly compile: boolean | undefined
    }
  /** Reset, and run as long as the control block names this life. */
  | { readonly type: 'start'; readonly life: number; readonly entry: number }

/** What the board's thread tells the host, in the order in which it happened. */
export type Report =
  | { readonly type: 'ready' }
  | ({ readonly life: number } & (
      | { readonly type: 'started' }
      /** there is something to look at in the mailbox */
      | { readonly type: 'doorbell' }
      | { readonly type: 'progressed' }
      /** no timer is armed, and the host had done nothing since `sequence` */
      | { readonly type: 'idle'; readonly sequence: number }
      | { readonly type: 'shutdown acknowledged' }
      | { readonly type: 'detach acknowledged' }
      /** the thread touches memory no more until it is resumed */
      | { readonly type: 'suspended' }
      | { readonly type: 'console'; readonly bytes: Uint8Array }
      | { readonly type: 'note'; readonly text: string }
      /** the thread touches memory no more */
      | { readonly type: 'ended'; readonly end: RunEnd; readonly registers: CoreRegisters }
    ))

/** A worker thread with the board in it, as the platform offers one. */
export interface BoardWorker {
  post(command: Command): void
  /** Whether the worker keeps the process alive, where there is a process. */
  keepAlive(on: boolean): void
  terminate(): Promise<void>
}

export interface BoardWorkerListener {
  report(report: Report): void
  /** The worker is of no use any more. */
  failed(reason: string): void
}
