import type { ProcessorListener } from '../../remoteproc/index.js'

/** What the host wants of a thread that it spawns. */
export type Task =
  /** Tell the resource table of the module at `url`, and end. */
  | { readonly type: 'describe'; readonly url: string }
  /** Be the remote that the module defines. */
  | {
      readonly type: 'run'
      readonly url: string
      readonly memory: SharedArrayBuffer
      readonly control: SharedArrayBuffer
      readonly data: unknown
    }

/** What a thread tells the host, in the order in which it happened. */
export type Report =
  | { readonly type: 'described'; readonly table: Uint8Array }
  /** The module cannot be loaded, or defines no remote. */
  | { readonly type: 'unusable'; readonly reason: string }
  | { readonly type: 'console'; readonly text: string }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'crashed'; readonly reason: string }
  | { readonly type: 'exited' }
  | { readonly type: 'shutdown acknowledged' }

/** A message of the thread's as a report; undefined for another one, which its module may have posted. */
export function reportOf(message: unknown): Report | undefined {
  if (typeof message !== 'object' || message === null || !('type' in message)) return undefined
  const { type } = message
  switch (type) {
    case 'exited':
    case 'shutdown acknowledged':
      return { type }
    case 'console':
    case 'note':
      if (!('text' in message) || typeof message.text !== 'string') return undefined
      return { type, text: message.text }
    case 'unusable':
    case 'crashed':
      if (!('reason' in message) || typeof message.reason !== 'string') return undefined
      return { type, reason: message.reason }
    case 'described':
      if (!('table' in message) || !(message.table instanceof Uint8Array)) return undefined
      return { type, table: message.table }
    default:
      return undefined
  }
}

/** A thread, as the platform offers one. */
export interface RemoteThread {
  /** Whether the thread keeps the process alive, where there is a process. */
  keepAlive(on: boolean): void
  terminate(): Promise<void>
}

export interface ThreadListener {
  report(report: Report): void
  /** The thread has come to an end by itself: by an error that nobody caught, say. */
  ended(reason: string): void
}

/** Tells the host's remoteproc what a remote has reported. */
export function tell(listener: ProcessorListener, report: Report): void {
  switch (report.type) {
    case 'console':
      listener.console(new TextEncoder().encode(report.text))
      break
    case 'note':
      listener.note(report.text)
      break
    case 'unusable':
      listener.crashed(report.reason, { kind: 'machine' })
      break
    case 'crashed':
      listener.crashed(report.reason, { kind: 'fault' })
      break
    case 'exited':
      listener.exited()
      break
    case 'shutdown acknowledged':
      listener.shutdownAcknowledged()
      break
    case 'described':
      break
  }
}

/** The last part of a module's URL. */
export function nameOf(url: string): string {
  return url.replace(/[?#].*/, '').replace(/.*\//, '')
}

/** An error in one line, with the place in the program where the engine tells it. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const [line = ''] = error.message.split('\n')
  const place = error.stack?.match(/\b(?:file|https?):\/\/[^\s)]*?([^\s)/]+:\d+:\d+)/)?.[1]
  return `${error.name}: ${line}${place === undefined ? '' : ` (${place})`}`
}
