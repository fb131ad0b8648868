import { OpenampError } from '../base/errors.js'
import { folder } from '../node.js'
import { type Files, type Libc, ProxyServer } from '../proxy/index.js'
import type { Remoteproc } from '../remoteproc/index.js'
import type { Channel } from '../rpmsg/index.js'
import type { Lines } from './input.js'
import type { Reporter } from './reporter.js'
import { harmless, type Terminal } from './terminal.js'

/** What `--proxy-root` and its companions say. */
export interface ProxyChoice {
  readonly files: Files
  readonly libc: Libc
}

/** @throws ERR_USAGE where the folder cannot be served, or the C library is not known */
export async function proxyChoice(values: {
  readonly 'proxy-root'?: string | undefined
  readonly 'proxy-read-only': boolean
  readonly 'proxy-libc': string
}): Promise<ProxyChoice | undefined> {
  const root = values['proxy-root']
  if (root === undefined) return undefined
  const libc = values['proxy-libc']
  if (libc !== 'linux' && libc !== 'newlib') {
    throw new OpenampError('ERR_USAGE', `--proxy-libc: expected linux or newlib, found "${libc}"`)
  }
  return { files: await folder(root, { readOnly: values['proxy-read-only'] }), libc }
}

/**
 * Serves files and the console to the remote until it ends the session. Lines of standard input are
 * the remote's, each with its end. Throws what ends the remote before that.
 */
export async function runProxy(options: {
  readonly rproc: Remoteproc
  readonly channel: Channel
  readonly lines: Lines
  readonly reporter: Reporter
  readonly choice: ProxyChoice
}): Promise<void> {
  const { rproc, channel, lines, reporter, choice } = options
  const server = ProxyServer.serve(channel, {
    ...choice,
    input: async () => {
      const line = await lines.next()
      return line && Buffer.concat([line, Buffer.from('\n')])
    },
    admit: (input) => rproc.admit(input),
    observer: (event) => reporter.proxy(event, rproc.clock.now()),
  })
  await server.whenEnded()
}

/** Where what a remote prints goes: as it is, but on a terminal without what one would act on. */
export function remoteOutput({
  stdout,
  stderr,
}: Terminal): (descriptor: number, data: Uint8Array) => void {
  const decoders = { 1: new TextDecoder(), 2: new TextDecoder() }
  return (descriptor, data) => {
    const [stream, decoder] = descriptor === 2 ? [stderr, decoders[2]] : [stdout, decoders[1]]
    stream.write(stream.isTTY ? harmless(decoder.decode(data, { stream: true })) : data)
  }
}
