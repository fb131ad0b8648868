import { ByteWriter, type Code, type Locals } from './code.js'
import { I32 } from './opcodes.js'

/** Sections of a module, by their numbers in the specification. */
const Section = { TYPE: 1, IMPORT: 2, FUNCTION: 3, EXPORT: 7, CODE: 10 } as const
const FUNCTION_TYPE = 0x60
/** Kinds of what is imported or exported. */
const Kind = { FUNCTION: 0, MEMORY: 2, GLOBAL: 3 } as const
const MAGIC_AND_VERSION = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0] as const
/** Limits: a minimum; a minimum and a maximum, of shared memory. */
const UNLIMITED = 0
const LIMITED_SHARED = 3
/** Of 64 KiB each: all that there can be. */
const MOST_PAGES = 0x1_0000

/** What an instance of such a module is given, and what it gives. */
export interface RegionImports extends WebAssembly.ModuleImports {
  readonly memory: WebAssembly.Memory
  /** What stands for the module's first entry in the table of jumps. */
  readonly first: number
  readonly helper: Helper
  readonly device: DeviceAccess
}

/** What compiled code asks of its family beside all that it does itself. Of 32 bits each, as the result is. */
export type Helper = (a: number, b: number, c: number) => number
const HELPER_PARAMETERS = 3

/**
 * Has the core make the access of the load or store `packed` at `pc`, as the interpreter does. What is left is in
 * `LEFT`, before and after; `REFUSED` where nothing has been done.
 * @param value that a store writes
 * @returns what a load reads, of as many bits as it reads
 */
export type DeviceAccess = (pc: number, packed: number, address: number, value: number) => number
const DEVICE_PARAMETERS = 4

/**
 * A module with one function, exported as `run`, that works on the imported memory.
 * @param shared whether that is shared memory
 * @param parameters of type i32, as the result is
 * @param calls whether it calls the helper, as function 0, or has the core access devices, as function 1
 */
export function regionModule(
  shared: boolean,
  parameters: number,
  calls: boolean,
  locals: Locals,
  code: Code,
): Uint8Array<ArrayBuffer> {
  const module = new ByteWriter()
  module.append(MAGIC_AND_VERSION)
  section(module, Section.TYPE, (s) => {
    const counts = calls ? [parameters, HELPER_PARAMETERS, DEVICE_PARAMETERS] : [parameters]
    s.unsigned(counts.length)
    for (const length of counts) {
      s.byte(FUNCTION_TYPE)
      s.vector(Array.from({ length }, () => [I32]))
      s.vector([[I32]])
    }
  })
  section(module, Section.IMPORT, (s) => {
    s.unsigned(calls ? 4 : 2)
    s.text('')
    s.text('memory')
    s.byte(Kind.MEMORY)
    // Whatever its size: the same code serves every memory.
    s.byte(shared ? LIMITED_SHARED : UNLIMITED)
    s.unsigned(1)
    if (shared) s.unsigned(MOST_PAGES)
    s.text('')
    s.text('first')
    s.byte(Kind.GLOBAL)
    s.byte(I32)
    s.byte(0)
    if (!calls) return
    for (const [i, name] of ['helper', 'device'].entries()) {
      s.text('')
      s.text(name)
      s.byte(Kind.FUNCTION)
      s.unsigned(i + 1)
    }
  })
  section(module, Section.FUNCTION, (s) => s.vector([[0]]))
  section(module, Section.EXPORT, (s) => {
    s.unsigned(1)
    s.text('run')
    s.byte(Kind.FUNCTION)
    s.unsigned(calls ? 2 : 0)
  })
  section(module, Section.CODE, (s) => {
    const body = new ByteWriter()
    locals.declare(body)
    body.append(code.bytes)
    s.unsigned(1)
    s.unsigned(body.bytes.length)
    s.append(body.bytes)
  })
  return module.bytes.slice()
}

function section(module: ByteWriter, id: number, fill: (section: ByteWriter) => void): void {
  const content = new ByteWriter()
  fill(content)
  module.byte(id)
  module.unsigned(content.bytes.length)
  module.append(content.bytes)
}
