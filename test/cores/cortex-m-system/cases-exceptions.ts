import type { SystemCase, Target } from './runtime.js'

const V7: readonly Target['cpu'][] = ['cortex-m3', 'cortex-m4', 'cortex-m7']
const PENDSV = '0x10000000'
const SYSTICK = '0x04000000'
const NMI = '0x80000000'

/** Entry to an exception, its frame, and the way back. */
export const entryCases: readonly SystemCase[] = [
  { name: 'PendSV from Thread mode on MSP', code: `put ICSR, ${PENDSV}` },
  { name: 'PendSV from Thread mode on PSP', code: `use_psp\n put ICSR, ${PENDSV}` },
  { name: 'NMI', code: `put ICSR, ${NMI}` },
  {
    name: 'NMI in spite of FAULTMASK',
    code: `cpsid f\n put ICSR, ${NMI}\n mrs r0, faultmask\n note r0`,
  },
  { name: 'an external interrupt', code: 'put ISER, 0x20\n put ISPR, 0x20' },
  { name: 'STIR', code: 'put ISER, 0x20\n put STIR, 5' },
  ...[4, 8, 12].map((odd) => ({
    name: `SP ${odd} bytes off`,
    code: `sub sp, sp, #${odd}\n put ICSR, ${PENDSV}\n mov r0, sp\n note r0`,
  })),
  {
    name: 'SP 4 bytes off without STKALIGN',
    // On the Cortex-M7 and in ARMv8-M it is always set. QEMU's Cortex-M7 lets it be cleared.
    only: ['cortex-m3', 'cortex-m4'],
    code: `put CCR, 0\n sub sp, sp, #4\n put ICSR, ${PENDSV}\n mov r0, sp\n note r0`,
  },
  {
    name: 'flags and IT state come back',
    code: `ldr r0, =ICSR\n ldr r1, =${PENDSV}\n cmp r0, r0\n itttt eq\n streq r1, [r0]\n moveq r4, #1
      addeq r4, r4, #2\n moveq r5, #7\n note r4\n note r5\n mrs r0, apsr\n note r0`,
  },
  {
    name: 'exclusive monitor after an exception',
    code: `ldr r4, =SCRATCH\n ldrex r5, [r4]\n put ICSR, ${PENDSV}\n strex r5, r4, [r4]\n note r5`,
  },
  {
    name: 'WFE after an exception',
    code: `put ICSR, ${PENDSV}\n wfe\n mov r4, #1\n note r4`,
  },
  {
    name: 'WFI with an interrupt behind PRIMASK',
    code: 'put ISER, 2\n cpsid i\n put ISPR, 2\n wfi\n mov r4, #1\n note r4\n cpsie i\n isb',
  },
  {
    name: 'a handler with the vector table elsewhere',
    code: `ldr r0, =SCRATCH\n ldr r1, =event + 1\n str r1, [r0, #56]\n str r1, [r0, #44]
      put VTOR, SCRATCH\n put ICSR, ${PENDSV}`,
  },
  {
    name: 'SVC',
    code: 'svc 7',
  },
  {
    name: 'SVC behind PRIMASK is a HardFault',
    // QEMU returns behind the instruction, the manual to it (ReturnAddress() of a precise HardFault).
    ignore: ['frame return address'],
    code: 'resume 1f\n cpsid i\n svc 7\n1: cpsie i',
  },
  {
    name: 'SVC in the handler of a less urgent interrupt',
    code: `put IPR, 0x80\n put ISER, 1\n on 16, 8f\n put ISPR, 1\n b 9f\n8: push {r4, lr}\n svc 1\n pop {r4, pc}\n9:`,
  },
]

