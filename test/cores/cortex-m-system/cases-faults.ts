import type { SystemCase, Target } from './runtime.js'

const WITH_FPU: readonly Target['cpu'][] = ['cortex-m4', 'cortex-m7', 'cortex-m33']
const V7: readonly Target['cpu'][] = ['cortex-m3', 'cortex-m4', 'cortex-m7']
const V8: readonly Target['cpu'][] = ['cortex-m33']

/** What faults, as code that goes on at 1. */
const faults: readonly {
  readonly name: string
  readonly code: string
  readonly only?: readonly Target['cpu'][]
}[] = [
  { name: 'an undefined instruction', code: 'udf 1\n1:' },
  { name: 'a long undefined instruction', code: 'udf.w 1\n1:' },
  {
    name: 'an unaligned load that traps',
    code: 'put CCR, 0x208\n ldr r2, =SCRATCH + 1\n ldr r2, [r2]\n1:',
  },
  { name: 'an unaligned load of two words', code: 'ldr r4, =SCRATCH + 2\n ldrd r2, r3, [r4]\n1:' },
  { name: 'an unaligned load of several', code: 'ldr r4, =SCRATCH + 2\n ldm r4, {r2, r3}\n1:' },
  {
    name: 'a division by zero that traps',
    // The barrier is for QEMU, which otherwise stacks r2 as it was before the instruction before.
    code: 'put CCR, 0x210\n mov r2, #0\n isb\n udiv r2, r2, r2\n1:',
  },
  { name: 'a division by zero that does not', code: 'mov r2, #0\n sdiv r2, r4, r2\n note r2\n1:' },
  { name: 'a branch to an even address', code: 'ldr r2, =2f\n bx r2\n .balign 4\n2: nop\n1:' },
  { name: 'a coprocessor that is not there', code: 'mcr p3, 0, r0, c0, c0\n1:' },
  { name: 'floating point disabled', only: WITH_FPU, code: 'put CPACR, 0\n vmov s0, r0\n1:' },
  {
    name: 'floating point for the privileged',
    only: WITH_FPU,
    code: 'put CPACR, 0x500000\n drop_privilege\n vmov s0, r0\n1:',
  },
  { name: 'a load from nowhere', code: 'ldr r2, =NOWHERE + 4\n ldr r2, [r2]\n1:' },
  { name: 'a load of a byte from nowhere', code: 'ldr r2, =NOWHERE + 3\n ldrb r2, [r2]\n1:' },
  { name: 'a store to nowhere', code: 'ldr r2, =NOWHERE + 8\n str r2, [r2]\n1:' },
  { name: 'code nowhere', code: 'ldr r2, =NOWHERE + 1\n bx r2\n1:' },
  { name: 'code where devices are', code: 'ldr r2, =0xa0000001\n bx r2\n1:' },
  { name: 'code in the system space', code: 'ldr r2, =0xe0000001\n bx r2\n1:' },
  {
    name: 'unprivileged code at the system control space',
    code: 'drop_privilege\n ldr r2, =CCR\n ldr r2, [r2]\n1:',
  },
  {
    name: 'unprivileged code writing there',
    code: 'drop_privilege\n ldr r2, =CCR\n str r2, [r2]\n1:',
  },
  { name: 'unprivileged STIR', code: 'put ISER, 1\n drop_privilege\n put STIR, 0\n1:' },
  {
    name: 'unprivileged STIR that is allowed',
    code: 'put ISER, 1\n put CCR, 0x202\n drop_privilege\n put STIR, 0\n1:',
  },
]

