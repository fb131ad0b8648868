import { parseArgs } from 'node:util'
import { hex } from '../../base/errors.js'
import { boardSchema } from '../../boards/board-schema.js'
import { boards as catalogue } from '../../boards/catalogue/index.js'
import type { BoardDescription } from '../../boards/description.js'
import { parts } from '../../boards/parts/index.js'
import { boardOption } from '../board-option.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { harmless, harmlessJson, type Terminal } from '../terminal.js'

export const boardsHelp = `usage: openamp boards [NAME|BOARD.json] [options]

Lists the emulated boards; with a name or a file, what that board has.

  --json                    as JSON: a board to start a file of one's own from
  --schema                  the JSON Schema of a board's file

exit codes: 0 done, 2 usage`

export async function boards(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      schema: { type: 'boolean', default: false },
      debug: { type: 'boolean', default: false },
    },
  })
  const [name] = positionals
  const { stdout } = terminal
  if (values.schema) {
    stdout.write(`${JSON.stringify(boardSchema(), undefined, 2)}\n`)
    return EXIT.done
  }
  if (name === undefined) {
    if (values.json) stdout.write(`${harmlessJson(catalogue.map(boardJson), 2)}\n`)
    else stdout.write(list())
    return EXIT.done
  }
  const board = await boardOption(name)
  if (values.json) stdout.write(`${harmlessJson(boardJson(board), 2)}\n`)
  else stdout.write(harmless(describe(board)))
  return EXIT.done
}

function list(): string {
  const width = Math.max(...catalogue.map(({ name }) => name.length))
  return catalogue.map(({ name, about }) => `${name.padEnd(width)}  ${about}\n`).join('')
}

function describe(board: BoardDescription): string {
  const { name, about, core, clock, memory, blocks } = board
  const lines = [
    `${name}: ${about}`,
    `core: ${core.part} (${parts[core.part].about}), ${clock / 1e6} MHz`,
    'memory:',
    ...memory.flatMap(({ name: each, base, size, aliases = [] }) => [
      `  ${hex(base, 8)}  ${hex(size).padEnd(10)}  ${each}${each === board.shared ? ' (rings and buffers)' : ''}`,
      ...aliases.map((alias) => `  ${hex(alias, 8)}  ${hex(size).padEnd(10)}  ${each}, again`),
    ]),
    'registers:',
    ...blocks.map(({ type, name: each, base, size, interrupts = {} }) => {
      const numbers = Object.entries(interrupts).map(([line, number]) => `${line} ${number}`)
      const lead = numbers.length === 0 ? '' : `, interrupts: ${numbers.join(', ')}`
      return `  ${hex(base, 8)}  ${hex(size).padEnd(10)}  ${each} (${type})${lead}`
    }),
  ]
  return `${lines.join('\n')}\n`
}

/** With addresses as people write them. */
function boardJson(board: BoardDescription): unknown {
  const addresses = new Set(['base', 'size', 'offset', 'value', 'set', 'clear', 'reset'])
  return JSON.parse(JSON.stringify(board), (key, value: unknown) => {
    if (typeof value === 'number' && addresses.has(key)) return hex(value)
    if (key === 'aliases' && Array.isArray(value)) return value.map((each) => hex(Number(each)))
    return value
  })
}
