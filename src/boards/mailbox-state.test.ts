import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { transformSync } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { MAILBOX_WORDS, MailboxHost, MailboxState } from './mailbox-state.js'

function makeMailbox(): { readonly host: MailboxHost; readonly remote: MailboxState } {
  const words = new Int32Array(MAILBOX_WORDS)
  return { host: new MailboxHost(words), remote: new MailboxState(words) }
}

describe('the mailbox', () => {
  it('remembers a kick on an occupied channel, once, until the remote clears it', () => {
    const { host, remote } = makeMailbox()
    expect(host.set(0b11)).toBe(0)
    expect(host.set(0b01)).toBe(0b01)
    expect(host.set(0b01)).toBe(0b01)
    remote.clearByRemote(0b11)
    expect(remote.towardsRemote).toBe(0b01)
    remote.clearByRemote(0b01)
    expect(remote.towardsRemote).toBe(0)
  })

  it('has six channels and ignores the bits above them', () => {
    const { host, remote } = makeMailbox()
    host.set(-1)
    expect(host.occupied()).toBe(0x3f)
    remote.clearByRemote(-1)
    expect(host.occupied()).toBe(0)
    expect(remote.kickHost(-1)).toBe(0)
    expect(host.received()).toBe(0x3f)
  })

  it('forgets everything in a reset', () => {
    const { host, remote } = makeMailbox()
    host.set(1)
    host.set(1)
    remote.kickHost(1)
    host.reset()
    remote.clearByRemote(1)
    expect([host.occupied(), host.received()]).toEqual([0, 0])
  })

  it('loses no kick between two threads', async () => {
    const words = new Int32Array(new SharedArrayBuffer(4 * MAILBOX_WORDS))
    const work = new Int32Array(new SharedArrayBuffer(8))
    const [DONE, SEEN] = [0, 1]
    const host = new MailboxHost(words)
    // The remote looks at the work only after it has found its channel occupied, and says what it
    // has seen before it clears the channel: the host's next kick comes in the midst of that.
    const { code } = transformSync(readFileSync(new URL('mailbox-state.ts', import.meta.url)), {
      loader: 'ts',
    })
    const source = `${code}
      import { workerData } from 'node:worker_threads'
      const { words, work } = workerData
      const remote = new MailboxState(words)
      for (let seen = 0; seen >= 0; ) {
        if (!(remote.towardsRemote & 1)) continue
        seen = Atomics.load(work, ${DONE})
        Atomics.store(work, ${SEEN}, seen)
        remote.clearByRemote(1)
      }`
    const remote = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
      workerData: { words, work },
    })
    await new Promise((resolve) => remote.once('online', resolve))
    const enough = Date.now() + 1000
    let round = 0
    while (Date.now() < enough && Atomics.load(work, SEEN) === round) {
      Atomics.store(work, DONE, ++round)
      host.set(1)
      const giveUp = Date.now() + 10_000
      while (Atomics.load(work, SEEN) !== round && Date.now() < giveUp) {}
    }
    expect(Atomics.load(work, SEEN)).toBe(round)
    expect(round).toBeGreaterThan(0)
    await remote.terminate()
  }, 30_000)
})
