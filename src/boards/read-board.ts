import { hex, OpenampError } from '../base/errors.js'
import { blockTypes } from './blocks/index.js'
import type {
  BlockDescription,
  BoardDescription,
  CoreDescription,
  MemoryDescription,
} from './description.js'
import { isPartName, parts } from './parts/index.js'
import { JsonObject } from './read-json.js'
import type { RegisterOverride } from './unmodelled.js'

const PAGE = 0x1000
const ADDRESS_END = 0x1_0000_0000
const WORD_MAX = 0xffff_ffff
/** External interrupts of a Cortex-M (ICTR), and more than a PLIC here has. */
const INTERRUPT_MAX = 495
const MEMORY_MAX = 0x4000_0000

/**
 * Reads a board's description as JSON has it: what is in `schema/board.schema.json`.
 * @param json what `JSON.parse` gave
 * @param what names it in errors: the file
 * @throws ERR_USAGE, with the place, what was expected there, and what was found
 */
export function readBoard(json: unknown, what: string): BoardDescription {
  const board = JsonObject.of(json, what, '')
  board.only(
    '$schema',
    'name',
    'about',
    'core',
    'clock',
    'memory',
    'shared',
    'headStart',
    'renumbers',
    'blocks',
  )
  const name = board.text('name')
  const memory = board.list('memory').map(readMemory)
  const [first, ...rest] = memory
  if (first === undefined) throw board.wrong('memory', 'one memory at least', 'none')
  checkMemory(board, memory)
  const shared = board.text('shared', first.name)
  if (!memory.some((each) => each.name === shared)) {
    const names = memory.map((each) => each.name).join(', ')
    throw board.wrong('shared', `the name of a memory (${names})`, `"${shared}"`)
  }
  const blocks = board.list('blocks', []).map(readBlock)
  checkBlocks(board, blocks, memory)
  const headStart = board.optionalNumber('headStart', 1, 1000)
  const renumbers = board.optionalFlag('renumbers') ?? false
  return {
    name,
    about: board.text('about', ''),
    core: readCore(board.object('core')),
    clock: board.number('clock', 1, 10_000_000_000),
    memory: [first, ...rest],
    shared,
    ...(headStart === undefined ? {} : { headStart }),
    ...(renumbers ? { renumbers } : {}),
    blocks,
  }
}

function readCore(core: JsonObject): CoreDescription {
  core.only('part', 'interrupts', 'priorityBits', 'vectors', 'secure', 'referenceClock')
  const part = core.text('part')
  if (!isPartName(part)) {
    throw core.wrong('part', `a core (${Object.keys(parts).join(', ')})`, `"${part}"`)
  }
  const interrupts = core.optionalNumber('interrupts', 1, INTERRUPT_MAX + 1)
  const priorityBits = core.optionalNumber('priorityBits', 2, 8)
  const vectors = core.optionalNumber('vectors', 0, ADDRESS_END - 4)
  const secure = core.optionalFlag('secure')
  const referenceClock = core.optionalNumber('referenceClock', 1, 10_000_000_000)
  return {
    part,
    ...(interrupts === undefined ? {} : { interrupts }),
    ...(priorityBits === undefined ? {} : { priorityBits }),
    ...(vectors === undefined ? {} : { vectors }),
    ...(secure === undefined ? {} : { secure }),
    ...(referenceClock === undefined ? {} : { referenceClock }),
  }
}

function readMemory(memory: JsonObject): MemoryDescription {
  memory.only('name', 'base', 'size', 'aliases')
  const aliases = memory.numbers('aliases', 0, ADDRESS_END - PAGE)
  const place = {
    name: memory.text('name'),
    base: memory.number('base', 0, ADDRESS_END - PAGE),
    size: memory.number('size', PAGE, MEMORY_MAX),
    ...(aliases === undefined ? {} : { aliases }),
  }
  for (const [key, value] of [
    ['base', place.base],
    ['size', place.size],
    ...(aliases ?? []).map((base) => ['aliases', base] as const),
  ] as const) {
    if (value % PAGE !== 0) throw memory.wrong(key, `a multiple of ${hex(PAGE)}`, hex(value))
  }
  return place
}

