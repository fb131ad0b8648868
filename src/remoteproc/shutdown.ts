import type { Waits } from '../base/waits.js'
import type { Channel } from '../rpmsg/index.js'
import type { Processor } from './machine.js'

/** The message that ends OpenAMP's echo test, and its answer: this word, little endian. */
export const SHUTDOWN_MESSAGE = 0xef56a55a

export interface ShutdownOptions {
  /**
   * Milliseconds of the machine's time within which the remote may end itself before it is reset;
   * 500 unless given, 0 resets at once.
   */
  readonly deadline?: number
  /**
   * A channel on which the remote understands OpenAMP's shutdown message, as its demos do on
   * `rpmsg-openamp-demo-channel`. Without it the machine's own request is used, where it has one.
   */
  readonly channel?: Channel
}

/**
 * A graceful shutdown may take this many milliseconds of the machine's time unless it is told: as long as
 * Linux gives an STM32's remote (drivers/remoteproc/stm32_rproc.c, mailbox "shutdown").
 */
const SHUTDOWN_DEADLINE = 500

/**
 * Asks the remote to come to an end, over the given channel or through the machine.
 * @param onAcknowledged is given what is to be called with the machine's answer
 * @returns whether the remote has answered before the deadline
 */
export async function askToEnd(
  processor: Pick<Processor, 'requestShutdown'>,
  waits: Waits,
  { channel, deadline = SHUTDOWN_DEADLINE }: ShutdownOptions,
  onAcknowledged: (acknowledged: () => void) => void,
): Promise<boolean> {
  if (deadline === 0) return false
  if (channel !== undefined && !channel.closed) return shutdownByMessage(channel, waits, deadline)
  const wait = waits.add<void>('shutdown', 'answer to the shutdown request', { timeout: deadline })
  onAcknowledged(() => wait.resolve())
  processor.requestShutdown()
  return wait.promise.then(
    () => true,
    () => false,
  )
}

/** The four bytes of the shutdown message. */
export function shutdownMessage(): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, SHUTDOWN_MESSAGE, true)
  return bytes
}

function isShutdownMessage(data: Uint8Array): boolean {
  const word = shutdownMessage()
  return data.length === word.length && word.every((byte, i) => data[i] === byte)
}

/**
 * Sends the shutdown message and waits for the remote's answer: the same word back, or the end of
 * the channel.
 * @returns whether the remote has answered within `timeout` milliseconds
 */
async function shutdownByMessage(
  channel: Channel,
  waits: Waits,
  timeout: number,
): Promise<boolean> {
  const wait = waits.add<boolean>('shutdown', 'answer to the shutdown message', { timeout })
  const answered = wait.promise.catch(() => false)
  channel.intercept({
    message: (message) => {
      if (!isShutdownMessage(message.data)) return false
      wait.resolve(true)
      return true
    },
    ended: () => wait.resolve(true),
  })
  try {
    await channel.send(shutdownMessage(), { timeout })
  } catch (error) {
    wait.reject(error instanceof Error ? error : new Error(String(error)))
  }
  return answered
}
