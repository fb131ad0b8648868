import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../base/clock.js'
import { isOpenampError } from '../base/errors.js'
import { buildElf, type ElfSpec } from './build-elf.js'
import { readElf } from './elf.js'
import { elf32 } from './elf-defs.js'
import { readImage } from './format.js'
import type { FirmwareImage } from './image.js'
import { buildResourceTable } from './resource-table/build.js'
import { imageResourceTable } from './resource-table/read.js'
import { memory } from './store.js'
import { type StreamOptions, stream } from './stream-store.js'

const table = buildResourceTable([{ kind: 'trace', name: 'log', da: 0x8000_2000, len: 64 }])

/** An image whose debug information is as long as is asked for, between segments and symbols. */
function image(bits: 32 | 64 = 32, debug = 100, change: Partial<ElfSpec> = {}): Uint8Array {
  return buildElf({
    bits,
    entry: 0x8000_0000,
    segments: [
      { vaddr: 0x8000_0000, data: new Uint8Array(32).fill(0x13), memsz: 64 },
      { vaddr: 0x8000_1000, data: table },
    ],
    sections: [
      { name: '.text', addr: 0x8000_0000, size: 32, flags: 6 },
      { name: '.resource_table', addr: 0x8000_1000, size: table.length, flags: 3 },
      { name: '.debug_info', addr: 0, data: new Uint8Array(debug), flags: 0 },
    ],
    symbols: [{ name: 'main', address: 0x8000_0004, size: 8, section: 0 }],
    ...change,
  })
}

/** The bytes in chunks of a size. `over` says whether somebody has let go of it. */
function chunks(bytes: Uint8Array, size = 64) {
  const state = { over: false, taken: 0 }
  async function* generate(): AsyncGenerator<Uint8Array> {
    try {
      for (let at = 0; at < bytes.length; at += size) {
        state.taken = Math.min(bytes.length, at + size)
        yield bytes.slice(at, at + size)
      }
    } finally {
      state.over = true
    }
  }
  return Object.assign(state, { bytes: generate() })
}

const read = (bytes: Uint8Array, options: StreamOptions = {}, size?: number) =>
  readImage(stream(chunks(bytes, size).bytes, { name: 'passing.elf', ...options }))

/** What of an image does not depend on where it came from. */
function essence({ loadable, sections, findings, entry, machine, functionAt }: FirmwareImage) {
  const loaded = loadable.map(({ paddr, memsz, data }) => ({ paddr, memsz, data: [...data] }))
  const named = sections.map(({ name, addr, size }) => ({ name, addr, size }))
  const found = findings.map(({ where }) => where)
  return { loaded, named, found, entry, machine, main: functionAt(0x8000_0006) }
}

function codeOf(error: unknown): string {
  if (!isOpenampError(error)) throw error
  return error.code
}

