import { parseArgs } from 'node:util'
import { isOpenampError, OpenampError } from '../../base/errors.js'
import { printable } from '../../firmware/index.js'
import { emulated } from '../../machines/index.js'
import { coredumpFile } from '../../node.js'
import { RETARGET_CHANNEL } from '../../proxy/index.js'
import { PersistentChannel, Remoteproc, type RemoteprocOptions } from '../../remoteproc/index.js'
import { Channel } from '../../rpmsg/index.js'
import { runConsole } from '../console.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { chosenImage, devmemRange, imageHelp, imageOptions } from '../image-options.js'
import { Lines } from '../input.js'
import { numberOf, positional } from '../options.js'
import { profileOptions } from '../profile.js'
import { proxyChoice, remoteOutput, runProxy } from '../proxy.js'
import { JsonReporter, type Reporter, TextReporter } from '../reporter.js'
import { paintFor, type Terminal } from '../terminal.js'

export const runHelp = `usage: openamp run FIRMWARE.elf [options]

Boots an image on an emulated core, waits for its announcements, lists its channels. The name - is
standard input.

  --attach NAME             a console on channel NAME: lines of standard input are sent, messages
                            printed; Ctrl-D sends the rest and shuts the remote down in order
  --proxy-root DIR          serve the files below DIR, and the console, to the remote: on the channel of
                            --attach, or on rpmsg-openamp-demo-channel
  --proxy-read-only         it may change none of them
  --proxy-libc NAME         whose open flags the remote uses: linux (default) or newlib
  --hex                     lines and messages are bytes in hexadecimal
  --trace                   follow the remote's trace buffer until it ends or falls idle (or Ctrl-C)
  --timeout SECONDS         bounds the wait for the first announcement (10)
  --duration SECONDS        ends the run after so long, where nothing else does
  --recovery                boot the remote again when it has crashed, at growing intervals
  --coredump FILE           write memory and registers of a crash into FILE, for gdb
  --watchdog MS             a crash, too: so long without sleep (wfi), in the remote's time
  --heartbeat MS            a crash, too: so long without an answer on channel openamp-heartbeat
  --json                    one JSON object a line, deterministic: same inputs, same bytes
  --worker                  run the core in a thread of its own (not with --json)
${imageHelp}
  --no-resource-table       boot an image that has none (and then no channels)
  --devmem ADDRESS+BYTES    device memory that the resource table may ask for; several times if need be
  --profile NAME            what the remote is like: openamp, or rpmsg-lite (no resource table; its
                            rings and buffers lie where --layout says)
  --layout KEY=N,...        with --profile rpmsg-lite: base (0x18000000), count (16), align (0x1000),
                            vring-size (0x8000), buffer-size (512), link (0)
  --ram MIB                 RAM of the board in MiB (32)

exit codes: 0 done, 1 the remote crashed, 2 usage, 3 the image is not acceptable,
4 timed out or idle for ever, 130 interrupted`

/** The channel of OpenAMP's demos, which end on the shutdown message. */
const DEMO_CHANNEL = 'rpmsg-openamp-demo-channel'
/** After the last announcement others may follow for so long, ms. */
const ANNOUNCEMENTS_QUIET = 20

