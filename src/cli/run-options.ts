import { parseArgs } from 'node:util'
import { OpenampError } from '../base/errors.js'
import { emulated } from '../machines/index.js'
import { qemuMachines } from '../machines/qemu/index.js'
import { coredumpFile, type GdbListener } from '../node.js'
import { RETARGET_CHANNEL } from '../proxy/index.js'
import type { RecoveryPolicy, RemoteprocOptions } from '../remoteproc/index.js'
import { boardOption } from './board-option.js'
import {
  chosenDebugger,
  chosenRecordings,
  debugHelp,
  debugOptions,
  severalDebuggers,
  withoutGaps,
} from './debug-options.js'
import { flavourOptions } from './flavour.js'
import { chosenImage, devmemRange, imageHelp, imageOptions } from './image-options.js'
import { machineOption } from './machine-option.js'
import { numberOf, positional } from './options.js'
import { type ProxyChoice, proxyChoice } from './proxy.js'
import type { Recordings } from './recordings.js'
import type { Terminal } from './terminal.js'

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
  --recovery-attempts N     likewise, and give it up after N crashes in a row
  --coredump FILE           write memory and registers of a crash into FILE, for gdb
  --watchdog MS             a crash, too: so long without sleep (wfi), in the remote's time
  --heartbeat MS            a crash, too: so long without an answer on channel openamp-heartbeat
  --json                    one JSON object a line, deterministic: same inputs, same bytes
  --interpret               compile no code: every instruction is interpreted, with the same result
  --worker                  run the core in a thread of its own (not with --json)
${debugHelp}
${imageHelp}
  --no-resource-table       boot an image that has none (and then no channels)
  --devmem ADDRESS+BYTES    device memory that the resource table may ask for; several times if need be
  --flavour NAME            what the remote is like: openamp, or rpmsg-lite (no resource table; its
                            rings and buffers lie where --layout says)
  --layout KEY=N,...        with --flavour rpmsg-lite: base (0x18000000), count (16), align (0x1000),
                            vring-size (0x8000), buffer-size (512), link (0)
  --board NAME|FILE.json    the board; openamp boards lists them (the first that runs such images)
  --ram MIB                 size of the board's memory "ram" in MiB
  --machine linux:WHICH     a remote processor of this machine instead of an emulated board (openamp
                            list); --json is not deterministic then
  --machine qemu:NAME       a machine of QEMU's: ${Object.keys(qemuMachines).join(', ')};
                            likewise

exit codes: 0 done, 1 the remote crashed, 2 usage, 3 the image is not acceptable,
4 timed out or idle for ever, 130 interrupted`

/** What `openamp run` was asked to do. */
export interface RunOptions {
  readonly remote: RemoteprocOptions
  /** The channel that is talked to; undefined lists the channels. */
  readonly attach: string | undefined
  readonly proxy: ProxyChoice | undefined
  readonly hex: boolean
  readonly trace: boolean
  readonly json: boolean
  /** The channel is to come back after a crash. */
  readonly recovery: boolean
  /** Milliseconds. */
  readonly timeout: number
  readonly duration: number | undefined
  /** The image may announce channels. */
  readonly listed: boolean
  /** What GDB connects to: to be closed. */
  readonly gdb: GdbListener | undefined
  /** What is recorded of the run, and written at its end. */
  readonly recordings: Recordings | undefined
}

/** Reads the command line. @throws ERR_USAGE */
export async function runOptions(args: readonly string[], terminal: Terminal): Promise<RunOptions> {
  const { values, positionals } = parseArgs({
    args: withoutGaps(args),
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
      interpret: { type: 'boolean', default: false },
      recovery: { type: 'boolean', default: false },
      'recovery-attempts': { type: 'string' },
      coredump: { type: 'string' },
      watchdog: { type: 'string' },
      heartbeat: { type: 'string' },
      ...debugOptions,
      ...imageOptions,
      'no-resource-table': { type: 'boolean', default: false },
      devmem: { type: 'string', multiple: true },
      flavour: { type: 'string', default: 'openamp' },
      layout: { type: 'string' },
      board: { type: 'string' },
      ram: { type: 'string' },
      machine: { type: 'string', default: 'emulated' },
      debug: { type: 'boolean', default: false },
    },
  })
  const path = positional(positionals, 'FIRMWARE.elf', 'run')
  const timeout = numberOf(values.timeout, '--timeout', { above: 0 }) * 1000
  const duration =
    values.duration === undefined
      ? undefined
      : numberOf(values.duration, '--duration', { above: 0 }) * 1000
  const ramSize =
    values.ram === undefined
      ? undefined
      : numberOf(values.ram, '--ram', { above: 0, atMost: 1024, whole: true }) * 2 ** 20
  const board = values.board === undefined ? undefined : await boardOption(values.board)
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
  const flavour = flavourOptions(values.flavour, values.layout, board)
  if (resourceTable !== undefined && flavour.resourceTable !== undefined) {
    throw new OpenampError(
      'ERR_USAGE',
      `--flavour ${values.flavour} brings a resource table; see openamp run --help`,
    )
  }

  const recovery = recoveryPolicy(values.recovery, values['recovery-attempts'])
  if (recovery !== 'disabled' && values['proxy-root'] !== undefined) {
    throw new OpenampError(
      'ERR_USAGE',
      '--recovery and --proxy-root exclude each other: files that were open are lost with a crash',
    )
  }
  const machine = machineOption(values.machine, values)
  const proxy = await proxyChoice(values)
  const attach = values.attach ?? (proxy === undefined ? undefined : RETARGET_CHANNEL)
  const { hex, trace, json } = values
  const gdb = await chosenDebugger(values)
  const recordings = chosenRecordings(values, terminal)
  const remote: RemoteprocOptions = {
    firmware: store,
    format,
    devmem: values.devmem?.map(devmemRange),
    machine:
      machine ??
      emulated({
        deterministic: values.json,
        ...(board === undefined ? {} : { board }),
        ...(ramSize === undefined ? {} : { ramSize }),
        worker: values.worker,
        compile: !values.interpret,
        debug: severalDebuggers([gdb, recordings]),
        ...(watchdog === undefined ? {} : { watchdog }),
      }),
    recovery,
    ...(values.coredump === undefined ? {} : { coredump: coredumpFile(values.coredump) }),
    ...(within === undefined ? {} : { heartbeat: { within } }),
    ...flavour,
    ...(resourceTable === undefined ? {} : { resourceTable }),
  }
  const listed = resourceTable !== 'none'
  return {
    remote,
    attach,
    proxy,
    hex,
    trace,
    json,
    recovery: recovery !== 'disabled',
    timeout,
    duration,
    listed,
    gdb,
    recordings,
  }
}

function recoveryPolicy(wanted: boolean, attempts: string | undefined): RecoveryPolicy {
  if (attempts === undefined) return wanted ? 'enabled' : 'disabled'
  return { attempts: numberOf(attempts, '--recovery-attempts', { atLeast: 1, whole: true }) }
}
