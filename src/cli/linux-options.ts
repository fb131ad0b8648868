import { type LinuxRemote, linuxRemote } from '../machines/linux/index.js'

/** The options of every command that works on a remote of this machine, as parseArgs takes them. */
export const linuxOptions = {
  remote: { type: 'string' },
  root: { type: 'string', default: '/' },
  json: { type: 'boolean', default: false },
  debug: { type: 'boolean', default: false },
} as const

/** Their lines in a command's help. */
export const linuxHelpLines = `  --remote WHICH            remoteprocN, N, its name, or its alias in the device tree; not needed
                            where there is one
  --root DIR                the folder below which /sys, /dev and /lib/firmware are (/)
  --json                    one JSON object a line`

interface LinuxValues {
  readonly remote?: string | undefined
  readonly root: string
}

/** Does something with the remote that the options mean, and lets it go. */
export async function withRemote<T>(
  { remote, root }: LinuxValues,
  use: (remote: LinuxRemote) => Promise<T>,
): Promise<T> {
  const opened = await linuxRemote({ ...(remote === undefined ? {} : { remote }), root })
  try {
    return await use(opened)
  } finally {
    await opened.close()
  }
}
