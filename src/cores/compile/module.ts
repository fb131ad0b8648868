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
}

/** What compiled code asks of its family beside all that it does itself. Of 32 bits each, as the result is. */
export type Helper = (a: number, b: number, c: number) => number
const HELPER_PARAMETERS = 3

/**
 * A module with one function, exported as `run`, that works on the imported memory.
 * @param shared whether that is shared memory
 * @param parameters of type i32, as the result is
 * @param helped whether it calls the helper, as function 0
 */
export function regionModule(
  shared: boolean,
  parameters: number,
  helped: boolean,
  locals: Locals,
  code: Code,
): Uint8Array<ArrayBuffer> {
  const module = new ByteWriter()
  module.append(MAGIC_AND_VERSION)
  section(module, Section.TYPE, (s) => {
    const counts = helped ? [parameters, HELPER_PARAMETERS] : [parameters]
    s.unsigned(counts.length)
    for (const length of counts) {
      s.byte(FUNCTION_TYPE)
      s.vector(Array.from({ length }, () => [I32]))
      s.vector([[I32]])
    }
  })
  section(module, Section.IMPORT, (s) => {
    s.unsigned(helped ? 3 : 2)
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
    if (!helped) return
    s.text('')
    s.text('helper')
    s.byte(Kind.FUNCTION)
    s.unsigned(1)
  })
  section(module, Section.FUNCTION, (s) => s.vector([[0]]))
  section(module, Section.EXPORT, (s) => {
    s.unsigned(1)
    s.text('run')
    s.byte(Kind.FUNCTION)
    s.unsigned(helped ? 1 : 0)
  })
  section(module, Section.CODE, (s) => {
    const body = new ByteWriter()
    locals.declare(body)
    body.append(code.bytes)
    s.unsigned(1)
    s.unsigned(body.bytes.length)
    s.append(body.bytes)
  })
  return Uint8Array.from(module.bytes)
}

function section(module: ByteWriter, id: number, fill: (section: ByteWriter) => void): void {
  const content = new ByteWriter()
  fill(content)
  module.byte(id)
  module.unsigned(content.bytes.length)
  module.append(content.bytes)
}
