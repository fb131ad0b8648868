import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { events, image, openamp, start } from './command.js'
import { imageFile, SPIN, smallImage } from './images.js'

const DEMO = 'rpmsg-openamp-demo-channel'

describe('openamp run lists the channels of an image', () => {
  test.each([
    ['echo', [DEMO]],
    ['matrix-multiply', [DEMO]],
    ['multi-endpoint', ['control', 'log', 'sensor']],
    ['crash', ['crash']],
    ['ticker', ['ticker']],
  ])('%s', async (name, channels) => {
    const { code, stdout, stderr } = await openamp(['run', image(name)])
    for (const channel of channels) expect(stdout).toMatch(new RegExp(`^ {2}${channel} {2}0x`, 'm'))
    expect(stdout).toContain(
      channels.length === 1 ? '1 channel\n' : `${channels.length} channels\n`,
    )
    expect(stdout).toContain('the remote acknowledged the shutdown')
    expect(stderr).toBe('')
    expect(code).toBe(0)
  })
})

describe('--attach is a console', () => {
  test('every line is sent and every answer printed, and nothing else on standard output', async () => {
    const input = 'one\n\ntwo words\nthree without an end'
    const { code, stdout } = await openamp(['run', image('echo'), '--attach', DEMO], { input })
    expect(stdout).toBe('one\n\ntwo words\nthree without an end\n')
    expect(code).toBe(0)
  })

  test('lines that end in CR LF are sent without them', async () => {
    const args = ['run', image('echo'), '--attach', DEMO, '--hex']
    const { stdout } = await openamp(args, { input: '41 42\r\n43\r\n' })
    expect(stdout).toBe('41 42\n43\n')
  })

  test('a thousand lines come back in order', async () => {
    const input = Array.from({ length: 1000 }, (_, i) => `line ${i}\n`).join('')
    const { stdout } = await openamp(['run', image('echo'), '--attach', DEMO], { input })
    expect(stdout).toBe(input)
  })

  test('a line of 496 bytes is sent, one of 497 is refused, and the rest goes on', async () => {
    const input = `${'x'.repeat(496)}\n${'y'.repeat(497)}\nz\n`
    const { code, stdout, stderr } = await openamp(['run', image('echo'), '--attach', DEMO], {
      input,
    })
    expect(stdout).toBe(`${'x'.repeat(496)}\nz\n`)
    expect(stderr).toMatch(/^openamp: a message of 497 bytes on .*: a buffer carries at most 496$/m)
    expect(code).toBe(2)
  })

  test.each([
    ['4g', 'line 1: expected hexadecimal digits, found "g"'],
    ['414', 'line 1: 3 hexadecimal digits are no whole number of bytes'],
  ])('--hex refuses %s', async (line, message) => {
    const args = ['run', image('echo'), '--attach', DEMO, '--hex']
    const { code, stderr } = await openamp(args, { input: `${line}\n` })
    expect(stderr).toContain(`openamp: standard input, ${message}`)
    expect(code).toBe(2)
  })

  test('a channel that is never announced is said to be impossible, with what there is', async () => {
    const { code, stderr } = await openamp(['run', image('echo'), '--attach', 'nobody', '--json'])
    expect(stderr).toMatch(/no announcement of nobody: .* idle for ever .* announced rpmsg-openamp/)
    expect(code).toBe(4)
  })

  test('Ctrl-C shuts the remote down in order', async () => {
    const { child, printed, outcome } = start(['run', image('ticker'), '--attach', 'ticker'])
    await printed(/announced/, 'stderr')
    child.kill('SIGINT')
    const { code, stderr } = await outcome
    expect(stderr).toContain('the remote acknowledged the shutdown')
    expect(code).toBe(130)
  })

  test('in a thread of its own, too', async () => {
    const args = ['run', image('echo'), '--worker', '--attach', DEMO]
    const { code, stdout } = await openamp(args, { input: 'a\nb\n' })
    expect(stdout).toBe('a\nb\n')
    expect(code).toBe(0)
  })
})

describe('a remote that ends', () => {
  test.each([
    ['illegal', /trap: illegal instruction.*[\s\S]*crashed {2}.*code 82/],
    ['load', /trap: load access fault.*[\s\S]*crashed {2}.*code 85/],
    ['fail 7', /crashed {2}.*code 7/],
  ])('by %s is a crash, with its last words', async (command, words) => {
    const args = ['run', image('crash'), '--attach', 'crash']
    const { code, stdout, stderr } = await openamp(args, { input: `before\n${command}\n` })
    expect(stdout).toBe('before\n')
    expect(stderr).toMatch(words)
    expect(code).toBe(1)
  })

  test('by powering itself off is done', async () => {
    const args = ['run', image('crash'), '--attach', 'crash', '--json']
    const { code, stdout } = await openamp(args, { input: 'exit\n' })
    expect(events(stdout).at(-1)).toMatchObject({ event: 'stopped', reason: 'exited' })
    expect(code).toBe(0)
  })

  test('a hung remote is reset at the deadline', async () => {
    const args = ['run', image('crash'), '--attach', 'crash', '--json']
    const { code, stdout } = await openamp(args, { input: 'hang\n' })
    expect(events(stdout).at(-1)).toMatchObject({ event: 'stopped', reason: 'reset' })
    expect(code).toBe(0)
  })
})

