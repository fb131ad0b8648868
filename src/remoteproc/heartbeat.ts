import { OpenampError } from '../base/errors.js'
import { checkDelay } from '../base/waits.js'
import type { Channel, RpmsgDevice } from '../rpmsg/index.js'
import type { Processor } from './machine.js'

/** The channel on which `firmware/lib` and `openamp/remote` answer a heartbeat. */
export const HEARTBEAT_CHANNEL = 'openamp-heartbeat'

/**
 * By what a remote shows that it is alive. Either it announces a channel on which it sends every
 * message back: from then on the host sends a 4-byte counter there every `within` milliseconds. Or
 * something that the host can look at changes at least so often: a counter in shared memory, say.
 */
export interface HeartbeatOptions {
  /**
   * Milliseconds of the machine's clock. A remote that shows no life for one whole period has
   * crashed, so it is noticed after one to two of them; a host that was itself held up for half of one
   * looks again after another. While a remote sleeps in the deterministic
   * mode its clock stands still, and the heartbeat with it.
   */
  readonly within: number
  /** The channel of the first kind; 'openamp-heartbeat' unless given. */
  readonly channel?: string
  /** The second kind: its value must have changed at the end of each period. */
  readonly progress?: () => unknown
}

/** A look that is so much of a period late does not judge. */
const LATE = 0.5

/** @throws ERR_USAGE for a period that is no number of milliseconds above 0 */
export function checkHeartbeat({ within }: HeartbeatOptions): void {
  checkDelay(within)
  if (within > 0) return
  throw new OpenampError('ERR_USAGE', `heartbeat: within ${within} ms is not above 0`)
}

/**
 * Watches one life of a remote.
 * @param dead told once, with what was missing
 * @returns ends the watch
 */
export function startHeartbeat(
  options: HeartbeatOptions,
  { clock }: Pick<Processor, 'clock'>,
  devices: readonly RpmsgDevice[],
  dead: (reason: string) => void,
): () => void {
  const { within, channel: name = HEARTBEAT_CHANNEL, progress } = options
  let ended = false
  let cancelTimer = (): void => {}
  const unobserves: (() => void)[] = []
  const end = (): void => {
    ended = true
    cancelTimer()
    for (const unobserve of unobserves) unobserve()
  }
  const eachPeriod = (alive: () => boolean, missing: string): void => {
    const look = (due: number): void => {
      // A host that comes late has been held up itself, and may not have heard yet what the remote has said.
      const late = clock.now() - due > LATE * within * 1e6
      if (alive() || late) {
        arm()
        return
      }
      end()
      dead(`${missing} within ${within} ms`)
    }
    // A deadline, for it is nothing that an idle machine's clock should move on to.
    const arm = (): void => {
      const due = clock.now() + within * 1e6
      cancelTimer()
      cancelTimer = clock.after(within, 'deadline', () => look(due))
    }
    arm()
  }
  if (progress !== undefined) {
    let last = progress()
    eachPeriod(() => {
      const before = last
      last = progress()
      return last !== before
    }, 'heartbeat: no progress')
    return end
  }
  const ping = (channel: Channel): void => {
    if (ended || channel.closed) return
    const beat = new Beat(channel)
    eachPeriod(() => channel.closed || beat.next(), `heartbeat: no answer on ${name}`)
  }
  for (const device of devices) {
    // Bound where it is announced, so nobody waits and an idle remote is not asked for it.
    const bind = (announced: string): void => {
      if (announced === name) device.channel(name).then(ping, () => {})
    }
    unobserves.push(device.events.observe((e) => e.type === 'announced' && bind(e.name)))
    if (device.announcements.some((a) => a.name === name)) bind(name)
  }
  return end
}

/** A counter that goes to the remote and is to come back. */
class Beat {
  readonly #channel: Channel
  #count = 0
  #answered = false

  constructor(channel: Channel) {
    this.#channel = channel
    channel.onMessage(({ data }) => {
      const sent = this.#bytes()
      if (sent.length === data.length && sent.every((byte, i) => byte === data[i])) {
        this.#answered = true
      }
    })
    this.#send()
  }

  /** @returns whether the last count has come back; sends the next one */
  next(): boolean {
    if (!this.#answered) return false
    this.#count = (this.#count + 1) >>> 0
    this.#answered = false
    this.#send()
    return true
  }

  #send(): void {
    // A ring that stays full for a whole period is a remote that takes nothing any more.
    this.#channel.trySend(this.#bytes())
  }

  #bytes(): Uint8Array {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setUint32(0, this.#count, true)
    return bytes
  }
}