/** What preempts what, and in which order. */
export const priorityCases: readonly SystemCase[] = [
  {
    name: 'a more urgent interrupt preempts',
    code: `put IPR, 0x4080\n put ISER, 3\n on 16, 8f\n put ISPR, 1\n b 9f
8: push {r4, lr}\n put ISPR, 2\n note r4\n pop {r4, pc}\n9:`,
  },
  {
    name: 'an equally urgent interrupt waits, and is chained',
    code: `put IPR, 0x8080\n put ISER, 3\n on 17, 8f\n put ISPR, 2\n b 9f
8: push {r4, lr}\n put ISPR, 1\n note r4\n pop {r4, pc}\n9:`,
  },
  {
    name: 'many at once',
    code: `put IPR, 0x20408020\n put IPR + 4, 0xc0a00020\n put SHPR3, 0x40200000\n cpsid i\n put ISER, 0xff
      put ISPR, 0xff\n put ICSR, ${PENDSV} + ${SYSTICK}\n cpsie i\n isb`,
  },
  ...[0, 1, 2, 3, 4, 5, 6, 7].flatMap((group) =>
    [
      [0x80, 0x40],
      [0x81, 0x80],
      [0xff, 0xc0],
      [0x90, 0x80],
      [0x84, 0x82],
    ].map(([low, high]) => ({
      name: `PRIGROUP ${group}: ${high} while ${low} is handled`,
      code: `put AIRCR, 0x05fa0000 + (${group} << 8)\n put IPR, ${low} + (${high} << 8)
        put ISER, 3\n on 16, 8f\n put ISPR, 1\n b 9f\n8: push {r4, lr}\n put ISPR, 2\n note r4
        pop {r4, pc}\n9:`,
    })),
  ),
  ...[0x20, 0x40, 0x41, 0x60].map((mask) => ({
    name: `BASEPRI ${mask} before interrupts of 0x20, 0x40, 0x60`,
    // QEMU does not leave out of VECTPENDING what BASEPRI masks.
    ignore: ['ICSR'],
    code: `put IPR, 0x604020\n put ISER, 7\n mov r0, #${mask}\n msr basepri, r0\n put ISPR, 7
      mov r4, #0\n note r4\n mov r0, #0\n msr basepri, r0\n isb`,
  })),
  {
    name: 'BASEPRI_MAX only goes up',
    code: `mov r0, #0x40\n msr basepri_max, r0\n mov r1, #0x60\n msr basepri_max, r1\n mrs r4, basepri
      note r4\n mov r1, #0x20\n msr basepri_max, r1\n mrs r4, basepri\n note r4`,
  },
  {
    name: 'PRIMASK, then interrupts let in',
    code: `put IPR, 0x2040\n put ISER, 3\n cpsid i\n put ISPR, 3\n mov r4, #1\n note r4\n cpsie i\n isb`,
  },
  {
    name: 'FAULTMASK is gone after a handler',
    code: `put ISER, 1\n on 16, 8f\n put ISPR, 1\n mrs r4, faultmask\n note r4\n b 9f
8: cpsid f\n bx lr\n9:`,
  },
  {
    name: 'priority of a pending exception is changed',
    code: `put IPR, 0x2040\n put ISER, 3\n cpsid i\n put ISPR, 3\n put IPR, 0x6040\n cpsie i\n isb`,
  },
  {
    name: 'priority of an active exception is changed',
    code: `put IPR, 0x4020\n put ISER, 3\n on 16, 8f\n put ISPR, 1\n b 9f
8: push {r4, lr}\n put ISPR, 2\n note r4\n put IPR, 0x4080\n note r4\n pop {r4, pc}\n9:`,
  },
  {
    name: 'an interrupt that is disabled while pending',
    code: 'cpsid i\n put ISER, 1\n put ISPR, 1\n put ICER, 1\n cpsie i\n isb\n put ISER, 1',
  },
  {
    name: 'PendSV and SysTick pended and cleared',
    code: `cpsid i\n put ICSR, ${PENDSV} + ${SYSTICK}\n note_at ICSR\n put ICSR, 0x0a000000
      note_at ICSR\n cpsie i\n isb`,
  },
]

/** Returns that are no returns. */
export const returnCases: readonly SystemCase[] = [
  ...[0xffff_fff1, 0xffff_fff3, 0xffff_fff5].map((value) => ({
    name: `EXC_RETURN 0x${value.toString(16)} from a single handler`,
    // Other bits that no EXC_RETURN has are unpredictable, and so are these on ARMv8-M.
    only: V7,
    code: `on 14, 8f\n on 6, 7f\n put ICSR, ${PENDSV}\n b 9f\n8: ldr r0, =${value}\n bx r0
7: ldr r0, =0xfffffff9\n bx r0\n9:`,
  })),
  {
    name: 'EXC_RETURN for PSP after an entry on MSP',
    code: `ldr r0, =PSP_TOP - 32\n msr psp, r0\n mov r1, #0\n mov r2, #7\n1: str r1, [r0], #4
      subs r2, #1\n bne 1b\n mov r1, #0x01000000\n str r1, [r0]\n ldr r0, =PSP_TOP - 8\n ldr r1, =9f
      str r1, [r0]\n on 14, 8f\n put ICSR, ${PENDSV}\n b 9f\n8: ldr r0, =0xfffffffd\n bx r0\n9:
      mrs r4, control\n note r4`,
  },
  ...[
    { mode: 'Thread', ipsr: 14, only: undefined },
    { mode: 'Thread', ipsr: 3, only: undefined },
  ].map(({ mode, ipsr }) => ({
    name: `a return to ${mode} mode with exception ${ipsr} in the frame`,
    code: `on 14, 8f\n on 6, 7f\n put ICSR, ${PENDSV}\n b 9f\n8: mov r0, #0x01000000\n orr r0, r0, #${ipsr}
      str r0, [sp, #28]\n bx lr
7: mrs r0, msp\n mov r1, #0x01000000\n str r1, [r0, #28]\n ldr r1, =9f\n str r1, [r0, #24]
      ldr r0, =0xfffffff9\n bx r0\n9:`,
  })),
  {
    name: 'a return to Thread mode over another active handler',
    only: V7,
    code: `put IPR, 0x4080\n put ISER, 3\n on 16, 8f\n on 17, 7f\n on 6, 6f\n put ISPR, 1\n b 9f
8: push {r4, lr}\n resume 1f\n put ISPR, 2\n1: pop {r4, pc}\n7: ldr r0, =0xfffffff9\n bx r0
6: mrs r0, psp\n ldr r0, =0xfffffff1\n bx r0\n9:`,
  },
  {
    name: 'NONBASETHRDENA lets it',
    only: V7,
    code: `put CCR, 0x201\n put IPR, 0x80\n put ISER, 1\n on 16, 8f\n put ISPR, 1\n b 9f
8: mov r0, #0x01000000\n str r0, [sp, #28]\n bx lr\n9: note_at ICSR`,
  },
  {
    name: 'EXC_RETURN in Thread mode is an address',
    code: 'resume 1f\n ldr r0, =0xfffffff9\n bx r0\n1:',
  },
  {
    name: 'a frame without the Thumb bit',
    // At a multiple of 4, for elsewhere QEMU has an unaligned access instead.
    code: `on 14, 8f\n put ICSR, ${PENDSV}\n b 9f\n8: mov r0, #0\n str r0, [sp, #28]\n ldr r0, =7f
      str r0, [sp, #24]\n bx lr\n .balign 4\n7: nop\n9:`,
  },
]
