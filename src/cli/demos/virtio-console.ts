import { emulated, virtioConsole, virtioEntropy, virtioRpmsg } from '../../machines/index.js'
import { Remoteproc } from '../../remoteproc/index.js'
import { type Demo, demoImage, type Stage } from './demo.js'

export const virtioConsoleDemo: Demo = {
  name: 'virtio-console',
  summary:
    'virtio without a hypervisor: the remote drives a console, an entropy source and an RPMsg device',
  run,
}

/** The other end of the remote's console: shows whole lines, and knows when one has come. */
class Screen {
  readonly #show: (line: string) => void
  readonly #decoder = new TextDecoder()
  #rest = ''
  #lines = 0
  #wanted: { readonly lines: number; readonly reached: () => void } | undefined

  constructor(show: (line: string) => void) {
    this.#show = show
  }

  receive(bytes: Uint8Array): void {
    const [...lines] = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#show(line)
    this.#lines += lines.length
    if (this.#wanted !== undefined && this.#lines >= this.#wanted.lines) this.#wanted.reached()
  }

  /** Resolves once so many lines have come in all. */
  async lines(count: number): Promise<void> {
    if (this.#lines >= count) return
    await new Promise<void>((reached) => {
      this.#wanted = { lines: count, reached }
    })
  }
}

async function run({ say, step, paint }: Stage): Promise<void> {
  const screen = new Screen((line) => say(`  ${paint.green('remote')}  ${line}`))
  const terminal = virtioConsole({ received: (bytes) => screen.receive(bytes) })
  const rpmsg = virtioRpmsg({
    remote: async (device) => {
      const channel = device.announce('shout')
      for await (const message of channel) await channel.send(message.text().toUpperCase())
    },
  })

  step('boot: three virtio-mmio slots of the board have a device')
  const rproc = await Remoteproc.init({
    firmware: demoImage('virtio-console'),
    machine: emulated({ virtio: [terminal, virtioEntropy(), rpmsg] }),
    observer: (event) => {
      if (event.type === 'note') say(`  ${paint.yellow('note')}    ${event.text}`)
    },
  })
  try {
    await rproc.boot()
    let expected = 0
    const expect = async (lines: number): Promise<void> => {
      expected += lines
      // The remote may crash instead.
      await Promise.race([screen.lines(expected), rproc.whenStopped()])
    }
    const type = async (line: string, answers: number): Promise<void> => {
      say(`  ${paint.cyan('host')}    ${line}`)
      terminal.write(`${line}\n`)
      await expect(answers)
    }
    await expect(3)

    step('the console (device id 3): what is typed comes back')
    await type('hello, remote', 1)

    step('its size is configuration, with a generation that tells of a change')
    await type('size', 1)
    say(paint.dim('  the host makes it larger'))
    terminal.resize(132, 43)
    await expect(1)

    step('the entropy source (device id 4): bytes of the host’s')
    await type('entropy 16', 1)

    step(
      'RPMsg (device id 7), roles turned round: the board is the host, the remote is a function here',
    )
    await type('rpmsg can you hear me?', 1)

    step('a buffer that lies nowhere: the device says DEVICE_NEEDS_RESET, and the driver obeys')
    await type('lie', 1)
    await type('all is well again', 1)

    step('the remote powers itself off')
    await type('off', 1)
    await rproc.whenStopped()
  } finally {
    await rproc.deinit()
  }
  say(`  state: ${rproc.state}`)
}
