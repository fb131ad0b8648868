/**
 * A bare-metal program that executes small cases one after the other, each from a known state, and
 * leaves a log in memory: a record for each exception taken, and whatever a case notes. The same
 * image runs on QEMU's board and on the emulated core, and the logs are compared.
 */
export interface Target {
  /** QEMU's machine. */
  readonly machine: string
  readonly cpu: 'cortex-m3' | 'cortex-m4' | 'cortex-m7' | 'cortex-m33'
  /** The assembler's name of the floating-point unit. */
  readonly fpu: string | undefined
  /**
   * Bits of FPCCR that are left out of the log: UFRDY before ARMv8-M, where only QEMU has it, and in
   * the Secure state S, which belongs to the other one.
   */
  readonly hidden: number
  /** Where code, data and the log are, and an address at which nothing answers. */
  readonly code: number
  readonly data: number
  readonly log: number
  readonly nowhere: number
}

const v7 = { code: 0, data: 0x2000_0000, nowhere: 0x7000_0000, hidden: 0x400 } as const

export const targets: readonly Target[] = [
  { machine: 'mps2-an385', cpu: 'cortex-m3', fpu: undefined, log: 0x2100_0000, ...v7 },
  { machine: 'mps2-an386', cpu: 'cortex-m4', fpu: 'fpv4-sp-d16', log: 0x2100_0000, ...v7 },
  { machine: 'mps2-an500', cpu: 'cortex-m7', fpu: 'fpv5-d16', log: 0x6000_0000, ...v7 },
  {
    machine: 'mps2-an505',
    cpu: 'cortex-m33',
    fpu: 'fpv5-sp-d16',
    code: 0x1000_0000,
    data: 0x3800_0000,
    log: 0x8000_0000,
    nowhere: 0x7000_0000,
    hidden: 0x4,
  },
]

/** One case: what Thread mode executes, and what handlers do besides leaving their record. */
export interface SystemCase {
  readonly name: string
  /**
   * Assembly in the macros of `runtime`. It ends by falling off its end, in Thread mode; the stack
   * pointers, masks and registers of the system may be left in any state.
   */
  readonly code: string
  /** The cores that it is for; all unless given. */
  readonly only?: readonly Target['cpu'][]
  /** Fields of its records in which QEMU is known to differ; the case says why. */
  readonly ignore?: readonly string[]
}

/** Words of the record that each exception leaves. */
export const recordFields = [
  'event',
  'EXC_RETURN',
  'MSP',
  'PSP',
  ...['r0', 'r1', 'r2', 'r3', 'r12', 'LR', 'return address', 'xPSR'].map((name) => `frame ${name}`),
  'CFSR',
  'HFSR',
  'MMFAR',
  'BFAR',
  'ICSR',
  'SHCSR',
  'CONTROL',
  'masks',
  'FPCCR',
  'FPCAR',
] as const

/** The first word of a record: kind in the upper half, number of exception or case in the lower. */
export const EVENT = 0xe000
export const NOTE = 0x7000
export const CASE = 0xca5e

const VECTORS = 16 + 32

/** Assembly of the whole program. */
export function assembly(target: Target, cases: readonly SystemCase[]): string {
  const fpu = target.fpu === undefined ? '' : `.fpu ${target.fpu}`
  return `
  .syntax unified
  .cpu ${target.cpu}
  ${fpu}
  .thumb
  .equ DATA, ${target.data}
  .equ LOG, ${target.log}
  .equ NOWHERE, ${target.nowhere}
  .equ HIDDEN, ${target.hidden}
  ${runtime}
cases:
  ${cases.map((_, i) => `.word case${i} + 1`).join('\n  ')}
  .word 0
${cases.map(({ code }, i) => `case${i}:\n${code}\n  b.w next\n  .ltorg\n  .balign 4`).join('\n')}
`
}

