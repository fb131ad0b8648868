// Runs inside the guest, on the host's Node: uses the kernel's RPMsg drivers and says, one line of
// JSON for each thing tried, what came of it. The test outside compares.
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import koffi from 'koffi'

const ioctl = koffi.load(null).func('int ioctl(int, ulong, void *)')
const say = (name, value) => console.log(`@${JSON.stringify([name, value])}`)
const buffer = Buffer.alloc(512)

/** What `action` returns, or the code of what it throws. */
function outcome(action) {
  try {
    return action()
  } catch (error) {
    return error.code
  }
}

const open = (path) => openSync(path, constants.O_RDWR | constants.O_NOCTTY)

/** Writes a message, and reads one. */
function echo(fd, message) {
  writeSync(fd, message)
  return Buffer.from(buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, null)))
}

const text = (fd, message) => echo(fd, message).toString()

async function until(condition, what) {
  for (let i = 0; i < 500; i++) {
    if (condition()) return
    await delay(10)
  }
  throw new Error(`no ${what}`)
}

// include/uapi/linux/rpmsg.h
const RPMSG_CREATE_EPT_IOCTL = 0x4028_b501n
const RPMSG_DESTROY_EPT_IOCTL = 0xb502n
const RPMSG_CREATE_DEV_IOCTL = 0x4028_b503n
const RPMSG_RELEASE_DEV_IOCTL = 0x4028_b504n

function endpointInfo(name, source, destination) {
  const info = Buffer.alloc(40)
  info.write(name)
  info.writeUInt32LE(source, 32)
  info.writeUInt32LE(destination, 36)
  return info
}

const ANY = 0xffff_ffff
const chrdevs = () => readdirSync('/dev').filter((name) => /^rpmsg\d+$/.test(name))

async function drivers() {
  await until(() => existsSync('/dev/rpmsg1') && existsSync('/dev/ttyRPMSG0'), 'devices')
  const raw = open('/dev/rpmsg0')
  say('echo', text(raw, 'hello'))
  say(
    'second open',
    outcome(() => open('/dev/rpmsg0')),
  )
  let right = 0
  for (let length = 0; length <= 496; length++) {
    const message = Buffer.alloc(length, length)
    if (echo(raw, message).equals(message)) right++
  }
  say('lengths 0 to 496', right)
  say(
    '497 bytes',
    outcome(() => writeSync(raw, Buffer.alloc(497))),
  )

  const count = Number(process.argv[3])
  const message = Buffer.alloc(32)
  right = 0
  for (let i = 0; i < count; i++) {
    message.writeUInt32LE(i)
    if (echo(raw, message).readUInt32LE() === i) right++
  }
  say('round trips', right)

  const control = open('/dev/rpmsg_ctrl0')
  right = 0
  for (let i = 0; i < 50; i++) {
    const before = chrdevs()
    ioctl(control, RPMSG_CREATE_EPT_IOCTL, endpointInfo('endpoint', ANY, 0x555))
    const [name] = chrdevs().filter((other) => !before.includes(other))
    const endpoint = open(`/dev/${name}`)
    if (text(endpoint, `number ${i}`) === `number ${i}`) right++
    ioctl(endpoint, RPMSG_DESTROY_EPT_IOCTL, null)
    closeSync(endpoint)
  }
  say('endpoints by ioctl', right)

  const tty = open('/dev/ttyRPMSG0')
  execFileSync('stty', ['raw', '-echo', '-F', '/dev/ttyRPMSG0'])
  say('tty', text(tty, 'a line\n'))
  closeSync(tty)

  // A device of the kernel's own: its driver announces it to the remote when it is bound.
  right = 0
  for (let i = 0; i < 20; i++) {
    const info = endpointInfo('from-the-kernel', 0x1000 + i, 0x61)
    ioctl(control, RPMSG_CREATE_DEV_IOCTL, info)
    const [name] = readdirSync('/sys/bus/rpmsg/devices').filter((n) =>
      n.includes('from-the-kernel'),
    )
    writeFileSync(`/sys/bus/rpmsg/devices/${name}/driver_override`, 'rpmsg_chrdev')
    writeFileSync('/sys/bus/rpmsg/drivers/rpmsg_chrdev/bind', name)
    if (ioctl(control, RPMSG_RELEASE_DEV_IOCTL, info) === 0) right++
  }
  say('devices by ioctl', right)

  say('1000 channels', text(raw, 'command: 1000 channels'))
  await delay(300)
  const left = readdirSync('/sys/bus/rpmsg/devices').filter((name) => name.includes('brief'))
  say('channels left', left.length)

  const other = open('/dev/rpmsg1')
  writeSync(raw, 'command: destroy')
  await delay(200)
  say(
    'write after destroy',
    outcome(() => writeSync(raw, 'x')),
  )
  say(
    'read after destroy',
    outcome(() => readSync(raw, buffer, 0, 1, null)),
  )
  say('another channel', text(other, 'still there'))
}

/** Unbinds a driver, waits for what `between` does, and binds it again, with an echo each time. */
async function rebind(bus, driver, device, between = () => {}) {
  const folder = `/sys/bus/${bus}/drivers/${driver}`
  let right = 0
  for (let i = 0; i < 50; i++) {
    writeFileSync(`${folder}/unbind`, device)
    await until(() => !existsSync('/dev/rpmsg0'), 'end of /dev/rpmsg0')
    await between(i)
    writeFileSync(`${folder}/bind`, device)
    await until(() => existsSync('/dev/rpmsg0'), '/dev/rpmsg0')
    const raw = open('/dev/rpmsg0')
    if (text(raw, `life ${i}`) === `life ${i}`) right++
    closeSync(raw)
  }
  return right
}

async function lives() {
  await until(() => existsSync('/dev/rpmsg0'), '/dev/rpmsg0')
  say('driver bound again', await rebind('virtio', 'virtio_rpmsg_bus', 'virtio0'))
  // The driver for User-Mode Linux does not survive that its back-end goes in the handshake.
  const started = (i) => until(() => existsSync(`${process.argv[3]}.${i + 1}`), 'new back-end')
  say('device bound again', await rebind('platform', 'virtio-uml', 'virtio-uml.0', started))
}

async function left() {
  await until(() => existsSync('/dev/rpmsg0'), '/dev/rpmsg0')
  const raw = open('/dev/rpmsg0')
  writeSync(raw, 'command: leave')
  await until(() => !existsSync('/dev/rpmsg0'), 'end of /dev/rpmsg0')
  say(
    'write',
    outcome(() => writeSync(raw, 'x')),
  )
  say('rpmsg devices', readdirSync('/sys/bus/rpmsg/devices').length)
  say('alive', readFileSync('/proc/uptime', 'utf8').length > 0)
}

async function hello() {
  await until(() => existsSync('/dev/rpmsg0'), '/dev/rpmsg0')
  say('echo', text(open('/dev/rpmsg0'), 'hello'))
}

await { drivers, lives, left, hello }[process.argv[2]]()
say('done', true)