/** Each fault where its exception is enabled, where it is not, and in a handler as urgent. */
export const faultCases: readonly SystemCase[] = faults.flatMap(({ name, code, only }) => {
  const rest = only === undefined ? {} : { only }
  return [
    { name, code: `resume 1f\n ${code}`, ...rest },
    { name: `${name}, as a HardFault`, code: `put SHCSR, 0\n resume 1f\n ${code}`, ...rest },
    { name: `${name}, on PSP`, code: `use_psp\n resume 1f\n ${code}`, ...rest },
    {
      name: `${name}, behind BASEPRI`,
      // QEMU does not leave out of VECTPENDING what BASEPRI masks.
      ignore: ['ICSR'],
      code: `put SHPR1, 0x00404040\n mov r0, #0x40\n msr basepri, r0\n isb\n resume 1f\n ${code}`,
      ...rest,
    },
    {
      name: `${name}, behind PRIMASK`,
      // Unprivileged code that does not fault cannot get its masks off again, so its SVC at the end
      // is a HardFault: QEMU returns behind it, the manual to it.
      ...(name.endsWith('allowed') ? { ignore: ['frame return address'] } : {}),
      code: `cpsid i\n resume 1f\n ${code}\n nop`,
      ...rest,
    },
  ]
})

/** Faults of the exception machinery itself. */
export const derivedCases: readonly SystemCase[] = [
  ...[0x10, 0x30].map((priority) => ({
    name: `a frame on no memory, with BusFault at ${priority}`,
    code: `put SHPR1, ${priority} << 8\n put IPR, 0x20\n put ISER, 1\n on 5, 8f\n use_psp
      ldr r0, =NOWHERE + 0x100\n mov sp, r0\n put NO_FRAME, 1\n put ISPR, 1\n b 9f
8: ldr r0, =PSP_TOP - 32\n msr psp, r0\n mov r1, #0x01000000\n str r1, [r0, #28]\n ldr r1, =9f\n str r1, [r0, #24]
   bx lr\n9:`,
    ignore: ['frame r0', 'frame r1'],
  })),
  {
    name: 'a frame on no memory is a HardFault where BusFault is disabled',
    code: `put SHCSR, 0\n put ISER, 1\n on 3, 8f\n use_psp\n ldr r0, =NOWHERE + 0x100\n mov sp, r0
      put NO_FRAME, 1\n put ISPR, 1\n b 9f
8: ldr r0, =PSP_TOP - 32\n msr psp, r0\n mov r1, #0x01000000\n str r1, [r0, #28]\n ldr r1, =9f\n str r1, [r0, #24]
   bx lr\n9:`,
  },
  {
    name: 'a frame that has gone when it is returned to',
    code: `on 14, 7f\n on 5, 8f\n use_psp\n put ICSR, 0x10000000\n b 9f
7: ldr r0, =NO_FRAME\n mov r1, #1\n str r1, [r0]\n ldr r0, =NOWHERE\n msr psp, r0\n bx lr
8: ldr r0, =PSP_TOP - 32\n msr psp, r0\n mov r1, #0x01000000\n str r1, [r0, #28]\n ldr r1, =9f\n str r1, [r0, #24]
   bx lr\n9:`,
  },
  {
    name: 'no vector',
    // What QEMU has in PSR bits after it is the same; it is the pending interrupt that comes next.
    code: `ldr r0, =SCRATCH\n ldr r1, =event + 1\n str r1, [r0, #12]\n str r1, [r0, #44]\n put ISER, 1
      mov r0, #0\n nop`,
  },
  {
    name: 'a vector without the Thumb bit',
    code: `ldr r0, =SCRATCH\n ldr r1, =event + 1\n mov r2, #48\n1: str r1, [r0], #4\n subs r2, #1\n bne 1b
      ldr r0, =SCRATCH\n ldr r1, =event\n str r1, [r0, #56]\n put VTOR, SCRATCH\n on 6, 8f
      put SHPR3, 0x00400000\n put ICSR, 0x10000000\n b 9f
8: ldr r0, [sp, #28]\n orr r0, r0, #0x01000000\n str r0, [sp, #28]\n bx lr\n9:`,
  },
  {
    name: 'UsageFault pended by hand',
    code: 'on 6, back\n put SHCSR, 0x00071000',
  },
  {
    name: 'MemManage pended by hand while it is disabled',
    code: 'on 4, back\n put SHCSR, 0x00002000\n note_at SHCSR\n put SHCSR, 0x00070000 + 0x2000',
  },
  {
    name: 'a UsageFault in the handler of UsageFault',
    code: `on 6, 8f\n resume 1f\n udf 1\n1: b 9f
8: push {r4, lr}\n resume 2f\n udf 2\n2: resume 9f\n pop {r4, lr}\n b.w go_on\n9:`,
  },
  {
    name: 'a BusFault in the handler of UsageFault',
    code: `put SHPR1, 0x00400000\n on 6, 8f\n resume 1f\n udf 1\n1: b 9f
8: push {r4, lr}\n resume 2f\n ldr r2, =NOWHERE\n ldr r2, [r2]\n2: resume 9f\n pop {r4, lr}\n b.w go_on\n9:`,
  },
]

