import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { emulated } from '../../machines/index.js'
import { coredumpFile } from '../../node.js'
import { Remoteproc } from '../../remoteproc/index.js'
import { type Demo, demoImage, stageReporter } from './demo.js'

export const fault: Demo = {
  name: 'fault',
  summary:
    'a crash with its reason, a core file of it, the recovery, and the channel that comes back',
  run: async ({ say, step, paint }) => {
    const folder = await mkdtemp(join(tmpdir(), 'openamp-'))
    const core = join(folder, 'crash.core')
    const reporter = stageReporter({ say, step, paint })
    const rproc = await Remoteproc.init({
      firmware: demoImage('crash'),
      machine: emulated({ watchdog: 20 }),
      recovery: { delay: 50 },
      coredump: coredumpFile(core),
      observer: (event) => reporter.event(event),
    })
    try {
      step('a remote, and a channel that shall outlive its crashes')
      await rproc.boot()
      const channel = await rproc.channel('crash', { persist: true })
      const ask = async (text: string): Promise<void> => {
        await channel.send(text)
        say(`  "${text}" comes back: "${(await channel.receive()).text()}"`)
      }
      await ask('hello')
      /** What is sent behind such a message would be lost with that life. */
      const end = async (text: string): Promise<void> => {
        await channel.send(text)
        await new Promise<void>((resolve) => {
          const unobserve = rproc.events.observe(({ type }) => {
            if (type !== 'recovering') return
            unobserve()
            resolve()
          })
        })
      }

      step('it reads from an address where nothing is')
      await end('load')
      await ask('hello again')

      step('it hangs: the watchdog of the machine has seen no sleep for 20 ms')
      await end('hang')
      await ask('and again')
    } finally {
      await rproc.deinit()
    }
    step('what is left: a core file with memory and registers of the last crash')
    say(`  ${Math.round((await stat(core)).size / 2 ** 20)} MiB, an ELF core for readelf and gdb`)
    say(
      '  npx openamp run firmware/images/crash.elf --attach crash --recovery --coredump crash.core',
    )
    say('  gdb-multiarch firmware/images/crash.elf crash.core  (type: backtrace)')
    await rm(folder, { recursive: true })
  },
}
