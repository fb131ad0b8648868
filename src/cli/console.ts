import { isOpenampError } from '../base/errors.js'
import type { Remoteproc } from '../remoteproc/index.js'
import type { Message, Payload } from '../rpmsg/index.js'
import { type Lines, parseHex } from './input.js'
import type { Reporter } from './reporter.js'

/** The fixed points of virtual time at which a line is admitted in the deterministic mode, ms. */
const ADMISSION_PERIOD = 1
/** Answers to the last lines are waited for until none has come for so long, ms. */
const QUIET = 100
/** …but not for ever, for some remotes never fall silent. */
const QUIET_ROUNDS = 10

const decoder = new TextDecoder()

/** What a console is on: a channel, or one that persists. */
export interface ConsoleChannel extends AsyncIterable<Message> {
  readonly name: string
  send(payload: Payload): Promise<void>
}

export interface ConsoleOptions {
  readonly rproc: Remoteproc
  readonly channel: ConsoleChannel
  readonly lines: Lines
  readonly reporter: Reporter
  readonly hex: boolean
  /** Told of a line that could not be sent; the console goes on. */
  readonly onBadLine: (error: Error) => void
}

/**
 * A console on a channel: lines are sent, messages printed, until the input ends and the remote has
 * answered what was sent. Throws what ends the remote before that.
 */
export async function runConsole(options: ConsoleOptions): Promise<void> {
  const { rproc, channel, reporter } = options
  let received = 0
  let ended = false
  const printing = (async () => {
    for await (const message of channel) {
      received++
      reporter.message(channel.name, message, rproc.clock.now())
    }
    ended = true
  })()
  const sending = (async () => {
    await sendLines(options, () => ended)
    for (let round = 0, before = -1; before !== received && round < QUIET_ROUNDS; round++) {
      before = received
      if (rproc.state !== 'stopped') await pause(rproc, QUIET)
    }
  })()
  // Printing ends first where the channel does: by its destruction, a crash, or an idle remote.
  await Promise.race([sending, printing.catch(onlyIdle).then(() => (ended ? undefined : sending))])
}

async function sendLines(options: ConsoleOptions, isEnded: () => boolean): Promise<void> {
  const { rproc, channel, lines, hex, onBadLine } = options
  const { deterministic } = rproc
  for (let number = 1; ; number++) {
    if (deterministic) await pause(rproc, ADMISSION_PERIOD)
    const line = await rproc.admit(lines.next())
    if (line === undefined || isEnded()) return
    try {
      await channel.send(hex ? parseHex(decoder.decode(line), number) : line)
    } catch (error) {
      const bad = isOpenampError(error, 'ERR_USAGE') || isOpenampError(error, 'ERR_MESSAGE_SIZE')
      if (!bad) throw error
      onBadLine(error)
    }
  }
}

/** Lets so many milliseconds pass; where the remote crashes meanwhile, until it is back. */
async function pause(rproc: Remoteproc, milliseconds: number): Promise<void> {
  try {
    await rproc.sleep(milliseconds)
  } catch (error) {
    if (!isOpenampError(error, 'ERR_CRASHED')) throw error
    await rproc.whenRunning()
  }
}

/** An idle remote has said all that it will say; that is no fault once the input has ended. */
function onlyIdle(error: unknown): void {
  if (!isOpenampError(error, 'ERR_IDLE')) throw error
}