/** Stack limits. */
export const limitCases: readonly SystemCase[] = [
  {
    name: 'a push below the limit',
    only: V8,
    code: 'ldr r0, =PSP_TOP - 16\n msr psplim, r0\n use_psp\n resume 1f\n push {r0-r7}\n1: mov r0, sp\n note r0\n mov r0, #0\n msr psplim, r0',
  },
  {
    name: 'a push that just fits',
    only: V8,
    code: 'ldr r0, =PSP_TOP - 64\n msr psplim, r0\n use_psp\n push {r0-r7}\n mov r0, sp\n note r0\n mov r0, #0\n msr psplim, r0',
  },
  {
    name: 'SP taken below the limit',
    only: V8,
    code: 'ldr r0, =PSP_TOP - 64\n msr psplim, r0\n use_psp\n resume 1f\n sub sp, sp, #72\n1: mov r0, sp\n note r0\n mov r0, #0\n msr psplim, r0',
  },
  {
    name: 'an exception frame below the limit',
    only: V8,
    code: `ldr r0, =PSP_TOP - 24\n msr psplim, r0\n use_psp\n put NO_FRAME, 1\n on 6, 8f\n put SHPR1, 0x200000
      put SHPR3, 0x00400000\n put ICSR, 0x10000000\n b 9f
8: ldr r0, =PSP_TOP - 24\n mrs r1, psp\n cmp r0, r1\n bne 7f\n mov r0, #0\n msr psplim, r0
   ldr r0, =PSP_TOP - 32\n msr psp, r0\n mov r1, #0x01000000\n str r1, [r0, #28]\n ldr r1, =9f\n str r1, [r0, #24]
7: bx lr\n9: mov r0, #0\n msr psplim, r0`,
  },
  {
    name: 'limits have no lower three bits',
    only: V8,
    code: 'ldr r0, =PSP_TOP - 17\n msr psplim, r0\n mrs r4, psplim\n note r4\n mov r0, #0\n msr psplim, r0',
  },
]

/** Memory protection. */
const mpuV7 = (number: number, base: string, rasr: string): string =>
  `put MPU_RNR, ${number}\n put MPU_RBAR, ${base}\n put MPU_RASR, ${rasr} + 1\n `
const mpuV8 = (number: number, base: string, last: string): string =>
  `put MPU_RNR, ${number}\n put MPU_RBAR, ${base}\n put MPU_RASR, ${last} + 1\n `

const accesses = `
  ldr r4, =SCRATCH
  resume 1f
  ldr r2, [r4]
1: resume 2f
  str r2, [r4]
2: resume 3f
  ldr r2, [r4, #64]
3: resume 4f
  add r5, r4, #30
  ldr r2, [r5]
4: resume 5f
  orr r5, r4, #1
  bx r5
5: nop`

