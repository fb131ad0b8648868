import type { SystemCase, Target } from './runtime.js'

const only: readonly Target['cpu'][] = ['cortex-m4', 'cortex-m7', 'cortex-m33']
const PENDSV = '0x10000000'

/** s0 to s31 and FPSCR get values of their own. */
const fill = `
  ldr r4, =0x40000000
  ${Array.from({ length: 32 }, (_, i) => `add r4, r4, #0x10000\n  vmov s${i}, r4`).join('\n  ')}
  ldr r4, =0xb3000000
  vmsr fpscr, r4
`

/** The whole state, and the frame below SP, into the log. */
const look = `
  ${[0, 1, 7, 15, 16, 31].map((i) => `vmov r4, s${i}\n  note r4`).join('\n  ')}
  vmrs r4, fpscr
  note r4
  mrs r4, control
  bic r4, r4, #8
  note r4
`

const frame = (from: string, words: number): string => `
  ldr r4, =${from}
  mov r5, #${words}
6: ldr r6, [r4], #4
  note r6
  subs r5, #1
  bne 6b
`

const clear = 'vmov s0, r4\n vmov s1, r4\n vmov s15, r4\n vmov s16, r4\n'

/** Floating-point state across exceptions. */
export const floatingCases: readonly SystemCase[] = [
  { name: 'no state, a small frame', code: `put ICSR, ${PENDSV}\n note_fpccr` },
  {
    name: 'state, saved by nobody',
    code: `${fill} put ICSR, ${PENDSV}\n note_fpccr\n ${frame('MSP_TOP - 0x48', 18)} ${look}`,
  },
  {
    name: 'state, saved when the handler uses floating point',
    code: `${fill} on 14, 8f\n put ICSR, ${PENDSV}\n b 9f\n8: ${clear} bx lr
9: note_fpccr\n ${frame('MSP_TOP - 0x48', 17)} ${look}`,
  },
  {
    name: 'state on PSP, saved when the handler uses floating point',
    code: `${fill} use_psp\n ${fill} on 14, 8f\n put ICSR, ${PENDSV}\n b 9f\n8: ${clear} bx lr
9: note_fpccr\n ${frame('PSP_TOP - 0x48', 17)} ${look}`,
  },
  {
    name: 'state saved at once',
    code: `put FPCCR, 0x80000000\n ${fill} put ICSR, ${PENDSV}\n note_fpccr\n ${frame('MSP_TOP - 0x48', 17)} ${look}
      put FPCCR, 0xc0000000`,
  },
  {
    name: 'state nobody looks after',
    code: `put FPCCR, 0x40000000\n ${fill} on 14, 8f\n put ICSR, ${PENDSV}\n b 9f\n8: ${clear} bx lr\n9: ${look}
      put FPCCR, 0xc0000000`,
  },
  {
    name: 'state of a handler that is preempted',
    code: `${fill} put IPR, 0x4080\n put ISER, 3\n on 16, 8f\n on 17, 7f\n put ISPR, 1\n b 9f
8: push {r4, lr}\n vmov s3, r4\n put ISPR, 2\n vmov r4, s3\n note r4\n pop {r4, pc}
7: ldr r4, =0x777\n vmov s3, r4\n bx lr
9: ${look}`,
  },
  {
    name: 'state that stays lazy through a nested exception',
    code: `${fill} put IPR, 0x4080\n put ISER, 3\n on 16, 8f\n on 17, 7f\n put ISPR, 1\n b 9f
8: push {r4, lr}\n put ISPR, 2\n note_fpccr\n pop {r4, pc}
7: ldr r4, =0x777\n vmov s3, r4\n bx lr
9: note_fpccr\n ${frame('MSP_TOP - 0x48', 17)} ${look}`,
  },
  {
    name: 'state in a chain of handlers',
    code: `${fill} put ISER, 3\n on 16, 8f\n cpsid i\n put ISPR, 3\n cpsie i\n isb\n b 9f\n8: ${clear} bx lr\n9: ${look}`,
  },
  {
    name: 'a new context has the defaults of FPDSCR',
    // These four fields, says the manual; QEMU clears the rest of FPSCR as well.
    code: `put FPDSCR, 0xffffffff\n note_at FPDSCR\n on 14, 8f\n put ICSR, ${PENDSV}\n b 9f
8: vmov s0, r4\n vmrs r4, fpscr\n and r4, r4, #0x07c00000\n push {r4, lr}\n note r4\n pop {r4, pc}\n9:`,
  },
  {
    name: 'FPCA cleared by software',
    code: `${fill} mov r4, #0\n vmsr fpscr, r4\n msr control, r4\n isb\n put ICSR, ${PENDSV}\n ${look}`,
  },
  {
    name: 'floating point taken away before the handler uses it',
    code: `${fill} put SHPR3, 0x00400000\n on 14, 8f\n put ICSR, ${PENDSV}\n b 9f
8: push {r4, lr}\n put CPACR, 0\n resume 1f\n vmov s0, r4\n1: put CPACR, 0x00f00000\n pop {r4, pc}\n9: ${look}`,
  },
  {
    name: 'floating point taken away before the return',
    code: `${fill} put SHPR3, 0x00400000\n on 14, 8f\n on 6, 7f\n put ICSR, ${PENDSV}\n b 9f
8: vmov s0, r4\n ldr r0, =CPACR\n mov r1, #0\n str r1, [r0]\n dsb\n isb\n bx lr
7: ldr r0, =CPACR\n mov r1, #0xf00000\n str r1, [r0]\n dsb\n isb\n bx lr\n9: ${look}`,
  },
  {
    name: 'state that cannot be saved any more',
    code: `${fill} put SHPR3, 0x00400000\n on 14, 8f\n on 5, 7f\n put ICSR, ${PENDSV}\n b 9f
8: push {r4, lr}\n put FPCAR, NOWHERE\n vmov s0, r4\n pop {r4, pc}
7: push {r4, lr}\n put FPCAR, SCRATCH\n pop {r4, pc}\n9: note_fpccr\n note_at SCRATCH`,
  },
  ...[0, 0x40].flatMap((base) =>
    [0x20, 0x60].map((bus) => ({
      name: `readiness with BASEPRI ${base}, BusFault at ${bus}`,
      ignore: ['ICSR'],
      code: `${fill} put SHPR1, (${bus} << 8) + 0x30\n put ISER, 1\n mov r0, #${base}\n msr basepri, r0\n isb
        put IPR, 0x10\n put ISPR, 1\n note_fpccr`,
    })),
  ),
  {
    name: 'registers of floating-point control',
    code: `put FPCCR, 0\n note_fpccr\n put FPCAR, 0xffffffff\n note_at FPCAR\n put FPCCR, 0xc0000000\n note_at CPACR
      put CPACR, 0\n note_at CPACR\n note_at 0xe000ef40\n note_at 0xe000ef44\n note_at 0xe000ef48`,
  },
].map((one) => ({ ...one, only }))
