import type { Random } from '../random.js'
import type { SystemCase, Target } from './runtime.js'

const all: readonly Target['cpu'][] = ['cortex-m3', 'cortex-m4', 'cortex-m7', 'cortex-m33']

const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`

/** Where QEMU's Cortex-M4 reads as a Cortex-M3: ID_MMFR0, ID_MMFR2, ID_ISAR1 to 3. */
const asCortexM3: readonly number[] = [0xd50, 0xd58, 0xd64, 0xd68, 0xd6c]
/** QEMU's Cortex-M7 has no caches, and no bits of CCR that are set for good. */
const withoutCaches: readonly number[] = [0xd14, 0xd78, 0xd7c, 0xd80]

/** The Secure state's: SAU_TYPE. */
const ofSecurity: readonly number[] = [0xdd4]

const others = (...cpus: Target['cpu'][]): { readonly only: readonly Target['cpu'][] } => ({
  only: all.filter((cpu) => !cpus.includes(cpu)),
})

/** The registers of the system control block, as they read and what they keep. */
export function registerCases(): SystemCase[] {
  const cases: SystemCase[] = []
  for (let offset = 0xd00; offset < 0xdf0; offset += 4) {
    cases.push({
      name: `word ${hex(offset)}`,
      code: `note_at SCS + ${offset}`,
      ...(asCortexM3.includes(offset) ? others('cortex-m4') : {}),
      ...(withoutCaches.includes(offset) ? others('cortex-m7') : {}),
      ...(ofSecurity.includes(offset) ? others('cortex-m33') : {}),
    })
  }
  for (const name of [
    'VTOR',
    'SCR',
    'CCR',
    'SHPR1',
    'SHPR2',
    'SHPR3',
    'BFAR',
    'MMFAR',
    'CPACR',
    'IPR',
  ]) {
    for (const value of [0xffff_fbff, 0x5555_5155, 0]) {
      // QEMU keeps bits of SCR that are not there, and does not sleep on exit. In CCR bit 10 is
      // missing there, and in the Secure state SHPR1 has a priority more.
      if (name === 'SCR' && value !== 0) continue
      cases.push({
        name: `${name} written with ${hex(value)}`,
        code: `put ${name}, ${hex(value)}\n note_at ${name}\n put VTOR, vectors`,
        ...(name === 'CCR' ? others('cortex-m7') : {}),
        ...(name === 'SHPR1' ? others('cortex-m33') : {}),
      })
    }
  }
  for (const [name, code] of [
    ['AIRCR without its key', 'put AIRCR, 0x00000700\n note_at AIRCR'],
    ['AIRCR with its key', 'put AIRCR, 0x05fa0700\n note_at AIRCR'],
    ['enable bits', 'put ISER, 0xf0f0\n put ICER, 0x3030\n note_at ISER\n note_at ICER'],
    ['pending bits', 'put ISPR, 0xf0f0\n put ICPR, 0x3030\n note_at ISPR\n note_at ICPR'],
    [
      'priorities by bytes',
      'ldr r4, =IPR\n mov r5, #0x60\n strb r5, [r4, #2]\n strh r5, [r4, #4]\n note_at IPR\n note_at IPR + 4\n ldrb r6, [r4, #2]\n note r6',
    ],
    [
      'system priorities by bytes',
      'ldr r4, =SHPR1\n mov r5, #0x60\n strb r5, [r4, #2]\n strb r5, [r4, #7]\n note_at SHPR1\n note_at SHPR2',
    ],
    [
      'CFSR by bytes',
      'resume 1f\n on 6, 8f\n udf 1\n1: b 9f\n8: push {r4, lr}\n udiv r0, r0, r0\n pop {r4, lr}\n b.w go_on\n9: ldr r4, =CFSR\n ldrb r5, [r4]\n note r5\n ldrh r5, [r4, #2]\n note r5',
    ],
  ] as const) {
    cases.push({ name, code })
  }
  return cases
}

/** SysTick: what reads and does not depend on how long an instruction takes. */
export const systickCases: readonly SystemCase[] = [
  { name: 'SysTick as it is', code: 'note_at SYST\n note_at SYST + 12' },
  { name: 'SYST_RVR has 24 bits', code: 'put SYST + 4, 0xffffffff\n note_at SYST + 4' },
  {
    name: 'the counter reloads and pends',
    code: 'put SYST + 4, 200\n put SYST + 8, 0\n put SYST, 7\n on 15, 8f\n1: ldr r4, =SCRATCH\n ldr r5, [r4]\n cmp r5, #0\n beq 1b\n b 9f\n8: ldr r0, =SYST\n mov r1, #0\n str r1, [r0]\n ldr r0, =SCRATCH\n mov r1, #1\n str r1, [r0]\n bx lr\n9: note_at SYST',
    // Where in the loop the tick comes in depends on the clocks of the two.
    ignore: ['frame r0', 'frame r1', 'frame r2', 'frame r3', 'frame return address', 'frame xPSR'],
  },
  {
    name: 'COUNTFLAG without the interrupt, cleared by reading',
    code: 'put SYST + 4, 100\n put SYST + 8, 0\n put SYST, 5\n ldr r4, =SYST\n1: ldr r5, [r4]\n tst r5, #0x10000\n beq 1b\n note r5\n mov r6, #0\n str r6, [r4]\n ldr r5, [r4]\n and r5, r5, #7\n note r5',
  },
  {
    name: 'a write to SYST_CVR clears and pends nothing',
    code: 'put SYST + 4, 0xffffff\n put SYST, 7\n put SYST + 8, 5\n note_at ICSR\n put SYST, 4\n note_at SYST',
  },
]

/**
 * A random story of interrupts: Thread mode and every handler do what a script says next, until it
 * says that they end. All that is pended, enabled, ranked and masked is in the script.
 */
export function randomStory(random: Random, name: string, length: number): SystemCase {
  const words: number[] = []
  const op = (address: number, value: number): void => {
    words.push(address, value)
  }
  const bit = (): number => 1 << random.below(8)
  for (let i = 0; i < length; i++) {
    const kind = random.below(16)
    if (kind < 4) op(0xe000_e200, bit() | (random.below(4) === 0 ? bit() | bit() : 0))
    else if (kind < 5) op(0xe000_e280, bit())
    else if (kind < 6) op(0xe000_e100, bit() | bit())
    else if (kind < 7) op(0xe000_e180, bit())
    else if (kind < 9) op(0xe000_e400 + 4 * random.below(2), random.word())
    else if (kind < 10) op(0xe000_ed20, random.word() & ~0xff)
    else if (kind < 11)
      op(0xe000_ed04, [0x1000_0000, 0x0400_0000, 0x0800_0000, 0x0200_0000][random.below(4)] ?? 0)
    else if (kind < 12) op(0xe000_ed0c, 0x05fa_0000 | (random.below(8) << 8))
    else if (kind < 13) op(1, random.below(3) === 0 ? 0 : random.word() & 0xff)
    else if (kind < 14 && i % 7 === 0) op(0xe000_ed04, 0x8000_0000)
    else op(2, 0)
  }
  op(0, 0)
  const body = (label: string, end: string): string => `
${label}: ldr r2, =SCRIPT
   ldr r3, [r2]
   ldrd r0, r1, [r3]
   cmp r0, #0
   beq ${end}
   add r3, r3, #8
   str r3, [r2]
   cmp r0, #1
   it eq
   msreq basepri, r1
   beq ${label}b
   cmp r0, #2
   beq ${end}
   str r1, [r0]
   b ${label}b
`
  return {
    name,
    // QEMU does not leave out of VECTPENDING what BASEPRI masks.
    ignore: ['ICSR'],
    code: `
   put SCRIPT, 5f
   put IPR, 0x${random.word().toString(16)}
   put ISER, 0xff
   ${[2, 14, 15, ...Array.from({ length: 8 }, (_, i) => 16 + i)].map((n) => `on ${n}, 7f`).join('\n   ')}
   mov r0, #0
   ${body('1', '2f')}
2: ldr r2, =SCRIPT
   ldr r3, [r2]
   ldr r0, [r3]
   cmp r0, #0
   bne 1b
   b 9f
   ${body('7', '8f')}
8: bx lr
   .balign 8
5: .word ${words.map(hex).join(', ')}
9: mov r0, #0
   msr basepri, r0
   isb`,
  }
}
