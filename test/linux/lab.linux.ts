import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { EM_ARM, EM_RISCV } from '../../dist/firmware/index.js'
import { image, openamp, root } from '../e2e/command.js'
import { folder, linux } from './guest-run.js'

const lab = (name: string, ...options: readonly string[]): string[] => [
  ...['linux', 'lab', image(name)],
  ...options,
]

/** Folders of guests that are still there. */
const left = (at: string): readonly string[] =>
  readdirSync(at).filter((name) => name.startsWith('openamp-lab-'))

/** Processes of any user that name `text`. */
const processes = (text: string): string => spawnSync('pgrep', ['-f', text]).stdout.toString()

/** A folder for temporary files, so that what is left in it is known to be ours. */
function scratch(name: string): string {
  const path = join(folder, name)
  mkdirSync(path)
  process.env['TMPDIR'] = path
  return path
}

/** No board is chosen. */
const FITTING = 'that fits it'

describe.skipIf(linux === undefined)('openamp linux lab', () => {
  test('runs a command in a Linux that has booted the image, and ends with its exit code', async () => {
    const temporary = scratch('command')
    const forbidden = join(root, 'made-by-the-guest')
    const command = `
      cat /sys/class/remoteproc/remoteproc0/{state,firmware}
      openamp send rpmsg-openamp-demo-channel by-openamp
      device=$(rpmsg-bind rpmsg-openamp-demo-channel); echo $device
      exec 3<>$device; printf hello >&3; head -c 5 <&3; echo
      grep -c 'message 1, 10 bytes' /sys/kernel/debug/remoteproc/remoteproc0/trace0
      touch ${forbidden} && echo made it
      mount -o remount,rw / && touch ${forbidden} && echo made it
      mkdir /run/other && mount -t hostfs none /run/other && touch /run/other${forbidden} && echo made it
      touch /run/mine && echo in its own memory
      exit 7`
    const { code, stdout } = await openamp(lab('echo', '--command', command))
    expect(stdout).toMatch(
      /^running\r?\necho.elf\r?\nby-openamp\r?\n\/dev\/rpmsg0\r?\nhello\r?\n1\r?\n[\s\S]*in its own memory\r?\n$/,
    )
    expect(stdout.match(/Read-only file system/g)).toHaveLength(3)
    expect(code).toBe(7)
    expect(existsSync(forbidden)).toBe(false)
    expect(left(temporary)).toEqual([])
  })

  test.each([
    ['mps2-an386/echo', FITTING, EM_ARM],
    ['mps2-an386/echo', 'mps2-an500', EM_ARM],
    ['mps2-an386/echo', 'docs/examples/board.json', EM_ARM],
    ['stm32mp15-m4/echo', 'stm32mp15-m4', EM_ARM],
    ['imx8mp-m7/echo', 'imx8mp-m7', EM_ARM],
    ['am62-m4/echo', 'am62-m4', EM_ARM],
    ['echo', 'virt-rv32', EM_RISCV],
  ])(
    'has %s on board %s as its remote, with messages, stops, and a dump',
    async (name, board, machine) => {
      scratch(`boards-${name.replace('/', '-')}-${board.replaceAll('/', '-')}`)
      const debug = '/sys/kernel/debug/remoteproc/remoteproc0'
      const command = `
      cd /sys/class/remoteproc/remoteproc0; cat state
      device=$(rpmsg-bind rpmsg-openamp-demo-channel)
      exec 3<>$device
      for i in 1 2 3; do printf hello-$i >&3; head -c 7 <&3; echo; done
      exec 3<&-
      grep -c 'message 1, 7 bytes' ${debug}/trace0
      echo enabled >coredump; echo 3 >${debug}/crash
      until [ -e /sys/class/devcoredump/devcd*/data ]; do sleep 0.1; done
      od -An -tu2 -j18 -N2 /sys/class/devcoredump/devcd*/data | tr -d ' '
      echo 1 >$(echo /sys/class/devcoredump/devcd*/data)
      until [ $(cat state) = running ]; do sleep 0.1; done
      printf again >$(rpmsg-bind rpmsg-openamp-demo-channel)
      echo stop >state; cat state`
      const options = board === FITTING ? [] : ['--board', board]
      const { code, stdout } = await openamp([...lab(name, ...options), '--command', command])
      const words = stdout.replaceAll('\r', '').trim().split('\n')
      expect(words).toEqual([
        ...['running', 'hello-1', 'hello-2', 'hello-3', '1', String(machine), 'offline'],
      ])
      expect(code).toBe(0)
    },
  )

  test('is a shell on a terminal until Ctrl-D, and leaves nothing behind', async () => {
    const temporary = scratch('terminal')
    const words = [process.execPath, `${root}/dist/cli/main.js`, ...lab('echo', '--no-start')]
    // A terminal for it: script of util-linux.
    const child = spawn('script', ['-qec', words.join(' '), '/dev/null'], { stdio: 'pipe' })
    let output = ''
    const shown = (pattern: RegExp): Promise<void> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(output)) resolve()
        }
        child.stdout.on('data', look)
        child.on('close', () => reject(new Error(`ended without ${pattern}: ${output}`)))
        look()
      })
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    const ended = new Promise((resolve) => child.on('close', resolve))
    await shown(/Ctrl-D ends\.[\s\S]*# /)
    child.stdin.write('cat /sys/class/remoteproc/remoteproc0/state; tty; (exit 3)\n')
    await shown(/offline[\s\S]*\/dev\/tty0[\s\S]*# /)
    const [name = ''] = left(temporary)
    expect(processes(name)).not.toBe('')
    child.stdin.write('\x04')
    expect(await ended).toBe(3)
    expect(left(temporary)).toEqual([])
    // They were killed, and are gone as soon as the system comes to it.
    await expect.poll(() => processes(name), { timeout: 60_000 }).toBe('')
  })
})