function readBlock(block: JsonObject): BlockDescription {
  block.only(
    'type',
    'name',
    'base',
    'size',
    'aliases',
    'interrupts',
    'options',
    'translated',
    'overrides',
  )
  const type = block.text('type')
  const blockType = Object.hasOwn(blockTypes, type) ? blockTypes[type] : undefined
  if (blockType === undefined) {
    throw block.wrong('type', `a block type (${Object.keys(blockTypes).join(', ')})`, `"${type}"`)
  }
  const interrupts = block.optionalObject('interrupts')
  interrupts?.only(...(blockType.interrupts ?? []))
  const options = block.optionalObject('options')
  options?.only(...Object.keys(blockType.options ?? {}))
  const size = block.number('size', 4, ADDRESS_END)
  const aliases = block.numbers('aliases', 0, ADDRESS_END - 4)
  const translated = block.optionalFlag('translated') ?? false
  return {
    type,
    name: block.text('name', type),
    base: block.number('base', 0, ADDRESS_END - 4),
    size,
    ...(aliases === undefined ? {} : { aliases }),
    ...(interrupts === undefined ? {} : { interrupts: interrupts.allNumbers(0, INTERRUPT_MAX) }),
    ...(options === undefined ? {} : { options: options.allNumbers(0, WORD_MAX) }),
    ...(translated ? { translated } : {}),
    overrides: block.list('overrides', []).map((override) => readOverride(override, size)),
  }
}

function readOverride(override: JsonObject, size: number): RegisterOverride {
  override.only('offset', 'reset', 'value', 'set', 'clear')
  const offset = override.number('offset', 0, size - 4)
  if (offset % 4 !== 0) throw override.wrong('offset', 'a multiple of 4', hex(offset))
  const fields: Record<string, number> = {}
  for (const key of ['reset', 'value', 'set', 'clear']) {
    const value = override.optionalNumber(key, 0, WORD_MAX)
    if (value !== undefined) fields[key] = value
  }
  return { offset, ...fields }
}

function checkMemory(board: JsonObject, memory: readonly MemoryDescription[]): void {
  const ranges = memory.flatMap(({ name, base, size, aliases = [] }) =>
    [base, ...aliases].map((start) => ({ name, start, end: start + size })),
  )
  ranges.sort((a, b) => a.start - b.start)
  ranges.forEach(({ name, end }, i) => {
    if (end > ADDRESS_END) {
      throw board.wrong('memory', 'addresses of 32 bits', `${name} up to ${hex(end - 1)}`)
    }
    const next = ranges[i + 1]
    if (next !== undefined && end > next.start) {
      const found = `${name} and ${next.name} both at ${hex(next.start, 8)}`
      throw board.wrong('memory', 'no two memories at one address', found)
    }
  })
  const names = new Set(memory.map(({ name }) => name))
  if (names.size !== memory.length) {
    throw board.wrong('memory', 'a name of its own for each', 'the same name twice')
  }
}

function checkBlocks(
  board: JsonObject,
  blocks: readonly BlockDescription[],
  memory: readonly MemoryDescription[],
): void {
  for (const block of blocks) {
    const end = block.base + block.size
    if (end > ADDRESS_END) {
      throw board.wrong('blocks', 'addresses of 32 bits', `${block.name} up to ${hex(end - 1)}`)
    }
    for (const { name, base, size, aliases = [] } of memory) {
      if (![base, ...aliases].some((start) => start < end && block.base < start + size)) continue
      const found = `block ${block.name} and memory ${name} at ${hex(block.base, 8)}`
      throw board.wrong('blocks', 'no registers where memory is', found)
    }
  }
  const named = (some: readonly BlockDescription[]): string =>
    some.map(({ name }) => name).join(', ')
  const mailboxes = blocks.filter(({ type }) => blockTypes[type]?.mailbox === true)
  if (mailboxes.length > 1) throw board.wrong('blocks', 'one mailbox', named(mailboxes))
  const translations = blocks.filter(({ type }) => blockTypes[type]?.translation === true)
  if (translations.length > 1) {
    throw board.wrong('blocks', 'one translation of addresses', named(translations))
  }
  const unreached = blocks.find(({ translated }) => translated === true)
  if (unreached !== undefined && translations.length === 0) {
    throw board.wrong('blocks', `a block that translates to ${unreached.name}`, 'none')
  }
}

/** What `JSON.parse` makes of a board's file. @throws ERR_USAGE where it is no JSON */
export function parseBoard(text: string, what: string): BoardDescription {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OpenampError('ERR_USAGE', `${what}: it is no JSON: ${why}`, { cause })
  }
  return readBoard(json, what)
}
