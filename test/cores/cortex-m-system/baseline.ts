/**
 * The program of `runtime.ts` for ARMv6-M, on QEMU's nRF51: small cases one after the other, which leave
 * a record in memory for each exception taken and for whatever they note. As that machine's RAM cannot be
 * a file, the program writes its log into the file "log" by semihosting at its end.
 */
export interface BaselineCase {
  readonly name: string
  /** Assembly in the macros of `program`; it ends by falling off its end, in Thread mode. */
  readonly code: string
  /** Fields in which QEMU is known to differ; the case says why. */
  readonly ignore?: readonly string[]
}

export const RAM = 0x2000_0000
export const RAM_SIZE = 0x10_0000
/** Offset of the log in RAM. */
export const LOG = 0x1_0000
/** The word that says that there is nobody behind a semihosting call. */
export const ALONE = 0x20

export const baselineFields = [
  ...['event', 'EXC_RETURN', 'MSP', 'PSP'],
  ...['r0', 'r1', 'r2', 'r3', 'r12', 'LR', 'return address', 'xPSR'].map((name) => `frame ${name}`),
  ...['ICSR', 'PRIMASK', 'CONTROL'],
] as const

const PENDSV = '0x10000000'
const SYSTICK = '0x04000000'
const NMI = '0x80000000'

/** A register of the system is written, and noted. */
function register(name: string, value: string): BaselineCase {
  return { name: `${name} of ${value}`, code: `put ${name}, ${value}\n note_at ${name}` }
}

export const baselineCases: readonly BaselineCase[] = [
  { name: 'PendSV from Thread mode on MSP', code: `put ICSR, ${PENDSV}` },
  { name: 'PendSV from Thread mode on PSP', code: `use_psp\n put ICSR, ${PENDSV}` },
  { name: 'NMI', code: `put ICSR, ${NMI}` },
  { name: 'NMI in spite of PRIMASK', code: `cpsid i\n put ICSR, ${NMI}\n cpsie i` },
  { name: 'SVC', code: 'svc 7' },
  { name: 'SVC on PSP', code: 'use_psp\n svc 7' },
  { name: 'an external interrupt', code: 'put ISER, 0x20\n put ISPR, 0x20' },
  { name: 'SysTick, pended', code: `put ICSR, ${SYSTICK}` },
  {
    name: 'an interrupt that is not enabled',
    code: 'put ISPR, 0x20\n note_at ISPR\n note_icsr',
  },
  ...[4, 8, 12].map((odd) => ({
    name: `SP ${odd} bytes off`,
    code: `sub sp, #${odd}\n put ICSR, ${PENDSV}\n mov r4, sp\n note r4\n add sp, #${odd}`,
  })),
  {
    name: 'PRIMASK, then interrupts let in',
    code: `put IPR, 0x4080\n put ISER, 3\n cpsid i\n put ISPR, 3\n note_icsr\n cpsie i\n isb`,
  },
  {
    name: 'WFI with an interrupt behind PRIMASK',
    code: 'put ISER, 2\n cpsid i\n put ISPR, 2\n wfi\n movs r4, #1\n note r4\n cpsie i\n isb',
  },
  { name: 'WFE after an exception', code: `put ICSR, ${PENDSV}\n wfe\n movs r4, #1\n note r4` },
  {
    name: 'a more urgent interrupt preempts',
    code: `put IPR, 0x4080\n put ISER, 3\n on 16, 8f\n put ISPR, 1\n b 9f
8: push {r4, lr}\n put ISPR, 2\n note r4\n pop {r4, pc}\n .ltorg\n9:`,
  },
  {
    name: 'an equally urgent interrupt waits, and is chained',
    code: `put IPR, 0x8080\n put ISER, 3\n on 17, 8f\n put ISPR, 2\n b 9f
8: push {r4, lr}\n put ISPR, 1\n note r4\n pop {r4, pc}\n .ltorg\n9:`,
  },
  {
    name: 'many at once',
    code: `put IPR, 0x00408040\n put IPR + 4, 0xc0804000\n put SHPR3, 0x40c00000\n cpsid i
      put ISER, 0xff\n put ISPR, 0xff\n put ICSR, ${PENDSV} + ${SYSTICK}\n cpsie i\n isb`,
  },
  {
    name: 'an interrupt that is disabled while pending',
    code: 'cpsid i\n put ISER, 1\n put ISPR, 1\n put ICER, 1\n cpsie i\n isb\n put ISER, 1',
  },
  {
    name: 'SVC in the handler of a less urgent interrupt',
    code: `put IPR, 0x80\n put ISER, 1\n on 16, 8f\n put ISPR, 1\n b 9f
8: push {r4, lr}\n svc 1\n pop {r4, pc}\n .ltorg\n9:`,
  },
  {
    name: 'SVC behind PRIMASK is a HardFault',
    // QEMU returns behind the instruction, the manual to it (ReturnAddress() of a precise HardFault).
    ignore: ['frame return address'],
    code: 'resume 1f\n cpsid i\n svc 7\n1: cpsie i',
  },
  ...[
    ['an undefined instruction', '.hword 0xde12'],
    ['a misaligned load', 'ldr r4, =SCRATCH + 2\n ldr r5, [r4]'],
    ['a misaligned store', 'ldr r4, =SCRATCH + 1\n strh r4, [r4]'],
    ['a load from where nothing is', 'ldr r4, =NOWHERE\n ldr r5, [r4]'],
    ['a jump to where nothing is', 'ldr r4, =NOWHERE + 1\n bx r4'],
    ['a jump to Arm instructions', 'ldr r4, =SCRATCH\n bx r4'],
  ].map(([name, code]) => ({ name: `HardFault: ${name}`, code: `resume 1f\n ${code}\n1:` })),
  {
    name: 'a HardFault in a handler',
    code: `put ISER, 1\n on 16, 8f\n put ISPR, 1\n b 9f
8: push {r4, lr}\n resume 1f\n .hword 0xde12\n1: note r4\n pop {r4, pc}\n .ltorg\n9:`,
  },
  {
    name: 'EXC_RETURN for PSP after an entry on MSP',
    code: `ldr r0, =PSP_TOP - 32\n msr psp, r0\n movs r1, #0\n movs r2, #6\n1: stm r0!, {r1}\n subs r2, #1
      bne 1b\n ldr r1, =9f\n stm r0!, {r1}\n ldr r1, =0x01000000\n stm r0!, {r1}\n on 14, 8f
      put ICSR, ${PENDSV}\n b 9f\n8: ldr r0, =0xfffffffd\n bx r0\n .ltorg\n .balign 4\n9: mrs r4, control
      note r4\n movs r0, #0\n msr control, r0\n isb`,
  },
  register('IPR', '0xffffffff'),
  register('IPR + 28', '0x7fbf3f00'),
  register('SHPR2', '0xffffffff'),
  // Not the monitor's priority, nor SCR: QEMU has the one on ARMv6-M, and has not the other.
  register('SHPR3', '0xffffff00'),
  register('CCR', '0'),
  register('ISER', '0xffffffff'),
  register('SYST + 4', '0xffffffff'),
  { name: 'CONTROL', code: 'movs r0, #2\n msr control, r0\n isb\n mrs r4, control\n note r4' },
  {
    name: 'PendSV and SysTick pended and cleared',
    code: `cpsid i\n put ICSR, ${PENDSV} + ${SYSTICK}\n note_icsr\n put ICSR, 0x0a000000
      note_icsr\n cpsie i\n isb`,
  },
]

