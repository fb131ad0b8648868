import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { events, image, openamp, start } from './command.js'
import { imageFile, renamed } from './images.js'

const DEMO = 'rpmsg-openamp-demo-channel'
const echo = ['run', image('echo'), '--attach', DEMO]
const crash = ['run', image('crash'), '--attach', 'crash']

describe('what is typed is what is sent', () => {
  test('bytes that are no text, byte for byte', async () => {
    const input = 'a\xffb\0c\n\x80\n'
    const { stdout } = await openamp(echo, { input, encoding: 'latin1' })
    expect(stdout).toBe(input)
  })

  test('a line ends at a line feed, and nowhere else', async () => {
    const input = 'carriage\rreturn\nline\u2028separator\n'
    expect((await openamp(echo, { input })).stdout).toBe(input)
  })

  test('a message is as long as its bytes, not its characters', async () => {
    const fits = 'é'.repeat(248)
    const { code, stdout, stderr } = await openamp(echo, { input: `${fits}\n${fits}é\nz\n` })
    expect(stdout).toBe(`${fits}\nz\n`)
    expect(stderr).toContain('a message of 498 bytes')
    expect(code).toBe(2)
  })

  test('however the pieces fall in which it comes', async () => {
    const input = Array.from({ length: 300 }, (_, i) => `line ${i}: é€🙂\r\n`).join('')
    const args = [...echo, '--json']
    const atOnce = await openamp(args, { input })
    const bytes = Buffer.from(input)
    const { child, printed, outcome } = start(args)
    await printed(/announced/)
    for (let at = 0; at < bytes.length; at += 7) {
      await new Promise((written) => child.stdin?.write(bytes.subarray(at, at + 7), written))
    }
    child.stdin?.end()
    expect((await outcome).stdout).toBe(atOnce.stdout)
    expect(events(atOnce.stdout)).toContainEqual(
      expect.objectContaining({ event: 'message', text: 'line 299: é€🙂' }),
    )
  })
})

describe('the command ends though its input stays open', () => {
  test('when the remote crashes', async () => {
    const { child, outcome } = start(crash)
    child.stdin?.write('illegal\n')
    expect((await outcome).code).toBe(1)
  })

  test('when the remote powers itself off', async () => {
    const { child, outcome } = start(crash)
    child.stdin?.write('exit\n')
    expect((await outcome).code).toBe(0)
  })

  test('when --duration has passed', async () => {
    const { code, stderr } = await start([...echo, '--duration', '0.05']).outcome
    expect(stderr).toContain('the remote acknowledged the shutdown')
    expect(code).toBe(0)
  })

  test('when the channel is never announced', async () => {
    const { outcome } = start(['run', image('echo'), '--attach', 'nobody'])
    expect((await outcome).code).toBe(4)
  })

  test('on Ctrl-C, though time stands still while a line is awaited', async () => {
    const { child, printed, outcome } = start([...echo, '--json'])
    await printed(/announced/)
    child.kill('SIGINT')
    const { code, stdout } = await outcome
    expect(events(stdout).at(-1)).toMatchObject({ event: 'stopped', reason: 'acknowledged' })
    expect(code).toBe(130)
  })

  test('on Ctrl-C, though the remote hangs', async () => {
    const { child, printed, outcome } = start([...crash, '--json'])
    child.stdin?.write('x\nhang\n')
    await printed(/"text":"x"/)
    child.kill('SIGINT')
    const { code, stdout } = await outcome
    expect(events(stdout).at(-1)).toMatchObject({ event: 'stopped' })
    expect(code).toBe(130)
  })
})

describe('nothing that the remote says acts on a terminal', () => {
  test('its trace', async () => {
    const bytes = renamed('echo', 'host is here', '\x1b[2J\x9b\x9bhere!')
    const args = ['run', imageFile('trace.elf', bytes), '--trace']
    const { stdout } = await openamp(args)
    expect(stdout).toContain('trace │ echo: \\x1b[2J')
    expect(stdout).not.toContain('\x1b')
    expect((await openamp([...args, '--json'])).stdout).not.toContain('\x1b')
  })

  test.each([
    ['an escape sequence', '\x1b[31m'],
    ['an escape sequence of one character', '\xc2\x9b31m'],
    ['a change of direction', '\xe2\x80\xae'],
    ['a second line', '\nbooted\n'],
  ])('%s in the name of a channel', async (what, name) => {
    const bytes = renamed('echo', `${DEMO}\0`, `${name}\0`)
    const path = imageFile(`${what.replaceAll(' ', '-')}.elf`, bytes)
    for (const more of [[], ['--json'], ['--attach', 'nobody']]) {
      const { stdout, stderr } = await openamp(['run', path, ...more], { encoding: 'latin1' })
      const lines = `${stdout}${stderr}`
      expect(lines).toMatch(/announced/)
      expect(lines).not.toContain(name)
    }
  })

  test('a line that is no hexadecimal', async () => {
    const { stderr } = await openamp([...echo, '--hex'], { input: '\x1b[2J\n' })
    expect(stderr).toContain('found "\\x1b"')
    expect(stderr).not.toContain('\x1b')
  })

  test('a file name', async () => {
    const { stderr } = await openamp(['run', '\x1b[2J\n.elf'])
    expect(stderr).toMatch(/^openamp: \\x1b\[2J/)
    expect(stderr).not.toContain('\x1b')
  })
})

describe('a reader that goes away', () => {
  test('of standard error ends nothing: the messages still come', async () => {
    const { child, outcome, printed } = start([...echo, '--trace'])
    child.stderr?.destroy()
    child.stdin?.write('one\n')
    await printed(/one/)
    child.stdin?.end('two\n')
    const { code, stdout } = await outcome
    expect(stdout).toBe('one\ntwo\n')
    expect(code).toBe(0)
  })

  test.each([[['demo']], [['inspect', image('echo')]], [['--help']], [echo]])(
    'of standard output is no error of %j',
    async (args) => {
      const { child, outcome } = start(args)
      child.stdout?.destroy()
      child.stdin?.end('a\nb\n')
      const { code, stderr } = await outcome
      expect(stderr).not.toMatch(/error|EPIPE|\n\s+at /i)
      expect(code).toBe(0)
    },
  )
})

test('--version says the version of the package', async () => {
  const { version } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  )
  expect((await openamp(['--version'])).stdout).toBe(`${version}\n`)
})