describe('a remote that says nothing', () => {
  test('and sleeps for ever is told at once, with how far it has come', async () => {
    const { code, stdout, stderr } = await openamp(['run', image('silent')])
    expect(stderr).toMatch(/^openamp: no announcement: the remote is idle for ever/)
    expect(stdout).toMatch(/the core is at pc 0x8\w+ \(\w+\+0x\w+\)/)
    expect(stdout).toContain('status 0x07 (ACKNOWLEDGE, DRIVER, DRIVER_OK)')
    expect(stdout).toContain('it has sent nothing')
    expect(code).toBe(4)
  })

  test('and runs for ever times out in its own time', async () => {
    const path = imageFile('spin.elf', smallImage(SPIN))
    const { code, stderr } = await openamp(['run', path, '--timeout', '0.05', '--json'])
    expect(stderr).toBe('openamp: no announcement within 50 ms\n')
    expect(code).toBe(4)
  })
})

describe('--json', () => {
  const NAMES = ['loaded', 'booted', 'announced', 'destroyed', 'message', 'dropped', 'trace']
  const KNOWN = new Set([...NAMES, 'console', 'note', 'crashed', 'stopped'])

  test('prints objects with a known event and a time that never goes back', async () => {
    const args = ['run', image('multi-endpoint'), '--json', '--trace']
    const printed = events((await openamp(args)).stdout)
    expect(printed.filter(({ event }) => !KNOWN.has(String(event)))).toEqual([])
    const times = printed.map(({ time }) => Number(time))
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(printed.length).toBeGreaterThan(8)
  })

  test.each([
    ['echo', DEMO],
    ['ticker', 'ticker'],
  ])('%s: the same input gives the same bytes, however it comes', async (name, channel) => {
    const args = ['run', image(name), '--attach', channel, '--json', '--trace']
    const atOnce = await openamp(args, { input: 'one\ntwo\nthree\n' })
    expect((await openamp(args, { input: 'one\ntwo\nthree\n' })).stdout).toBe(atOnce.stdout)

    const { child, printed, outcome } = start(args)
    child.stdin?.write('on')
    await printed(/announced/)
    child.stdin?.write('e\n')
    await printed(/"text":"one"/)
    child.stdin?.write('two\nthr')
    await printed(/"text":"two"/)
    child.stdin?.end('ee\n')
    expect((await outcome).stdout).toBe(atOnce.stdout)
    expect(atOnce.stdout).toContain('"text":"three"')
  })
})

describe('options', () => {
  test('--trace follows the remote’s log', async () => {
    const { stdout } = await openamp(['run', image('echo'), '--trace'])
    expect(stdout).toMatch(/trace │ echo: host is here/)
  })

  test('--duration ends a remote that would go on', async () => {
    const args = ['run', image('ticker'), '--trace', '--json', '--duration', '0.3']
    const { code, stdout } = await openamp(args)
    const last = events(stdout).at(-1)
    expect(last).toMatchObject({ event: 'stopped', reason: 'acknowledged' })
    expect(Number(last?.['time'])).toBeGreaterThanOrEqual(0.3e9)
    expect(Number(last?.['time'])).toBeLessThan(0.31e9)
    expect(code).toBe(0)
  })

  test('--no-resource-table boots an image without one', async () => {
    const path = imageFile('bare.elf', smallImage(SPIN, 'none'))
    const args = ['run', path, '--no-resource-table', '--json', '--duration', '0.01']
    const { code, stdout } = await openamp(args)
    const told = events(stdout)
    expect(told.map(({ event }) => event)).toEqual(['loaded', 'booted', 'note', 'stopped'])
    // It does nothing but to spin.
    expect(told[2]).toMatchObject({ text: expect.stringMatching(/loop at pc/) })
    expect(code).toBe(0)
  })

  test('no escape sequence is printed where nobody sees colour', async () => {
    for (const args of [['demo'], ['run', image('echo'), '--trace'], ['inspect', image('echo')]]) {
      const { stdout, stderr } = await openamp(args)
      expect(stdout + stderr).not.toContain('\x1b')
      expect(stdout).not.toBe('')
    }
  })

  test('a name that the remote announces cannot act on the terminal', async () => {
    const bytes = new Uint8Array(readFileSync(image('echo')))
    const name = Buffer.from(bytes.buffer).indexOf('rpmsg-openamp-demo-channel\0')
    bytes.set(Buffer.from('\x1b[2Jrpmsg'), name)
    const { stdout } = await openamp(['run', imageFile('escape.elf', bytes), '--trace'])
    expect(stdout).toContain('\\x1b[2Jrpmsg')
    expect(stdout).not.toContain('\x1b')
  })

  test('a reader that goes away is no error', async () => {
    const { child, outcome } = start(['run', image('ticker'), '--trace', '--duration', '0.5'])
    child.stdout?.once('data', () => child.stdout?.destroy())
    const { code, stderr } = await outcome
    expect(stderr).toBe('')
    expect(code).toBe(0)
  })
})

