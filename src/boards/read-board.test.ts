import { expect, test } from 'vitest'
import { boards } from './catalogue/index.js'
import { EmulatedBoard } from './emulated-board.js'
import { parseBoard, readBoard } from './read-board.js'

const small = {
  name: 'small',
  core: { part: 'cortex-m4' },
  clock: 1_000_000,
  memory: [{ name: 'sram', base: '0x2000_0000', size: '0x10000', aliases: ['0x0'] }],
  blocks: [
    {
      type: 'ipcc',
      base: '0x40000000',
      size: '0x400',
      interrupts: { 'receive-occupied': 3 },
      overrides: [{ offset: '0x100', value: 5 }],
    },
  ],
}

type Change = (board: {
  [key: string]: unknown
  core: Record<string, unknown>
  memory: Record<string, unknown>[]
  blocks: Record<string, unknown>[]
}) => void

test('numbers may be written in hexadecimal, and what is left out has its value', () => {
  const board = readBoard(small, 'board.json')
  expect(board).toMatchObject({ about: '', shared: 'sram', memory: [{ base: 0x2000_0000 }] })
  expect(new EmulatedBoard(board).load(0x4000_0100, 4)).toBe(5)
})

test.each(boards.map((board) => [board.name, board] as const))(
  '%s can be written as JSON',
  (_, board) => {
    const read = parseBoard(JSON.stringify(board), 'board.json')
    const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
    const withoutOverrides = { ...read, blocks: read.blocks.map(dropEmptyOverrides) }
    expect(plain(withoutOverrides)).toEqual(plain(board))
  },
)

function dropEmptyOverrides<T extends { readonly overrides?: readonly unknown[] }>(
  block: T,
): unknown {
  const { overrides = [], ...rest } = block
  return overrides.length === 0 ? rest : { ...rest, overrides }
}

const wrong: readonly (readonly [string, string, Change])[] = [
  [
    'a name that is none',
    'name: expected a string, found 7',
    (board) => {
      board['name'] = 7
    },
  ],
  [
    'a field that there is not',
    'clok: expected one of $schema, name',
    (board) => {
      board['clok'] = 1
    },
  ],
  [
    'a core that there is not',
    'core.part: expected a core (rv32imafc, ',
    (board) => {
      board.core['part'] = 'z80'
    },
  ],
  [
    'no memory',
    'memory: expected one memory at least, found none',
    (board) => {
      board.memory = []
    },
  ],
  [
    'an odd size',
    'memory[0].size: expected a multiple of 0x1000, found 0x1001',
    (board) => {
      Object.assign(board.memory[0] ?? {}, { size: '0x1001' })
    },
  ],
  [
    'two memories at one address',
    'found sram and other both at 0x20008000',
    (board) => {
      board.memory.push({ name: 'other', base: '0x20008000', size: '0x1000' })
    },
  ],
  [
    'a shared memory that there is not',
    'shared: expected the name of a memory (sram)',
    (board) => {
      board['shared'] = 'x'
    },
  ],
  [
    'a block type that there is not',
    'blocks[0].type: expected a block type (registers, ',
    (board) => {
      Object.assign(board.blocks[0] ?? {}, { type: 'uart' })
    },
  ],
  [
    'an interrupt that the block has not',
    'blocks[0].interrupts.rx: expected one of receive-occupied, transmit-free',
    (board) => {
      Object.assign(board.blocks[0] ?? {}, { interrupts: { rx: 1 } })
    },
  ],
  [
    'an override outside its block',
    'blocks[0].overrides[0].offset: expected a whole number from 0x0 to 0x3fc',
    (board) => {
      Object.assign(board.blocks[0] ?? {}, { overrides: [{ offset: '0x400' }] })
    },
  ],
  [
    'registers where memory is',
    'block b and memory sram at 0x20000000',
    (board) => {
      board.blocks.push({ type: 'registers', name: 'b', base: '0x20000000', size: '0x100' })
    },
  ],
  [
    'two mailboxes',
    'blocks: expected one mailbox, found ipcc, mu',
    (board) => {
      board.blocks.push({ type: 'mu', base: '0x50000000', size: '0x100' })
    },
  ],
  [
    'two translations of addresses',
    'blocks: expected one translation of addresses, found a, b',
    (board) => {
      for (const name of ['a', 'b']) {
        board.blocks.push({ type: 'ti-rat', name, base: '0x50000000', size: '0x1000' })
      }
    },
  ],
  [
    'a block behind a translation that there is not',
    'blocks: expected a block that translates to b, found none',
    (board) => {
      const place = { base: '0x50000000', size: '0x100', translated: true }
      board.blocks.push({ type: 'registers', name: 'b', ...place })
    },
  ],
]

test.each(wrong)('%s is told with its place', (_, message, change) => {
  const board = structuredClone(small) as Parameters<Change>[0]
  change(board)
  expect(() => readBoard(board, 'board.json')).toThrow(
    expect.objectContaining({ code: 'ERR_USAGE', message: expect.stringContaining(message) }),
  )
})

test('what is no JSON is told so', () => {
  expect(() => parseBoard('{', 'board.json')).toThrow(/^board.json: it is no JSON: /)
})
