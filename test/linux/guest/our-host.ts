import { type Channel, Remoteproc, type RemoteprocOptions } from '../../../dist/index.js'
import { file } from '../../../dist/node.js'
import type { Host, Line } from './conversations.js'

/** A program of this library's with an image, wherever the remote lives. */
export class OurHost implements Host {
  readonly #rproc: Remoteproc
  #trace = ''

  private constructor(rproc: Remoteproc) {
    this.#rproc = rproc
    rproc.events.observe((event) => {
      if (event.type === 'trace') this.#trace += event.text
    })
  }

  /** @param images the folder of the images */
  static async boot(
    images: string,
    image: string,
    machine: RemoteprocOptions['machine'],
  ): Promise<OurHost> {
    const rproc = await Remoteproc.init({
      firmware: file(`${images}/${image}.elf`),
      machine,
      ...(image === 'rpmsg-lite' ? { resourceTable: 'none' } : {}),
    })
    const host = new OurHost(rproc)
    await rproc.boot()
    return host
  }

  async channel(name: string): Promise<Line> {
    return new OurLine(await this.#rproc.channel(name))
  }

  announced(): readonly string[] {
    return this.#rproc.announcements.map(({ name }) => name).sort()
  }

  async traced(text: string): Promise<void> {
    while (!this.#trace.includes(text)) await this.#rproc.sleep(1)
  }

  async end(): Promise<void> {
    await this.#rproc.deinit()
  }
}

class OurLine implements Line {
  readonly #channel: Channel

  constructor(channel: Channel) {
    this.#channel = channel
  }

  send(data: Uint8Array | string): Promise<void> {
    return this.#channel.send(data)
  }

  async receive(): Promise<Uint8Array> {
    return (await this.#channel.receive()).data
  }
}
