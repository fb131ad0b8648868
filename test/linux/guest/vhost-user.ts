// Runs inside the guest: uses the kernel's RPMsg drivers over a remote that a vhost-user back-end serves,
// and says what came of it. The test outside compares.

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { RpmsgSerial } from '../../../dist/machines/linux/index.js'
import { ANY, Control, call, Messages, outcome, sayCalls, seen } from './kernel.js'
import { say, until } from './told.js'

const [, , part = '', argument = ''] = process.argv
const DEVICES = '/sys/bus/rpmsg/devices'
const chrdevs = () => readdirSync('/dev').filter((name) => /^rpmsg\d+$/.test(name))

/** A stream that comes back as it was, CR and all, in as many messages as the driver makes of it. */
async function throughSerial(): Promise<unknown> {
  const port = new RpmsgSerial({ path: '/dev/ttyRPMSG0' })
  await once(port, 'open')
  const sent = Buffer.alloc(10_000, 'line\r\n\x03\xff', 'latin1')
  port.write(sent)
  const pieces: Buffer[] = []
  for await (const piece of port.iterator({ destroyOnReturn: false })) {
    pieces.push(piece)
    if (Buffer.concat(pieces).length >= sent.length) break
  }
  await new Promise((resolve) => port.close(resolve))
  seen('rpmsg_tty', 'a stream of 10,000 bytes, through openamp/linux')
  return [Buffer.concat(pieces).equals(sent), port.isOpen]
}

async function drivers(): Promise<void> {
  await until(() => existsSync('/dev/rpmsg1') && existsSync('/dev/ttyRPMSG0'), 'devices')
  seen('virtio_rpmsg_bus', 'announcement received', readdirSync(DEVICES).length)
  const raw = new Messages('/dev/rpmsg0')
  say('echo', raw.echo('hello').toString())
  say(
    'second open',
    outcome(() => new Messages('/dev/rpmsg0')),
  )
  let right = 0
  for (let length = 0; length <= 496; length++) {
    const message = Buffer.alloc(length, length)
    if (raw.echo(message).equals(message)) right++
  }
  say('lengths 0 to 496', right)
  say(
    '497 bytes',
    outcome(() => raw.send(Buffer.alloc(497))),
  )

  const count = Number(argument)
  const message = Buffer.alloc(32)
  right = 0
  for (let i = 0; i < count; i++) {
    message.writeUInt32LE(i)
    if (raw.echo(message).readUInt32LE() === i) right++
  }
  say('round trips', right)

  const control = new Control('/dev/rpmsg_ctrl0')
  right = 0
  for (let i = 0; i < 50; i++) {
    const before = chrdevs()
    control.createEndpoint('endpoint', ANY, 0x555)
    const [name] = chrdevs().filter((other) => !before.includes(other))
    const endpoint = new Messages(`/dev/${name}`)
    if (endpoint.echo(`number ${i}`).toString() === `number ${i}`) right++
    endpoint.destroyEndpoint()
    endpoint.close()
  }
  say('endpoints by ioctl', right)

  const tty = new Messages('/dev/ttyRPMSG0', 'rpmsg_tty')
  execFileSync('stty', ['raw', '-echo', '-F', '/dev/ttyRPMSG0'])
  say('tty', tty.echo('a line\n').toString())
  tty.close()
  say('tty through openamp/linux', await throughSerial())

  // A device of the kernel's own: its driver announces it to the remote when it is bound.
  right = 0
  for (let i = 0; i < 20; i++) {
    control.createDevice('from-the-kernel', 0x1000 + i, 0x61)
    const [name = ''] = readdirSync(DEVICES).filter((n) => n.includes('from-the-kernel'))
    bindChrdev(name)
    control.releaseDevice('from-the-kernel', 0x1000 + i, 0x61)
    if (!existsSync(`${DEVICES}/${name}`)) right++
  }
  say('devices by ioctl', right)

  say('1000 channels', raw.echo('command: 1000 channels').toString())
  await until(() => !readdirSync(DEVICES).some((name) => name.includes('brief')), 'end of channels')
  seen('virtio_rpmsg_bus', 'channel created and destroyed', 1000)
  say('channels left', 0)

  const other = new Messages('/dev/rpmsg1')
  raw.send('command: destroy')
  await until(() => !existsSync('/dev/rpmsg0'), 'end of /dev/rpmsg0')
  seen('virtio_rpmsg_bus', 'destroy received')
  say(
    'write after destroy',
    outcome(() => raw.send('x')),
  )
  say(
    'read after destroy',
    outcome(() => raw.receive()),
  )
  say('another channel', other.echo('still there').toString())
}

function bindChrdev(name: string): void {
  writeFileSync(`${DEVICES}/${name}/driver_override`, 'rpmsg_chrdev')
  call('rpmsg_char', 'bind', () => writeFileSync('/sys/bus/rpmsg/drivers/rpmsg_chrdev/bind', name))
}

/** Unbinds a driver, waits for what `between` does, and binds it again, with an echo each time. */
async function rebind(
  bus: string,
  driver: string,
  device: string,
  between: (life: number) => unknown = () => {},
): Promise<number> {
  const folder = `/sys/bus/${bus}/drivers/${driver}`
  let right = 0
  for (let i = 0; i < 50; i++) {
    call(driver, 'unbind', () => writeFileSync(`${folder}/unbind`, device))
    await until(() => !existsSync('/dev/rpmsg0'), 'end of /dev/rpmsg0')
    await between(i)
    call(driver, 'bind', () => writeFileSync(`${folder}/bind`, device))
    await until(() => existsSync('/dev/rpmsg0'), '/dev/rpmsg0')
    const raw = new Messages('/dev/rpmsg0')
    if (raw.echo(`life ${i}`).toString() === `life ${i}`) right++
    raw.close()
  }
  return right
}

async function lives(): Promise<void> {
  await until(() => existsSync('/dev/rpmsg0'), '/dev/rpmsg0')
  say('driver bound again', await rebind('virtio', 'virtio_rpmsg_bus', 'virtio0'))
  // The driver for User-Mode Linux does not survive that its back-end goes in the handshake.
  const started = (i: number) => until(() => existsSync(`${argument}.${i + 1}`), 'new back-end')
  say('device bound again', await rebind('platform', 'virtio-uml', 'virtio-uml.0', started))
}

async function left(): Promise<void> {
  await until(() => existsSync('/dev/rpmsg0'), '/dev/rpmsg0')
  const raw = new Messages('/dev/rpmsg0')
  raw.send('command: leave')
  await until(() => !existsSync('/dev/rpmsg0'), 'end of /dev/rpmsg0')
  say(
    'write',
    outcome(() => raw.send('x')),
  )
  say('rpmsg devices', readdirSync(DEVICES).length)
  say('alive', readFileSync('/proc/uptime', 'utf8').length > 0)
}

async function hello(): Promise<void> {
  await until(() => existsSync('/dev/rpmsg0'), '/dev/rpmsg0')
  say('echo', new Messages('/dev/rpmsg0').echo('hello').toString())
}

const parts: Readonly<Record<string, () => Promise<void>>> = { drivers, lives, left, hello }
await parts[part]?.()
sayCalls()
say('done', true)
