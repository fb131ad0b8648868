import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Figure, inTurn } from './figure.js'

const REPEATS = 9

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const firstAnnouncement = [path('../dist/cli/main.js'), 'run', path('../firmware/images/echo.elf')]

/** How long a person waits for a sign of life. */
export const start: readonly Figure[] = [
  {
    name: 'start.first-announcement',
    unit: 'ms',
    measure: async () => {
      const here = () => untilLine([...firstAnnouncement, '--json'], '"announced"')
      const bare = () => untilLine(['-p', '0'], '0')
      await inTurn(1, here, bare)
      const [samples, other] = await inTurn(REPEATS, here, bare)
      return { samples, against: { name: 'node -p 0, until it prints', samples: other } }
    },
  },
]

/** Milliseconds from spawning Node to a line of its output that contains `text`. */
async function untilLine(args: readonly string[], text: string): Promise<number> {
  const begun = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  let found: number | undefined
  for await (const line of createInterface(child.stdout)) {
    if (line.includes(text)) found ??= performance.now() - begun
  }
  await ended
  if (found === undefined) throw new Error(`node ${args.join(' ')} never printed ${text}`)
  return found
}