export const mpuCases: readonly SystemCase[] = [
  ...[0, 1, 2, 3, 5, 6, 7].flatMap((ap) =>
    ['', 'drop_privilege\n'].map((drop) => ({
      name: `AP ${ap} ${drop === '' ? 'privileged' : 'unprivileged'}`,
      only: V7,
      // Everything may be used, but for 32 bytes at the scratch memory.
      code: `${mpuV7(0, '0', '0x0300003e')}${mpuV7(1, 'SCRATCH', `(${ap} << 24) + 0x10000008`)}
        put MPU_CTRL, 1\n ${drop} ${accesses}`,
    })),
  ),
  ...[0, 1, 2, 3].flatMap((ap) =>
    ['', 'drop_privilege\n'].map((drop) => ({
      name: `AP ${ap} ${drop === '' ? 'privileged' : 'unprivileged'}`,
      only: V8,
      code: `${mpuV8(0, '2', 'DATA + 0x7fe0')}${mpuV8(1, `SCRATCH + 1 + (${ap} << 1)`, 'SCRATCH')}
        ${mpuV8(2, 'SCRATCH + 0x20 + 2', '0xffffffe0')} put MPU_CTRL, 1\n ${drop} ${accesses}`,
    })),
  ),
  {
    name: 'no region, no background',
    only: V7,
    code: `${mpuV7(0, '0', '0x03000022')}${mpuV7(1, 'DATA', '0x03000028')}${mpuV7(2, 'LOG & 0xfe000000', '0x03000030')}
      put MPU_CTRL, 1\n resume 1f\n ldr r2, =NOWHERE\n ldr r2, [r2]\n1: put MPU_CTRL, 5\n resume 2f\n ldr r2, =NOWHERE\n ldr r2, [r2]\n2:`,
  },
  {
    name: 'subregions',
    only: V7,
    // No smaller than QEMU's pages: it keeps what holds for the first access to one for all of it.
    code: `${mpuV7(0, '0', '0x0300003e')}${mpuV7(1, 'SCRATCH', '0x1000a51c')} put MPU_CTRL, 1
      ldr r4, =SCRATCH\n mov r5, #8\n1: resume 2f\n ldr r6, [r4]\n note r4\n2: add r4, r4, #4096
      subs r5, #1\n bne 1b`,
  },
  {
    name: 'a frame on forbidden memory',
    only: V7,
    code: `${mpuV7(0, '0', '0x0300003e')}${mpuV7(1, 'SCRATCH', '0x10000010')} put MPU_CTRL, 1
      put SHPR3, 0x00400000\n on 4, 8f\n use_psp\n ldr r0, =SCRATCH + 0x80\n mov sp, r0\n put NO_FRAME, 1
      put ICSR, 0x10000000\n b 9f
8: ldr r0, =PSP_TOP - 32\n msr psp, r0\n mov r1, #0x01000000\n str r1, [r0, #28]\n ldr r1, =9f\n str r1, [r0, #24]
   bx lr\n9:`,
  },
  {
    name: 'overlapping regions',
    only: V8,
    code: `${mpuV8(0, '2', '0xffffffe0')}${mpuV8(1, 'SCRATCH + 2', 'SCRATCH')} put MPU_CTRL, 5\n ${accesses}`,
  },
  {
    name: 'FAULTMASK switches the MPU off without HFNMIENA',
    only: V7,
    code: `${mpuV7(0, '0', '0x0300003e')}${mpuV7(1, 'SCRATCH', '0x10000008')} put MPU_CTRL, 1\n cpsid f
      note_at SCRATCH\n cpsie f\n put MPU_CTRL, 0`,
  },
  {
    name: 'registers of the MPU',
    only: V7,
    code: `put MPU_RBAR, 0x20000013\n note_at MPU_RBAR\n note_at MPU_RNR\n put MPU_RNR, 2\n note_at MPU_RBAR
      put MPU_RBAR + 8, 0x10000015\n note_at MPU_RNR\n note_at MPU_RBAR + 16\n put MPU_CTRL, 0xfffffff2\n note_at MPU_CTRL
      note_at 0xe000ed90`,
  },
  {
    name: 'registers of the MPU',
    only: V8,
    code: `put MPU_RNR, 5\n put MPU_RBAR, 0x2000001b\n put MPU_RASR, 0x300000ef\n note_at MPU_RBAR\n note_at MPU_RASR
      put MPU_RBAR + 16, 0x1000000b\n put MPU_RNR, 6\n note_at MPU_RBAR\n note_at 0xe000ed90
      put 0xe000edc0, 0x12345678\n note_at 0xe000edc0\n put MPU_CTRL, 0xfffffff2\n note_at MPU_CTRL`,
  },
]
