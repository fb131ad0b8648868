import { describe, expect, it } from 'vitest'
import { needsTool } from '../../tools.js'
import { Random } from '../random.js'
import { entryCases, priorityCases, returnCases } from './cases-exceptions.js'
import { derivedCases, faultCases, limitCases, mpuCases } from './cases-faults.js'
import { floatingCases } from './cases-floating.js'
import { randomStory, registerCases, systickCases } from './cases-registers.js'
import { type CaseLog, readLog } from './log.js'
import { assemble, runOnCore, runOnQemu } from './machines.js'
import { type SystemCase, type Target, targets } from './runtime.js'

/** Another seed can be tried with OPENAMP_TEST_SEED. */
const seed = Number(process.env['OPENAMP_TEST_SEED'] ?? 20_240_229)
const STORIES = 20
const STORY_LENGTH = 120

const random = new Random(seed)
const stories = Array.from({ length: STORIES }, (_, i) =>
  randomStory(random, `story ${i} of seed ${seed}`, STORY_LENGTH),
)

const suites: readonly { readonly name: string; readonly cases: readonly SystemCase[] }[] = [
  { name: 'entry to exceptions, and return', cases: entryCases },
  { name: 'priorities', cases: priorityCases },
  { name: 'returns that are refused', cases: returnCases },
  { name: 'faults', cases: faultCases },
  { name: 'faults of exception entry and return', cases: derivedCases },
  { name: 'stack limits', cases: limitCases },
  { name: 'memory protection', cases: mpuCases },
  { name: 'floating-point state', cases: floatingCases },
  { name: 'registers', cases: registerCases() },
  { name: 'SysTick', cases: systickCases },
  { name: `random stories of interrupts, seed ${seed}`, cases: stories },
]

const tests = targets.length
const qemu = needsTool('qemu-system-arm', 'qemu-system-arm', tests)
const assembler = needsTool('arm-none-eabi-as', 'binutils-arm-none-eabi', tests)

/** One line for each case whose log differs, with the first difference. */
function differences(cases: readonly SystemCase[], qemu: CaseLog[], core: CaseLog[]): string[] {
  return cases.flatMap(({ name, ignore = [] }, i) => {
    const kept = (log: CaseLog | undefined): string[] =>
      (log ?? ['nothing in the log']).filter((line) => !ignore.includes(line.split(':')[0] ?? ''))
    const expected = kept(qemu[i])
    const found = kept(core[i])
    const at = expected.findIndex((line, j) => line !== found[j])
    if (at < 0 && expected.length === found.length) return []
    const events = expected.slice(0, at + 1).filter((line) => line.startsWith('event')).length
    return [`${name}: event ${events}: ${expected[at]} on QEMU, ${found[at]} here`]
  })
}

function casesFor(target: Target): SystemCase[] {
  return suites.flatMap(({ name, cases }) =>
    cases
      .filter(({ only }) => only === undefined || only.includes(target.cpu))
      .map((one) => ({ ...one, name: `${name}: ${one.name}` })),
  )
}

describe.skipIf(qemu === undefined || assembler === undefined)(
  'exceptions and private peripherals of a core do what QEMU does',
  () => {
    for (const target of targets) {
      it(`on ${target.cpu}, as ${target.machine} has it`, () => {
        const cases = casesFor(target)
        const image = assemble(target, cases)
        const expected = readLog(runOnQemu(target, image), cases)
        const found = readLog(runOnCore(target, image), cases)
        console.log(`${target.machine}: ${cases.length} programs compared`)
        expect(expected.length).toBe(cases.length)
        expect(differences(cases, expected, found).join('\n')).toBe('')
      })
    }
  },
)