/** Assembly of the whole program. */
export function baselineAssembly(cases: readonly BaselineCase[]): string {
  const table = cases.map((_, i) => `.word case${i} + 1`).join('\n  ')
  const bodies = cases.map(({ code }, i) => {
    return `case${i}:\n${code}\n  ldr r0, =next + 1\n  bx r0\n  .ltorg\n  .balign 4`
  })
  return `${program}\ncases:\n  ${table}\n  .word 0\n${bodies.join('\n')}\n`
}

const program = `
  .syntax unified
  .cpu cortex-m0
  .thumb
  .equ RAM, ${RAM}
  .equ MSP_TOP, RAM + 0x4000
  .equ PSP_TOP, RAM + 0x6000
  .equ SCRATCH, RAM + 0x8000
  .equ LOG, RAM + ${LOG}
  .equ NOWHERE, 0x70000000
  .equ LOG_END, RAM
  .equ CASE_AT, RAM + 4
  .equ RESUME, RAM + 8
  .equ ALONE, RAM + ${ALONE}
  .equ FILE, RAM + 0x40
  .equ ACTIONS, RAM + 0x100
  .equ SYST, 0xe000e010
  .equ ISER, 0xe000e100
  .equ ICER, 0xe000e180
  .equ ISPR, 0xe000e200
  .equ ICPR, 0xe000e280
  .equ IPR, 0xe000e400
  .equ ICSR, 0xe000ed04
  .equ SCR, 0xe000ed10
  .equ CCR, 0xe000ed14
  .equ SHPR2, 0xe000ed1c
  .equ SHPR3, 0xe000ed20

  @ These use r0 to r3.
  .macro put address, value
  ldr r0, =\\address
  ldr r1, =\\value
  str r1, [r0]
  dsb
  isb
  .endm
  .macro on number, handler
  put "ACTIONS + 4 * \\number", "\\handler + 1"
  .endm
  .macro resume label
  put RESUME, \\label
  .endm
  .macro note register
  ldr r3, =LOG_END
  ldr r2, [r3]
  str \\register, [r2, #4]
  movs r1, #7
  lsls r1, #28
  str r1, [r2]
  adds r2, #8
  str r2, [r3]
  .endm
  .macro note_at address
  ldr r0, =\\address
  ldr r0, [r0]
  note r0
  .endm
  @ Without RETTOBASE, which QEMU has here and ARMv6-M has not.
  .macro note_icsr
  ldr r0, =ICSR
  ldr r0, [r0]
  movs r1, #8
  lsls r1, #8
  bics r0, r1
  note r0
  .endm
  .macro use_psp
  movs r0, #2
  msr control, r0
  isb
  .endm

vectors:
  .word MSP_TOP
  .word start + 1
  .rept 46
  .word event + 1
  .endr

start:
  put LOG_END, LOG
  put CASE_AT, cases
  b prepare

next:
  movs r0, #0
  msr primask, r0
  msr control, r0
  isb
  ldr r0, =CASE_AT
  ldr r1, [r0]
  adds r1, #4
  str r1, [r0]

prepare:
  ldr r1, =MSP_TOP
  msr msp, r1
  ldr r1, =PSP_TOP
  msr psp, r1
  put ICER, 0xffffffff
  put ICPR, 0xffffffff
  put ICSR, 0x0a000000
  put SHPR2, 0
  put SHPR3, 0
  put SCR, 0
  put RESUME, next
  ldr r0, =IPR
  movs r1, #0
  movs r2, #8
1: stm r0!, {r1}
  subs r2, #1
  bne 1b
  ldr r0, =ACTIONS
  ldr r1, =back + 1
  movs r2, #48
1: stm r0!, {r1}
  subs r2, #1
  bne 1b
  on 3, go_on
  ldr r0, =CASE_AT
  ldr r0, [r0]
  ldr r1, =cases
  subs r1, r0, r1
  lsrs r1, #2
  ldr r2, =0xca5e0000
  orrs r1, r2
  ldr r3, =LOG_END
  ldr r2, [r3]
  stm r2!, {r1}
  str r2, [r3]
  ldr r6, [r0]
  cmp r6, #0
  bne 1f
  b end
1:
  ldr r4, =0x44444444
  movs r5, #5
  mov r12, r5
  bx r6
  .ltorg

event:
  ldr r0, =LOG_END
  ldr r1, [r0]
  mrs r2, ipsr
  movs r3, #14
  lsls r3, #28
  orrs r3, r2
  stm r1!, {r3}
  mov r3, lr
  stm r1!, {r3}
  mrs r3, msp
  stm r1!, {r3}
  mrs r3, psp
  stm r1!, {r3}
  mov r2, lr
  movs r3, #4
  tst r2, r3
  beq 1f
  mrs r2, psp
  b 2f
1: mrs r2, msp
2:
  .rept 8
  ldm r2!, {r3}
  stm r1!, {r3}
  .endr
  @ Without RETTOBASE.
  ldr r3, =ICSR
  ldr r3, [r3]
  movs r2, #8
  lsls r2, #8
  bics r3, r2
  stm r1!, {r3}
  mrs r3, primask
  stm r1!, {r3}
  mrs r3, control
  stm r1!, {r3}
  str r1, [r0]
  mrs r2, ipsr
  lsls r2, #2
  ldr r3, =ACTIONS
  ldr r3, [r3, r2]
  bx r3

back:
  bx lr

  @ Returns from a HardFault to where the case wants to go on.
go_on:
  mov r0, lr
  movs r1, #4
  tst r0, r1
  beq 1f
  mrs r1, psp
  b 2f
1: mrs r1, msp
2: ldr r0, =RESUME
  ldr r0, [r0]
  str r0, [r1, #24]
  ldr r0, [r1, #28]
  movs r2, #1
  lsls r2, #24
  orrs r0, r2
  str r0, [r1, #28]
  bx lr
  .ltorg

end:
  ldr r0, =ALONE
  ldr r0, [r0]
  cmp r0, #0
  bne 1f
  ldr r1, =FILE
  ldr r0, =name
  str r0, [r1]
  movs r0, #5
  str r0, [r1, #4]
  movs r0, #3
  str r0, [r1, #8]
  movs r0, #1
  bkpt 0xab
  str r0, [r1]
  ldr r0, =LOG
  str r0, [r1, #4]
  ldr r0, =${RAM_SIZE - LOG}
  str r0, [r1, #8]
  movs r0, #5
  bkpt 0xab
  movs r0, #2
  bkpt 0xab
  movs r0, #0x18
  ldr r1, =0x20026
  bkpt 0xab
1: wfi
  b 1b
  .ltorg
name:
  .asciz "log"
  .balign 4
`
