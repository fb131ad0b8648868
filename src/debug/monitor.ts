import type { DebugTarget } from '../machines/emulated/debug-target.js'

const help = `monitor help          these lines
monitor reset         begin a new life of the remote, and stand before its first instruction; GDB
                      shows its registers after "maintenance flush register-cache"
monitor halt          nothing: the remote stands whenever this can be asked
monitor disassemble [N]  the next N (8) instructions at the pc, as openamp reads them
`

/** What a command of GDB's `monitor` prints. */
export async function monitor(
  line: string,
  target: DebugTarget,
  reset: () => Promise<boolean>,
): Promise<string> {
  const [command = '', argument] = line.trim().split(/\s+/)
  switch (command) {
    case 'help':
    case '':
      return help
    // What some debug adapters send for every server that they do not know.
    case 'halt':
      return 'the remote stands\n'
    case 'reset':
      return (await reset())
        ? 'the remote stands before its first instruction; "maintenance flush register-cache" shows it\n'
        : 'the remote could not be reset: it is in reset, or its machine is gone\n'
    case 'disassemble':
      return disassemble(target, argument ?? '8')
    default:
      return `there is no monitor command of that name; these are\n${help}`
  }
}

function disassemble({ core }: DebugTarget, count: string): string {
  const lines: string[] = []
  const most = /^\d{1,3}$/.test(count) ? Number(count) : 8
  let pc = Number(core.readRegister(core.pc) ?? 0n)
  for (let i = 0; i < most; i++) {
    const instruction = core.disassemble(pc)
    if (instruction === undefined) break
    lines.push(`${pc.toString(16).padStart(8, '0')}  ${instruction.text}\n`)
    pc += instruction.size
  }
  return lines.join('')
}
