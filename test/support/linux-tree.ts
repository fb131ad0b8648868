import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

const DEVICES = 'sys/devices/platform'
const TREE = 'sys/firmware/devicetree/base'

/** A folder that looks like a Linux board to whoever reads it. It is gone after the test. */
export class LinuxTree {
  readonly root = mkdtempSync(join(tmpdir(), 'openamp-tree-'))

  constructor() {
    onTestFinished(() => rmSync(this.root, { recursive: true, force: true }))
  }

  path(path: string): string {
    return join(this.root, path)
  }

  file(path: string, text: string | Uint8Array, mode = 0o644): this {
    mkdirSync(dirname(this.path(path)), { recursive: true })
    writeFileSync(this.path(path), text, { mode })
    return this
  }

  folder(path: string): this {
    mkdirSync(this.path(path), { recursive: true })
    return this
  }

  link(path: string, target: string): this {
    mkdirSync(dirname(this.path(path)), { recursive: true })
    symlinkSync(this.path(target), this.path(path))
    return this
  }

  remove(path: string): this {
    rmSync(this.path(path), { recursive: true, force: true })
    return this
  }

  /** A remote processor, as remoteproc_sysfs.c shows it. */
  remote(id: string, name: string, { state = 'offline', firmware = `${name}.elf` } = {}): this {
    const place = `${DEVICES}/${name}/remoteproc/${id}`
    for (const [attribute, text] of Object.entries({
      ...{ name, state, firmware },
      ...{ recovery: 'enabled', coredump: 'disabled' },
    })) {
      this.file(`${place}/${attribute}`, `${text}\n`)
    }
    this.link(`${place}/device`, `${DEVICES}/${name}`)
    return this.link(`sys/class/remoteproc/${id}`, place)
  }

  /** A node of the device tree for a remote, with its alias. */
  node(name: string, path: string, alias?: string): this {
    const names = path.slice(1).split('/')
    for (const [i, own] of names.entries()) {
      this.file(`${TREE}/${names.slice(0, i + 1).join('/')}/name`, `${own}\0`)
    }
    this.link(`${DEVICES}/${name}/of_node`, `${TREE}${path}`)
    return alias === undefined ? this : this.file(`${TREE}/aliases/${alias}`, `${path}\0`)
  }

  property(path: string, name: string, value: string | readonly number[]): this {
    const bytes =
      typeof value === 'string' ? Buffer.from(`${value}\0`) : Buffer.alloc(4 * value.length)
    if (typeof value !== 'string') {
      for (const [i, word] of value.entries()) bytes.writeUInt32BE(word, 4 * i)
    }
    return this.file(`${TREE}${path}/${name}`, bytes)
  }

  /** A virtio device below a remote, with the bus of its channels. */
  virtio(id: string, name: string, virtio = 'virtio0'): this {
    const place = `${DEVICES}/${name}/remoteproc/${id}/rproc-virtio.0.auto/${virtio}`
    this.folder(place)
    this.folder('sys/bus/rpmsg/drivers/rpmsg_chrdev')
    return this.link(`sys/bus/virtio/devices/${virtio}`, place)
  }

  /**
   * A channel that `rpmsg_chrdev` is bound to. Its device is a pipe: what is written comes back, as from a
   * remote that echoes.
   */
  channel(name: string, destination: number, node: string, virtio = 'virtio0'): this {
    const device = `${virtio}.${name}.-1.${destination}`
    const place = `sys/bus/virtio/devices/${virtio}/${device}`
    this.file(`${place}/name`, `${name}\n`)
    this.file(`${place}/src`, '0x401\n')
    this.file(`${place}/dst`, `0x${destination.toString(16)}\n`)
    this.link(`${place}/driver`, 'sys/bus/rpmsg/drivers/rpmsg_chrdev')
    this.folder(`${place}/rpmsg/${node}`)
    this.folder('dev')
    execFileSync('mkfifo', [this.path(`dev/${node}`)])
    return this.link(`sys/bus/rpmsg/devices/${device}`, place)
  }
}
