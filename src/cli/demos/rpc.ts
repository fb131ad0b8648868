import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { printable } from '../../firmware/index.js'
import { emulated } from '../../machines/index.js'
import { folder } from '../../node.js'
import { type ProxyEvent, ProxyServer, RETARGET_CHANNEL } from '../../proxy/index.js'
import { Remoteproc } from '../../remoteproc/index.js'
import { LineBuffer } from '../terminal.js'
import { type Demo, demoImage, type Stage } from './demo.js'

export const rpc: Demo = {
  name: 'rpc',
  summary: "a remote works with the host's files and console: open, write, read, print, input",
  run: async (stage) => {
    const root = await mkdtemp(join(tmpdir(), 'openamp-demo-'))
    try {
      await session(stage, root)
    } finally {
      await rm(root, { recursive: true })
    }
    stage.say()
    stage.say(stage.paint.bold('Try next'))
    stage.say(
      '  npx openamp run firmware/images/rpc.elf --proxy-root "$(mktemp -d)"  (type your name)',
    )
  },
}

async function session({ say, step, paint }: Stage, root: string): Promise<void> {
  const printed = new LineBuffer()
  const observer = (event: ProxyEvent): void => {
    switch (event.type) {
      case 'output':
        for (const line of printed.push(new TextDecoder().decode(event.data))) {
          say(`  ${paint.dim('remote │')} ${printable(line)}`)
        }
        return
      case 'opened':
      case 'closed':
        say(`  ${paint.dim('host   │')} ${event.type} ${printable(event.path)}`)
        return
      case 'refused':
        say(`  ${paint.dim('host   │')} refused ${event.call} of ${event.what}: ${event.errno}`)
        return
      case 'input':
        say(`  ${paint.dim('host   │')} types "Ada"`)
        return
      case 'malformed':
        say(`  ${paint.dim('host   │')} was sent what is no call`)
    }
  }

  step('boot: the remote announces its channel, and waits until the host is bound to it')
  const rproc = await Remoteproc.init({ firmware: demoImage('rpc'), machine: emulated() })
  try {
    await rproc.boot()
    const channel = await rproc.channel(RETARGET_CHANNEL)
    say(`  ${channel.name}`)

    step('the host serves one folder and the console; what happens now the remote decides')
    const server = ProxyServer.serve(channel, {
      files: await folder(root),
      input: async () => 'Ada\n',
      admit: (input) => rproc.admit(input),
      observer,
    })
    say(`  the session was ${await server.whenEnded()} by the remote`)

    step('what the remote has left behind in the folder')
    say(`  remote.file: ${printable((await readFile(join(root, 'remote.file'), 'utf8')).trim())}`)

    step('shutdown')
    await rproc.shutdown()
  } finally {
    await rproc.deinit()
  }
  say(`  state: ${rproc.state}`)
}
