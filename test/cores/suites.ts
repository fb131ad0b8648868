import { amoCases, reservationCases } from './cases-atomic.js'
import { bitCases } from './cases-bits.js'
import { compressedCases } from './cases-compressed.js'
import {
  compressedFloatCases,
  floatCases,
  floatStateCases,
  fusedCases,
  INEXACT,
} from './cases-float.js'
import { immediateCases, jumpCases, memoryCases, registerCases } from './cases-integer.js'
import { randomCase, randomFloatCase, randomWideCase, SCRATCH_WORDS } from './cases-random.js'
import {
  csrCases,
  csrNumberCases,
  deviceCases,
  interruptCases,
  randomEncodingCases,
  trapCases,
} from './cases-system.js'
import { lockCases, protectionCases, userCases } from './cases-user.js'
import { doubleCases, wordCases } from './cases-wide.js'
import type { Case } from './harness.js'
import { Random } from './random.js'

/** Another seed can be tried with OPENAMP_TEST_SEED. */
const seed = Number(process.env['OPENAMP_TEST_SEED'] ?? 20_240_229)
const RANDOM_SEQUENCES = 500
const RANDOM_ENCODINGS = 10_000
const FUSED = 1000
/** Scratch memory that cases of single instructions reach. */
const NEAR = 24

const random = new Random(seed)

interface Suite {
  readonly name: string
  cases(): Case[]
  readonly scratch: number
  /** Compared with compiled code as well, as far as QEMU is concerned. */
  readonly compiled?: boolean
}

/** Programs that execute every instruction there is, by what they are about. */
export const suites: readonly Suite[] = [
  { name: 'register-register instructions', cases: registerCases, scratch: 1 },
  { name: 'immediate instructions', cases: immediateCases, scratch: 1 },
  { name: 'branches and jumps', cases: jumpCases, scratch: 1 },
  { name: 'loads and stores', cases: memoryCases, scratch: NEAR },
  { name: 'atomic memory operations', cases: amoCases, scratch: NEAR },
  { name: 'load-reserved and store-conditional', cases: reservationCases, scratch: NEAR },
  { name: '16-bit encodings, quadrant 0', cases: () => compressedCases(0), scratch: 64 },
  { name: '16-bit encodings, quadrant 1', cases: () => compressedCases(1), scratch: 64 },
  { name: '16-bit encodings, quadrant 2', cases: () => compressedCases(2), scratch: 80 },
  { name: 'CSR instructions', cases: csrCases, scratch: 1 },
  { name: 'which CSRs there are', cases: csrNumberCases, scratch: 1 },
  { name: 'traps', cases: trapCases, scratch: 1 },
  { name: 'interrupts', cases: interruptCases, scratch: 1 },
  { name: 'UART and PLIC registers', cases: deviceCases, scratch: 1 },
  { name: 'bit manipulation', cases: bitCases, scratch: 1, compiled: true },
  { name: 'floating point', cases: () => floatCases(), scratch: 1, compiled: true },
  {
    name: 'floating point after something inexact',
    cases: () => floatCases(INEXACT),
    scratch: 1,
    compiled: true,
  },
  {
    name: `fused multiply-add after something inexact, seed ${seed}`,
    cases: () => fusedCases(random, FUSED, INEXACT),
    scratch: 1,
    compiled: true,
  },
  {
    name: `fused multiply-add, seed ${seed}`,
    cases: () => fusedCases(random, FUSED),
    scratch: 1,
  },
  {
    name: 'floating-point state and memory',
    cases: () => [...floatStateCases(), ...compressedFloatCases()],
    scratch: 80,
    compiled: true,
  },
  { name: 'user mode', cases: userCases, scratch: 1 },
  {
    name: 'physical memory protection',
    cases: () => [...protectionCases(), ...lockCases()],
    scratch: NEAR,
  },
  {
    name: `random encodings, seed ${seed}`,
    cases: () => randomEncodingCases(seed, RANDOM_ENCODINGS),
    scratch: NEAR,
  },
  {
    name: `random sequences, seed ${seed}`,
    cases: () =>
      Array.from({ length: RANDOM_SEQUENCES }, (_, i) => randomCase(random, `sequence ${i}`)),
    scratch: SCRATCH_WORDS,
  },
  {
    name: `random sequences with bits and floats, seed ${seed}`,
    cases: () =>
      Array.from({ length: RANDOM_SEQUENCES }, (_, i) => randomFloatCase(random, `sequence ${i}`)),
    scratch: SCRATCH_WORDS,
    compiled: true,
  },
]

/** The same for RV64IMAC. */
export const wideSuites: readonly Suite[] = [
  {
    name: 'integer instructions',
    cases: () => [...registerCases(), ...immediateCases(), ...wordCases(), ...jumpCases()],
    scratch: 2,
  },
  { name: 'loads and stores', cases: memoryCases, scratch: NEAR },
  {
    name: 'atomic memory operations',
    cases: () => [...amoCases(), ...reservationCases(), ...doubleCases()],
    scratch: NEAR,
  },
  {
    name: '16-bit encodings',
    cases: () => [0, 1, 2].flatMap((quadrant) => everyThird(compressedCases(quadrant))),
    scratch: 80,
  },
  {
    name: 'CSRs, traps and interrupts',
    // Of mcause only the cause and the bit for interrupts can be written here; mstatus.SXL: compare.ts.
    cases: () => [
      ...csrCases().filter(({ name }) => !/mcause|mstatus/.test(name)),
      ...csrNumberCases(),
      ...trapCases(),
      ...interruptCases(),
    ],
    scratch: 2,
  },
  {
    name: 'user mode and physical memory protection',
    cases: () => [...userCases(true), ...protectionCases(true)],
    scratch: NEAR,
  },
  {
    name: `random encodings and sequences, seed ${seed}`,
    cases: () => [
      ...randomEncodingCases(seed, RANDOM_ENCODINGS),
      ...Array.from({ length: RANDOM_SEQUENCES }, (_, i) => randomWideCase(random, `${i}`)),
    ],
    scratch: SCRATCH_WORDS,
  },
]

function everyThird(cases: readonly Case[]): Case[] {
  return cases.filter((_, i) => i % 3 === 0)
}