export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      attach: { type: 'string' },
      hex: { type: 'boolean', default: false },
      'proxy-root': { type: 'string' },
      'proxy-read-only': { type: 'boolean', default: false },
      'proxy-libc': { type: 'string', default: 'linux' },
      trace: { type: 'boolean', default: false },
      timeout: { type: 'string', default: '10' },
      duration: { type: 'string' },
      json: { type: 'boolean', default: false },
      worker: { type: 'boolean', default: false },
      recovery: { type: 'boolean', default: false },
      coredump: { type: 'string' },
      watchdog: { type: 'string' },
      heartbeat: { type: 'string' },
      ...imageOptions,
      'no-resource-table': { type: 'boolean', default: false },
      devmem: { type: 'string', multiple: true },
      profile: { type: 'string', default: 'openamp' },
      layout: { type: 'string' },
      ram: { type: 'string', default: '32' },
      debug: { type: 'boolean', default: false },
    },
  })
  const path = positional(positionals, 'FIRMWARE.elf', 'run')
  const timeout = numberOf(values.timeout, '--timeout', { above: 0 }) * 1000
  const duration =
    values.duration === undefined
      ? undefined
      : numberOf(values.duration, '--duration', { above: 0 }) * 1000
  const ramSize = numberOf(values.ram, '--ram', { above: 0, atMost: 1024, whole: true }) * 2 ** 20
  const { store, format, table } = chosenImage(path, values, terminal)
  if (path === '-' && values.attach !== undefined) {
    throw new OpenampError(
      'ERR_USAGE',
      'the image - and the console of --attach both want standard input',
    )
  }
  if (table !== undefined && values['no-resource-table']) {
    throw new OpenampError(
      'ERR_USAGE',
      '--resource-table and --no-resource-table exclude each other; see openamp run --help',
    )
  }
  const resourceTable: RemoteprocOptions['resourceTable'] = values['no-resource-table']
    ? 'none'
    : table === undefined
      ? undefined
      : { address: table }

  const milliseconds = (text: string | undefined, option: string): number | undefined =>
    text === undefined ? undefined : numberOf(text, option, { above: 0 })
  const watchdog = milliseconds(values.watchdog, '--watchdog')
  const within = milliseconds(values.heartbeat, '--heartbeat')
  const profile = profileOptions(values.profile, values.layout)
  if (resourceTable !== undefined && profile.resourceTable !== undefined) {
    throw new OpenampError(
      'ERR_USAGE',
      `--profile ${values.profile} brings a resource table; see openamp run --help`,
    )
  }

  if (values.recovery && values['proxy-root'] !== undefined) {
    throw new OpenampError(
      'ERR_USAGE',
      '--recovery and --proxy-root exclude each other: files that were open are lost with a crash',
    )
  }
  const proxy = await proxyChoice(values)
  const attach = values.attach ?? (proxy === undefined ? undefined : RETARGET_CHANNEL)
  const reporter = makeReporter({ ...values, attach }, terminal)
  const rproc = await Remoteproc.init({
    firmware: store,
    format,
    devmem: values.devmem?.map(devmemRange),
    machine: emulated({
      deterministic: values.json,
      ramSize,
      worker: values.worker,
      ...(watchdog === undefined ? {} : { watchdog }),
    }),
    recovery: values.recovery ? 'enabled' : 'disabled',
    ...(values.coredump === undefined ? {} : { coredump: coredumpFile(values.coredump) }),
    ...(within === undefined ? {} : { heartbeat: { within } }),
    ...profile,
    ...(resourceTable === undefined ? {} : { resourceTable }),
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
    await rproc.boot()
    if (duration !== undefined) limit(rproc, duration)
    if (attach !== undefined && lines !== undefined) {
      channel = values.recovery
        ? await rproc.channel(attach, { timeout, persist: true })
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
        hex: values.hex,
        onBadLine: (error) => {
          badLines++
          terminal.stderr.write(`openamp: ${printable(error.message)}\n`)
        },
      })
    } else {
      if (resourceTable !== 'none') {
        await listChannels(rproc, timeout, reporter)
      }
      if (values.trace || resourceTable === 'none') await untilEnd(rproc)
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
  }
  if (interrupted) return EXIT.interrupted
  return badLines > 0 ? EXIT.usage : EXIT.done
}

function makeReporter(
  values: { readonly json: boolean; readonly trace: boolean; readonly hex: boolean } & {
    readonly attach?: string | undefined
  },
  terminal: Terminal,
): Reporter {
  const { stdout, stderr, env } = terminal
  const out = (line: string): void => {
    stdout.write(`${line}\n`)
  }
  if (values.json) return new JsonReporter(out, values.trace)
  const attached = values.attach !== undefined
  // With a console on standard output, only messages go there.
  const statusStream = attached ? stderr : stdout
  return new TextReporter({
    out,
    status: (line) => {
      statusStream.write(`${line}\n`)
    },
    paint: paintFor(statusStream, env),
    followTrace: values.trace,
    hex: values.hex,
    output: remoteOutput(terminal),
    raw: stdout.isTTY
      ? undefined
      : (message) => {
          stdout.write(message)
          stdout.write('\n')
        },
  })
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