describe('an image that passes by once', () => {
  test.each([1, 7, 64, 100_000])('is what it is in memory, in chunks of %d bytes', async (size) => {
    const whole = readElf(image(), 'passing.elf')
    const passed = await read(image(), {}, size)
    expect(essence(passed)).toEqual(essence(whole))
    expect(essence(passed).main).toEqual({ name: 'main', offset: 2 })
    expect(imageResourceTable(passed)?.entries).toEqual(imageResourceTable(whole)?.entries)
  })

  test.each([32, 64] as const)(
    'is refused where it ends early, at any byte: ELF%d',
    async (bits) => {
      const bytes = image(bits)
      for (let length = 0; length < bytes.length; length++) {
        const error: unknown = await read(bytes.slice(0, length)).catch((reason: unknown) => reason)
        expect(isOpenampError(error, 'ERR_IMAGE'), `${length}: ${error}`).toBe(true)
      }
    },
  )

  test.each([32, 64] as const)(
    'is refused for what it is refused for in memory, with any byte changed: ELF%d',
    async (bits) => {
      const bytes = image(bits)
      const change = fc.tuple(fc.nat(bytes.length - 1), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff))
      const property = fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        async (changes) => {
          const broken = bytes.slice()
          for (const [at, value] of changes) broken[at] = value
          const [whole, passed] = await Promise.all([
            readImage(broken).then(essence, codeOf),
            read(broken).then(essence, codeOf),
          ])
          expect(passed).toEqual(whole)
        },
      )
      await fc.assert(property, { numRuns: 500 })
    },
  )

  test('is not held whole: debug information passes by', async () => {
    const bytes = image(32, 8 << 20)
    const store = stream(chunks(bytes, 0x1_0000).bytes)
    const passed = await readImage(store, { limit: 0x1000 })
    expect(passed.section('.debug_info')).toMatchObject({ size: 8 << 20, data: undefined })
    expect(passed.functionAt(0x8000_0004)?.name).toBe('main')
  })

  test('keeps what came last, and gives no more than that twice', async () => {
    const source = chunks(new Uint8Array(20_000), 1000)
    const opened = await stream(source.bytes, { window: 5000 }).open({})
    expect(await opened.load(19_000, 5000)).toHaveLength(1000)
    expect(await opened.load(15_000, 10)).toHaveLength(10)
    expect(await opened.load(12_000, 10)).toBeUndefined()
  })

  test('is known without names and symbols where those are too far back', async () => {
    // The section headers alone are more than the window.
    const many = Array.from({ length: 200 }, (_, i) => ({
      name: `.s${i}`,
      addr: 0,
      size: 0,
      type: 8,
    }))
    const passed = await read(image(32, 0, { sections: many }), { window: 0 }, 16)
    expect(passed.loadable).toHaveLength(2)
    expect(passed.sections.map(({ name }) => name)).toEqual(passed.sections.map(() => ''))
    expect(passed.functionAt(0x8000_0004)).toBeUndefined()
    expect(passed.findings.map(({ where }) => where)).toEqual(['section names', 'section '])
  })

  test('is refused where its program headers come after what they load', async () => {
    const bytes = image()
    const at = bytes.length + 8192
    const moved = new Uint8Array(at + 2 * elf32.phdr.size)
    moved.set(bytes)
    const view = new DataView(moved.buffer)
    const headers = bytes.slice(elf32.ehdr.size, elf32.ehdr.size + 2 * elf32.phdr.size)
    moved.set(headers, at)
    view.setUint32(elf32.ehdr.e_phoff, at, true)
    expect((await readImage(memory(moved))).loadable).toHaveLength(2)
    await expect(read(moved, { window: 0 })).rejects.toMatchObject({
      code: 'ERR_IMAGE',
      message: expect.stringMatching(/bytes of program header 0: .*have passed/),
    })
  })

  test('is let go of when all is read that is needed, even if it never ends', async () => {
    const bytes = image()
    const endless = new Uint8Array(bytes.length + (64 << 20))
    endless.set(bytes)
    const source = chunks(endless, 4096)
    await readImage(stream(source.bytes))
    expect(source.over).toBe(true)
    expect(source.taken).toBeLessThan(bytes.length + 2 * 4096)
  })

  test('can be read only once', async () => {
    const store = stream(chunks(image()).bytes, { name: 'pipe' })
    await readImage(store)
    await expect(readImage(store)).rejects.toMatchObject({
      code: 'ERR_STATE',
      message: expect.stringContaining('pipe: it has passed'),
    })
  })

  test('may be a Web stream', async () => {
    const bytes = image()
    let cancelled = false
    const source = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(bytes),
      cancel: () => {
        cancelled = true
      },
    })
    expect((await readImage(stream(source))).loadable).toHaveLength(2)
    expect(cancelled).toBe(true)
  })
})