describe('usage', () => {
  test.each([
    [[], /^usage: openamp COMMAND/],
    [['fly'], /^openamp: there is no command "fly"\nusage/],
    [['run'], /^openamp: FIRMWARE.elf is missing/],
    [['run', 'a.elf', 'b.elf'], /^openamp: expected one FIRMWARE.elf, found "b.elf" too/],
    [['run', 'a.elf', '--fast'], /^openamp: Unknown option '--fast'/],
    [
      ['run', 'a.elf', '--timeout', 'soon'],
      /^openamp: --timeout: expected a number above 0, found "soon"/,
    ],
    [['run', 'a.elf', '--ram', '0'], /^openamp: --ram: expected a whole number above 0/],
    [['run', 'a.elf', '--json', '--worker'], /^openamp: .*exclude each other/],
  ])('%j is refused', async (args, message) => {
    const { code, stdout, stderr } = await openamp(args)
    expect(stderr).toMatch(message)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })

  test.each([['--help'], ['run', '--help'], ['inspect', '--help'], ['demo', '--help']])(
    '%s %s explains',
    async (...args) => {
      const { code, stdout } = await openamp(args)
      expect(stdout).toMatch(/^usage: openamp/)
      expect(code).toBe(0)
    },
  )

  test('a stack trace is shown with --debug only', async () => {
    const args = ['run', 'nowhere.elf']
    expect((await openamp(args)).stderr).toBe(
      'openamp: nowhere.elf: cannot be read: there is no such file\n',
    )
    expect((await openamp([...args, '--debug'])).stderr).toMatch(/\n\s+at /)
  })
})

describe('--flavour rpmsg-lite boots an image that has no resource table', () => {
  const profile = ['run', image('rpmsg-lite'), '--flavour', 'rpmsg-lite']

  test('and lists its channels', async () => {
    const { code, stdout } = await openamp(profile)
    expect(stdout).toContain("resource table of the host's own")
    expect(stdout).toContain('rings of 16 entries at 0x18000000, 0x18008000')
    expect(stdout).toMatch(/^ {2}rpmsg-lite-echo {2}0x1e$/m)
    expect(code).toBe(0)
  })

  test('and attaches to one', async () => {
    const args = [...profile, '--attach', 'rpmsg-lite-echo']
    const { code, stdout } = await openamp(args, { input: 'one\ntwo\n' })
    expect(stdout).toBe('one\ntwo\n')
    expect(code).toBe(0)
  })

  test('where --layout says', async () => {
    const layout = 'base=0x18100000, count=32, align=16, vring-size=0x400, buffer-size=1040, link=1'
    const { stdout } = await openamp([...profile, '--layout', layout, '--timeout', '0.1'])
    expect(stdout).toContain('vdev0buffer: 65 KiB at 0x18100800')
    expect(stdout).toContain('rings of 32 entries at 0x18100000, 0x18100400')
  })

  test.each([
    [['--layout', 'size=4'], /--layout: expected base, count, .*, found "size"/],
    [['--layout', 'count=lots'], /--layout count: expected a whole number/],
    [['--layout', 'count=64,vring-size=0x1000'], /64 buffers aligned to 4096 take/],
    [['--no-resource-table'], /--flavour rpmsg-lite brings a resource table/],
    [['--resource-table', '0x80000000'], /--flavour rpmsg-lite brings a resource table/],
  ])('but not with %j', async (wrong, message) => {
    const { code, stderr } = await openamp([...profile, ...wrong])
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
  })

  test.each([
    [['--flavour', 'zephyr'], /--flavour: expected openamp or rpmsg-lite, found "zephyr"/],
    [['--layout', 'count=4'], /--layout goes with --flavour rpmsg-lite/],
  ])('and %j is an error in usage', async (wrong, message) => {
    const { code, stderr } = await openamp(['run', image('echo'), ...wrong])
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
  })
})
