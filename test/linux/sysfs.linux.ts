import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { start } from '../e2e/command.js'
import { board, boot, folder, images, linux } from './guest-run.js'

const steps = fileURLToPath(new URL('./sysfs-steps.sh', import.meta.url))

/** Where `openamp sysfs` is not as the kernel is: [the kernel, ours]. docs/sysfs.md says why. */
const differences: Readonly<Record<string, readonly [unknown, unknown]>> = {
  files: [
    'coredump dev device firmware name recovery state subsystem uevent',
    'coredump device firmware name recovery state subsystem uevent',
  ],
  'files while running': [
    'coredump dev device firmware name recovery rproc-virtio.0.auto state subsystem uevent',
    'coredump device firmware name recovery rproc-virtio.0.auto state subsystem uevent',
  ],
  'files of a channel': [
    'announce driver_override dst modalias name src subsystem uevent',
    'announce driver driver_override dst modalias name rpmsg src subsystem uevent',
  ],
  'the control device': [
    expect.stringContaining('announce driver driver_override dst modalias name rpmsg src'),
    expect.stringContaining('announce driver driver_override dst modalias name src'),
  ],
}

/** How a message reaches the remote in the guest: through a /dev/rpmsgN of the channel's. */
const sendInGuest = `send() {
  local device n
  for ((n = 0; n < 1200; n++)); do
    device=$(ls -d /sys/bus/rpmsg/devices/virtio*."$1".* 2>/dev/null) && break
    sleep 0.05
  done
  echo rpmsg_chrdev >"$device/driver_override"
  echo "\${device##*/}" >/sys/bus/rpmsg/drivers/rpmsg_chrdev/bind
  until [ -e "/dev/$(ls "$device/rpmsg")" ]; do sleep 0.05; done
  printf '%s' "$2" >"/dev/$(ls "$device/rpmsg")"
}; export -f send`

/** …and on our folder: on the socket that is there under the same name. */
const sendOnSocket = (root: string): string => `send() {
  local device n
  for ((n = 0; n < 1200; n++)); do
    device=$(ls -d ${root}/sys/bus/rpmsg/devices/virtio*."$1".* 2>/dev/null) && break
    sleep 0.05
  done
  "$NODE" -e 'require("net").connect(process.argv[1]).end(process.argv[2]).resume()' \\
    "${root}/dev/$(ls "$device/rpmsg")" "$2"
}; export -f send`

const said = (output: string): Record<string, unknown> =>
  Object.fromEntries(
    Array.from(output.matchAll(/^@(\[.*\])\r?$/gm), ([, line = '']) => JSON.parse(line)),
  )

describe.skipIf(linux === undefined)(
  'the same steps in sysfs, under Linux and on our folder',
  () => {
    test('come to the same, but for what is listed', async (context) => {
      const root = join(folder, 'root')
      const firmware = join(root, 'lib/firmware')
      const command = start(['sysfs', '--root', root, '--remote', 'openamp-board'])
      await command.printed(/firmware: /)
      // Without FUSE nothing can be refused: that face has tests of its own.
      let ours: Record<string, unknown>
      try {
        mkdirSync(firmware, { recursive: true })
        for (const name of ['echo.elf', 'crash.elf'])
          copyFileSync(images + name, join(firmware, name))
        const run = spawnSync('bash', ['-c', `${sendOnSocket(root)}; bash ${steps} ${root}`], {
          encoding: 'utf8',
          env: { ...process.env, NODE: process.execPath },
        })
        ours = said(run.stdout)
      } finally {
        command.child.kill('SIGINT')
      }
      const { stdout, code } = await command.outcome
      expect(code).toBe(0)
      if (stdout.includes('plain files')) context.skip()

      const { said: kernels } = await boot({
        commands: [
          ...board,
          'until [ "$(cat /sys/module/openamp_board/parameters/played)" = Y ]; do sleep 0.05; done',
          `${sendInGuest}; bash ${steps} '' 2>&1`,
        ],
        parameters: [`firmware_class.path=${images}`],
      })
      const names = Object.keys({ ...kernels, ...ours })
      const differing = names.filter((step) => kernels[step] !== ours[step])
      expect(
        Object.fromEntries(differing.map((step) => [step, [kernels[step], ours[step]]])),
      ).toEqual(differences)
      // Seen once, so that both cannot be wrong together.
      expect(kernels).toMatchObject({
        'stop while offline': 'Invalid argument',
        'start without firmware': 'No such file or directory',
        'firmware while running': 'Device or resource busy',
        'writing the name': 'Permission denied',
        crash: 'crashed',
        'as many stops as starts': 'offline',
      })
    })
  },
)