describe('a stream that is not what it says is refused:', () => {
  const bytes = image()

  test('one that ends before its length', async () => {
    const size = bytes.length + 1
    await expect(read(bytes, { size })).rejects.toMatchObject({
      code: 'ERR_IMAGE',
      message: `passing.elf: it ends after ${bytes.length} bytes, and says that it has ${size}`,
    })
  })

  test('one that goes on after its length', async () => {
    const longer = new Uint8Array(bytes.length + 1)
    longer.set(bytes)
    await expect(read(longer, { size: bytes.length })).rejects.toMatchObject({
      code: 'ERR_IMAGE',
      message: expect.stringContaining(`goes on after the ${bytes.length} bytes`),
    })
  })

  test('one that fails on the way, with the cause', async () => {
    const cause = new Error('the cable came out')
    async function* source(): AsyncGenerator<Uint8Array> {
      yield bytes.slice(0, 100)
      throw cause
    }
    await expect(readImage(stream(source()))).rejects.toMatchObject({
      code: 'ERR_IMAGE',
      message: 'stream: cannot be read: the cable came out',
      cause,
    })
  })

  test('one of text', async () => {
    async function* source(): AsyncGenerator<Uint8Array> {
      yield* JSON.parse('["text"]')
    }
    await expect(readImage(stream(source()))).rejects.toMatchObject({
      code: 'ERR_IMAGE',
      message: expect.stringContaining('expected a stream of bytes (Uint8Array), found string'),
    })
  })

  test('one that wants more held than may be', async () => {
    const large = image(32, 0, {
      segments: [{ vaddr: 0x8000_0000, data: new Uint8Array(0x10_0000) }],
      sections: [],
    })
    const source = chunks(large)
    await expect(readImage(stream(source.bytes), { limit: 0x1000 })).rejects.toMatchObject({
      code: 'ERR_IMAGE',
      message: expect.stringContaining('expected at most 0x1000 bytes to hold'),
    })
    expect(source.taken).toBeLessThan(0x1000)
  })
})

describe('a stream that never ends', () => {
  async function* endless(start: Uint8Array): AsyncGenerator<Uint8Array> {
    yield start
    for (;;) yield new Uint8Array(0x1000)
  }
  const where = (offset: number): Uint8Array => {
    const bytes = image()
    new DataView(bytes.buffer).setUint32(elf32.ehdr.e_shoff, offset, true)
    return bytes
  }

  test('is given up once more has passed than may', async () => {
    const passing = stream(endless(where(0xfff0)), { most: 0x1_0000 })
    await expect(readImage(passing)).rejects.toMatchObject({
      code: 'ERR_IMAGE',
      message: 'stream: at most 0x10000 bytes may pass, and it goes on',
    })
  })

  test('is not waited for where it says that its headers stand beyond that', async () => {
    const passing = stream(endless(where(0xffff_fff0)))
    await expect(readImage(passing)).rejects.toMatchObject({
      code: 'ERR_IMAGE',
      message:
        'stream: at most 0x40000000 bytes may pass, and what is needed of it stands at 0xfffffff0',
    })
  })
})

describe('a stream from which nothing comes', () => {
  /** Gives the first bytes, and then says nothing. */
  function silent(empty = false) {
    const state = { asked: 0, over: false }
    const source: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          if (state.asked++ === 0) return { done: false, value: image().slice(0, 64) }
          if (empty) return { done: false, value: new Uint8Array(0) }
          return new Promise(() => {})
        },
        return: async () => {
          state.over = true
          return { done: true, value: undefined }
        },
      }),
    }
    return Object.assign(state, { source })
  }

  test.each([false, true])('ends with the deadline; empty chunks: %s', async (empty) => {
    const clock = new VirtualClock()
    const silence = silent(empty)
    const reading = readImage(stream(silence.source, { name: 'pipe', stall: 500, clock }))
    const ended = expect(reading).rejects.toMatchObject({
      code: 'ERR_TIMEOUT',
      message: 'no byte of pipe after the 64 that came within 500 ms',
    })
    await new Promise((resolve) => setImmediate(resolve))
    clock.advanceTo(500e6)
    await ended
    expect(silence.over).toBe(true)
  })

  test('ends when it is aborted', async () => {
    const aborter = new AbortController()
    const silence = silent()
    const reading = readImage(stream(silence.source), { signal: aborter.signal })
    const ended = expect(reading).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    await new Promise((resolve) => setImmediate(resolve))
    aborter.abort()
    await ended
    expect(silence.over).toBe(true)
  })

  test('of Node’s is destroyed, though it is being read', async () => {
    const source = new PassThrough()
    const aborter = new AbortController()
    const reading = readImage(stream(source), { signal: aborter.signal })
    const ended = expect(reading).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    await new Promise((resolve) => setImmediate(resolve))
    aborter.abort()
    await ended
    expect(source.destroyed).toBe(true)
  })

  test('is not even begun where it was aborted before', async () => {
    const silence = silent()
    const signal = AbortSignal.abort()
    await expect(readImage(stream(silence.source), { signal })).rejects.toMatchObject({
      code: 'ERR_ABORTED',
    })
    expect(silence.asked).toBe(0)
  })
})