const runtime = `
  .equ MSP_TOP, DATA + 0x4000
  .equ PSP_TOP, DATA + 0x6000
  .equ SCRATCH, DATA + 0x8000
  @ Variables: where the log goes on, the case, where faults resume, flags, actions of handlers.
  .equ LOG_END, DATA
  .equ CASE_AT, DATA + 4
  .equ RESUME, DATA + 8
  .equ NO_FRAME, DATA + 12
  .equ SCRIPT, DATA + 16
  .equ ACTIONS, DATA + 0x100
  .equ SCS, 0xe000e000
  .equ ISER, 0xe000e100
  .equ ICER, 0xe000e180
  .equ ISPR, 0xe000e200
  .equ ICPR, 0xe000e280
  .equ IPR, 0xe000e400
  .equ SYST, 0xe000e010
  .equ ICSR, 0xe000ed04
  .equ VTOR, 0xe000ed08
  .equ AIRCR, 0xe000ed0c
  .equ SCR, 0xe000ed10
  .equ CCR, 0xe000ed14
  .equ SHPR1, 0xe000ed18
  .equ SHPR2, 0xe000ed1c
  .equ SHPR3, 0xe000ed20
  .equ SHCSR, 0xe000ed24
  .equ CFSR, 0xe000ed28
  .equ HFSR, 0xe000ed2c
  .equ MMFAR, 0xe000ed34
  .equ BFAR, 0xe000ed38
  .equ CPACR, 0xe000ed88
  .equ MPU_CTRL, 0xe000ed94
  .equ MPU_RNR, 0xe000ed98
  .equ MPU_RBAR, 0xe000ed9c
  .equ MPU_RASR, 0xe000eda0
  .equ DEMCR, 0xe000edfc
  .equ STIR, 0xe000ef00
  .equ FPCCR, 0xe000ef34
  .equ FPCAR, 0xe000ef38
  .equ FPDSCR, 0xe000ef3c

  @ Stores a word. Uses r0 and r1.
  .macro put address, value
  ldr r0, =\\address
  ldr r1, =\\value
  str r1, [r0]
  dsb
  isb
  .endm

  @ What the handler of an exception does once it has left its record. Uses r0 and r1.
  .macro on number, handler
  ldr r0, =ACTIONS + 4 * \\number
  ldr r1, =\\handler + 1
  str r1, [r0]
  .endm

  @ Where faults go on. Uses r0 and r1.
  .macro resume label
  ldr r0, =RESUME
  ldr r1, =\\label
  str r1, [r0]
  .endm

  @ Notes a register, which is not r2 or r3, in the log. Uses r2 and r3.
  .macro note register
  ldr r3, =LOG_END
  ldr r2, [r3]
  str \\register, [r2, #4]
  ldr r3, =0x70000000
  str r3, [r2], #8
  ldr r3, =LOG_END
  str r2, [r3]
  mov r2, #0
  mov r3, #0
  .endm

  @ Notes the word at an address. Uses r0, r2, r3.
  .macro note_at address
  ldr r0, =\\address
  ldr r0, [r0]
  note r0
  .endm

  @ Notes FPCCR. Uses r0, r2, r3.
  .macro note_fpccr
  ldr r0, =FPCCR
  ldr r0, [r0]
  bic r0, r0, #HIDDEN
  note r0
  .endm

  @ Thread mode goes over to PSP. Uses r0.
  .macro use_psp
  mov r0, #2
  msr control, r0
  isb
  .endm

  @ Thread mode becomes unprivileged (an SVC gives the privilege back). Uses r0.
  .macro drop_privilege
  mrs r0, control
  orr r0, r0, #1
  msr control, r0
  isb
  .endm

vectors:
  .word MSP_TOP
  .word start + 1
  .rept ${VECTORS - 2}
  .word event + 1
  .endr
  .org 0x200

start:
  put LOG_END, LOG
  put CASE_AT, cases
  b.w prepare

next:
  mov r0, #0
  msr faultmask, r0
  msr primask, r0
  msr basepri, r0
  isb
  svc 0
  ldr r0, =CASE_AT
  ldr r1, [r0]
  add r1, r1, #4
  str r1, [r0]

prepare:
  @ Everything as after reset, as far as a case may have changed it.
  mov r0, #0
  msr control, r0
  isb
  msr primask, r0
  msr basepri, r0
  msr faultmask, r0
  ldr r1, =MSP_TOP
  msr msp, r1
  ldr r1, =PSP_TOP
  msr psp, r1
  ldr r1, =SYST
  str r0, [r1]
  str r0, [r1, #4]
  str r0, [r1, #8]
  put MPU_CTRL, 0
  put ICER, 0xffffffff
  put ICPR, 0xffffffff
  put ICSR, 0x0a000000
  put SHPR1, 0
  put SHPR2, 0
  put SHPR3, 0
  put AIRCR, 0x05fa0000
  put SCR, 0
  put CCR, 0x200
  put SHCSR, 0x70000
  put CFSR, 0xffffffff
  put HFSR, 0xffffffff
  put CPACR, 0x00f00000
  put FPCCR, 0xc0000000
  put FPCAR, 0
  put MMFAR, 0
  put BFAR, 0
  put FPDSCR, 0
  put VTOR, vectors
  put NO_FRAME, 0
  put RESUME, next
  ldr r0, =IPR
  mov r1, #0
  mov r2, #8
1: str r1, [r0], #4
  subs r2, #1
  bne 1b
  ldr r0, =ACTIONS
  ldr r1, =back + 1
  mov r2, #${VECTORS}
1: str r1, [r0], #4
  subs r2, #1
  bne 1b
  on 3, go_on
  on 4, go_on
  on 5, go_on
  on 6, go_on
  on 11, privilege
  ldr r0, =MPU_RNR
  mov r1, #7
  mov r2, #0
1: str r1, [r0]
  str r2, [r0, #4]
  str r2, [r0, #8]
  subs r1, #1
  bpl 1b
  ldr r0, =SCRATCH
  mov r1, #0
  mov r2, #256
1: str r1, [r0], #4
  subs r2, #1
  bne 1b
  @ The case's head in the log: its number.
  ldr r0, =CASE_AT
  ldr r0, [r0]
  ldr r1, =cases
  subs r1, r0, r1
  lsrs r1, #2
  orr r1, r1, #0xca000000
  orr r1, r1, #0x005e0000
  ldr r3, =LOG_END
  ldr r2, [r3]
  str r1, [r2], #4
  str r2, [r3]
  ldr r12, [r0]
  cmp r12, #0
  beq end
  ldr r4, =0x44444444
  ldr r5, =0x55555555
  ldr r6, =0x66666666
  ldr r7, =0x77777777
  mov r8, #8
  mov r9, #9
  mov r10, #10
  mov r11, #11
  ldr r0, =0x10101010
  ldr r1, =0x11111111
  ldr r2, =0x12121212
  ldr r3, =0x13131313
  ldr lr, =0x0e0e0e0f
  bx r12

end:
  put AIRCR, 0x05fa0004
  b end
  .ltorg

  @ Every exception comes here, leaves its record and goes to its action.
event:
  ldr r0, =LOG_END
  ldr r1, [r0]
  mrs r2, ipsr
  orr r3, r2, #0xe0000000
  str r3, [r1], #4
  str lr, [r1], #4
  mrs r3, msp
  str r3, [r1], #4
  mrs r3, psp
  str r3, [r1], #4
  mov r3, #0
  ldr r12, [r0, #12]
  cmp r12, #0
  bne 2f
  tst lr, #4
  ite eq
  mrseq r2, msp
  mrsne r2, psp
2:
  .rept 8
  cmp r12, #0
  it eq
  ldreq r3, [r2], #4
  str r3, [r1], #4
  .endr
  @ SFPA, in xPSR and in CONTROL, is the Secure state's own.
  bic r3, r3, #0x00100000
  str r3, [r1, #-4]
  ldr r2, =CFSR
  ldr r3, [r2]
  str r3, [r1], #4
  mov r12, r3
  ldr r3, [r2, #4]
  str r3, [r1], #4
  ands r3, r12, #0x80
  it ne
  ldrne r3, [r2, #0xc]
  str r3, [r1], #4
  ands r3, r12, #0x8000
  it ne
  ldrne r3, [r2, #0x10]
  str r3, [r1], #4
  ldr r3, [r2, #-0x24]
  str r3, [r1], #4
  ldr r3, [r2, #-4]
  str r3, [r1], #4
  mrs r3, control
  bic r3, r3, #8
  str r3, [r1], #4
  mrs r3, basepri
  mrs r12, primask
  orr r3, r3, r12, lsl #8
  mrs r12, faultmask
  orr r3, r3, r12, lsl #9
  str r3, [r1], #4
  ldr r2, =FPCCR
  ldr r3, [r2]
  bic r3, r3, #HIDDEN
  str r3, [r1], #4
  ldr r3, [r2, #4]
  str r3, [r1], #4
  str r1, [r0]
  mov r3, #-1
  ldr r2, =CFSR
  str r3, [r2]
  str r3, [r2, #4]
  mrs r2, ipsr
  ldr r3, =ACTIONS
  ldr r3, [r3, r2, lsl #2]
  bx r3

back:
  bx lr

  @ Returns to where the case wants to go on after a fault; after a HardFault with privilege.
go_on:
  mrs r0, ipsr
  cmp r0, #3
  ittt eq
  mrseq r0, control
  biceq r0, r0, #1
  msreq control, r0
  tst lr, #4
  ite eq
  mrseq r1, msp
  mrsne r1, psp
  ldr r0, =RESUME
  ldr r0, [r0]
  str r0, [r1, #24]
  ldr r0, [r1, #28]
  bic r0, r0, #0x06000000
  bic r0, r0, #0xfc00
  orr r0, r0, #0x01000000
  str r0, [r1, #28]
  bx lr

privilege:
  mrs r0, control
  bic r0, r0, #1
  msr control, r0
  bx lr
  .ltorg
  .balign 4
`
