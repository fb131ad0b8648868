import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { Host, Line } from './conversations.js'
import { call, Messages, outcome, seen, setAttribute } from './kernel.js'
import { until } from './told.js'

const RPROC = '/sys/class/remoteproc/remoteproc0'
const DEBUG = '/sys/kernel/debug/remoteproc/remoteproc0'
const DEVICES = '/sys/bus/rpmsg/devices'
const COREDUMPS = '/sys/class/devcoredump'

/** `virtio0.NAME.-1.1024`: the device of an announced channel. */
const deviceName = /^virtio\d+\.(.*)\.-?\d+\.\d+$/
/** The kernel's own: `rpmsg_ctrl` and `rpmsg_ns` for each virtio device. */
const OWN = ['rpmsg_ctrl', 'rpmsg_ns']

/** The kernel as the host of a remote: `/sys/class/remoteproc/remoteproc0`. */
export class KernelHost implements Host {
  get state(): string {
    return read('remoteproc core', `${RPROC}/state`)
  }

  set firmware(name: string) {
    setAttribute('remoteproc core', `${RPROC}/firmware`, name)
  }

  set recovery(word: string) {
    setAttribute('remoteproc core', `${RPROC}/recovery`, word)
  }

  set coredump(word: string) {
    setAttribute('remoteproc core', `${RPROC}/coredump`, word)
  }

  start(): void {
    setAttribute('remoteproc core', `${RPROC}/state`, 'start')
  }

  stop(): void {
    setAttribute('remoteproc core', `${RPROC}/state`, 'stop')
  }

  /** Recovers a crashed remote by hand. */
  recover(): void {
    setAttribute('remoteproc core', `${DEBUG}/recovery`, 'recover')
  }

  /** A file of debugfs: `trace0`, `resource_table`, `carveout_memories`. */
  debug(name: string): string {
    return read('remoteproc core', `${DEBUG}/${name}`)
  }

  async is(state: string): Promise<void> {
    await until(() => this.state === state, `state ${state}`)
  }

  announced(): readonly string[] {
    return readdirSync(DEVICES)
      .map((name) => deviceName.exec(name)?.[1] ?? name)
      .filter((name) => !OWN.includes(name))
      .sort()
  }

  async traced(text: string): Promise<void> {
    await until(() => this.debug('trace0').includes(text), `"${text}" in trace0`)
  }

  async channel(name: string): Promise<Line & { close(): void }> {
    let device = ''
    await until(() => {
      device = readdirSync(DEVICES).find((other) => deviceName.exec(other)?.[1] === name) ?? ''
      return device !== ''
    }, `device of ${name}`)
    seen('virtio_rpmsg_bus', 'announcement received')
    if (!existsSync(`${DEVICES}/${device}/driver`)) {
      writeFileSync(`${DEVICES}/${device}/driver_override`, 'rpmsg_chrdev')
      call('rpmsg_char', 'bind', () =>
        writeFileSync('/sys/bus/rpmsg/drivers/rpmsg_chrdev/bind', device),
      )
    }
    const [chrdev] = readdirSync(`${DEVICES}/${device}/rpmsg`)
    await until(() => existsSync(`/dev/${chrdev}`), `/dev/${chrdev}`)
    return new Messages(`/dev/${chrdev}`)
  }

  /** Takes the coredump that the kernel keeps, once there is one, and lets it go. */
  async takeCoredump(): Promise<Buffer> {
    const dumps = (): string[] => (existsSync(COREDUMPS) ? readdirSync(COREDUMPS) : [])
    const isDump = (name: string): boolean => name.startsWith('devcd')
    await until(() => dumps().some(isDump), 'coredump')
    const path = `${COREDUMPS}/${dumps().find(isDump)}/data`
    const dump = call('devcoredump', 'read', () => readFileSync(path))
    call('devcoredump', 'release', () => writeFileSync(path, '1'))
    return dump
  }
}

/** What setting something comes to: 'ok', or the code of the error. */
export const refused = (action: () => void): unknown => outcome(action) ?? 'ok'

function read(driver: string, path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return call(driver, `read ${name}`, () => readFileSync(path, 'utf8').trim())
}
