import { isOpenampError, OpenampError } from '../../base/errors.js'
import { printable } from '../../firmware/index.js'
import type { GdbListener } from '../../node.js'
import { PersistentChannel, Remoteproc } from '../../remoteproc/index.js'
import { Channel } from '../../rpmsg/index.js'
import { runConsole } from '../console.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { Lines } from '../input.js'
import { remoteOutput, runProxy } from '../proxy.js'
import { JsonReporter, type Reporter, TextReporter } from '../reporter.js'
import { type RunOptions, runOptions } from '../run-options.js'
import { paintFor, type Terminal } from '../terminal.js'

export { runHelp } from '../run-options.js'

/** The channel of OpenAMP's demos, which end on the shutdown message. */
const DEMO_CHANNEL = 'rpmsg-openamp-demo-channel'
/** After the last announcement others may follow for so long, ms. */
const ANNOUNCEMENTS_QUIET = 20

export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const options = await runOptions(args, terminal)
  try {
    return await session(options, terminal)
  } finally {
    await options.gdb?.close()
  }
}

async function session(options: RunOptions, terminal: Terminal): Promise<ExitCode> {
  const { attach, proxy, hex, timeout, duration, gdb } = options
  const reporter = makeReporter(options, terminal)
  const rproc = await Remoteproc.init({
    ...options.remote,
    observer: (event) => reporter.event(event),
  })
  const lines = attach === undefined ? undefined : new Lines(terminal.stdin)
  let interrupted = false
  const onInterrupt = (): void => {
    if (interrupted) process.exit(EXIT.interrupted)
    interrupted = true
    // Everything that waits for the remote ends with it.
    void rproc.shutdown().then(() => lines?.close())
  }
  process.on('SIGINT', onInterrupt)
  let badLines = 0
  let channel: Channel | PersistentChannel | undefined
  try {
    reporter.loaded(rproc.image, rproc.resourceTable)
    options.recordings?.begin(rproc.image)
    await rproc.boot()
    if (gdb !== undefined) terminal.stderr.write(`${gdbHint(gdb, rproc.image.name)}\n`)
    if (duration !== undefined) limit(rproc, duration)
    if (attach !== undefined && lines !== undefined) {
      const persists = options.recovery || (gdb !== undefined && proxy === undefined)
      channel = persists
        ? await persistentChannel(rproc, attach, timeout)
        : await rproc.channel(attach, { timeout })
    }
    if (channel instanceof Channel && lines !== undefined && proxy !== undefined) {
      await runProxy({ rproc, channel, lines, reporter, choice: proxy })
    } else if (channel !== undefined && lines !== undefined) {
      if (terminal.stdin.isTTY) {
        reporter.hint(`connected to ${attach}: lines are sent as you type them, Ctrl-D ends`)
      }
      await runConsole({
        rproc,
        channel,
        lines,
        reporter,
        hex,
        onBadLine: (error) => {
          badLines++
          terminal.stderr.write(`openamp: ${printable(error.message)}\n`)
        },
      })
    } else {
      if (options.listed && gdb === undefined) await listChannels(rproc, timeout, reporter)
      if (options.trace || !options.listed || gdb !== undefined) await untilEnd(rproc)
    }
    const last = channel instanceof PersistentChannel ? channel.current : channel
    const byMessage = last?.name === DEMO_CHANNEL && !last.closed
    await rproc.shutdown(byMessage && last ? { channel: last } : {})
  } catch (error) {
    if (interrupted) return EXIT.interrupted
    if (isOpenampError(error, 'ERR_IDLE') || isOpenampError(error, 'ERR_TIMEOUT')) {
      for (const line of rproc.diagnose()) reporter.hint(`  ${line}`)
    }
    // The crash was told as it happened.
    if (isOpenampError(error, 'ERR_CRASHED')) return EXIT.crashed
    // What ended on purpose (by itself, or because --duration had passed) is no error.
    if (isOpenampError(error, 'ERR_STOPPED')) return badLines > 0 ? EXIT.usage : EXIT.done
    throw error
  } finally {
    process.off('SIGINT', onInterrupt)
    lines?.close()
    await rproc.deinit()
    options.recordings?.finish()
  }
  if (interrupted) return EXIT.interrupted
  return badLines > 0 ? EXIT.usage : EXIT.done
}

function makeReporter({ json, trace, hex, attach }: RunOptions, terminal: Terminal): Reporter {
  const { stdout, stderr, env } = terminal
  const out = (line: string): void => {
    stdout.write(`${line}\n`)
  }
  if (json) return new JsonReporter(out, trace)
  const attached = attach !== undefined
  // With a console on standard output, only messages go there.
  const statusStream = attached ? stderr : stdout
  return new TextReporter({
    out,
    status: (line) => {
      statusStream.write(`${line}\n`)
    },
    paint: paintFor(statusStream, env),
    followTrace: trace,
    hex,
    output: remoteOutput(terminal),
    raw: stdout.isTTY
      ? undefined
      : (message) => {
          stdout.write(message)
          stdout.write('\n')
        },
  })
}

function gdbHint({ port, waits }: GdbListener, image: string): string {
  const state = waits ? 'stands before its first instruction' : 'runs'
  return `the remote ${state}; to debug it: gdb-multiarch ${printable(image)} -ex "target extended-remote :${port}"`
}

/** The channel, whatever number of lives it takes the remote to announce it. */
async function persistentChannel(
  rproc: Remoteproc,
  name: string,
  timeout: number,
): Promise<PersistentChannel> {
  for (;;) {
    try {
      return await rproc.channel(name, { timeout, persist: true })
    } catch (error) {
      if (!isOpenampError(error, 'ERR_CRASHED')) throw error
      // Throws the same where nobody brings the remote back.
      await rproc.whenRunning()
    }
  }
}

async function listChannels(rproc: Remoteproc, timeout: number, reporter: Reporter): Promise<void> {
  await rproc.whenAnnounced({ timeout })
  for (let before = -1; before !== rproc.announcements.length; ) {
    before = rproc.announcements.length
    await rproc.sleep(ANNOUNCEMENTS_QUIET)
  }
  reporter.channels(rproc.announcements)
  const [first] = rproc.announcements
  if (first !== undefined) {
    reporter.hint(`\nto talk to it, add --attach ${printable(first.name)}\n`)
  }
}

/** Lets the remote run until it ends, or until it has nothing left to do. */
async function untilEnd(rproc: Remoteproc): Promise<void> {
  for (;;) {
    try {
      await rproc.whenStopped()
      return
    } catch (error) {
      if (isOpenampError(error, 'ERR_IDLE')) return
      if (!isOpenampError(error, 'ERR_CRASHED')) throw error
      // Throws the same where nobody brings the remote back.
      await rproc.whenRunning()
    }
  }
}

function limit(rproc: Remoteproc, milliseconds: number): void {
  rproc.sleep(milliseconds).then(
    () => rproc.shutdown(),
    // It ended before, which is told elsewhere.
    (error: unknown) => {
      if (!(error instanceof OpenampError)) throw error
    },
  )
}
