import { Op } from '../cortex-m/operation.js'
import { executeSlow } from '../cortex-m/slow-path.js'
import { raise, retire } from '../cortex-m/steps.js'
import { Fault } from '../cortex-m/system-interface.js'
import { transferCoprocessor, transferVfp } from './coprocessor.js'
import type { CortexRCpu } from './cpu.js'
import { dataProcessing, multiplyWithFlags } from './data.js'
import {
  loadExclusivePair,
  storeExclusivePair,
  swap,
  transfer,
  transferBlock,
  transferSmall,
} from './memory.js'
import {
  cps,
  exchange,
  mrs,
  msr,
  msrImmediateValue,
  returnFromException,
  storeReturnState,
  subtractAndReturn,
} from './status.js'

type Execute = (cpu: CortexRCpu, rd: number, rn: number, rm: number) => void

/** The immediates of SVC that ask for semihosting (Arm, "Semihosting for AArch32 and AArch64"). */
const SEMIHOSTING_A32 = 0x12_3456
const SEMIHOSTING_T32 = 0xab

function supervisorCall(cpu: CortexRCpu): void {
  const { r, imm, semihost } = cpu
  const asks = imm === (cpu.thumb ? SEMIHOSTING_T32 : SEMIHOSTING_A32)
  retire(cpu)
  if (asks && semihost !== undefined) {
    r[0] = semihost((r[0] ?? 0) >>> 0, (r[1] ?? 0) >>> 0)
    return
  }
  cpu.traps++
  cpu.system.supervisorCall()
}

/** By operation: what the A and R profile has alone, or otherwise than the M profile. */
const table: Partial<Record<Op, Execute>> = {
  [Op.A32_DATA]: dataProcessing,
  [Op.A32_MULTIPLY]: multiplyWithFlags,
  [Op.A32_TRANSFER]: transfer,
  [Op.A32_TRANSFER_SMALL]: transferSmall,
  [Op.A32_BLOCK]: transferBlock,
  [Op.SWAP]: swap,
  [Op.LDREXD]: loadExclusivePair,
  [Op.STREXD]: storeExclusivePair,
  [Op.EXCHANGE]: exchange,
  [Op.MRS_PSR]: mrs,
  [Op.MSR_PSR]: msr,
  [Op.MSR_PSR_IMM]: msrImmediateValue,
  [Op.CPS_PSR]: cps,
  [Op.SRS]: storeReturnState,
  [Op.RFE]: returnFromException,
  [Op.RETURN]: subtractAndReturn,
  [Op.COPROCESSOR]: transferCoprocessor,
  [Op.COPROCESSOR_PAIR]: (cpu) => raise(cpu, Fault.UNDEFINED_INSTRUCTION),
  [Op.VFP_SYSTEM]: transferVfp,
  [Op.SVC]: supervisorCall,
  [Op.BKPT]: (cpu) => raise(cpu, Fault.BREAKPOINT),
  // Code may be fetched from anywhere where there is memory.
  [Op.FETCH_FAULT]: (cpu) => raise(cpu, Fault.FETCH_FAILED, cpu.imm),
}

const byNumber: readonly (Execute | undefined)[] = Array.from({ length: 256 }, (_, op) =>
  Object.values(Op).some((each) => each === op) ? table[op as Op] : undefined,
)

/** Executes the instruction that `interpret` has left in `cpu.packed`, whatever it is. */
export function executeAny(cpu: CortexRCpu): void {
  const { packed } = cpu
  const own = byNumber[packed & 0xff]
  if (own === undefined) executeSlow(cpu)
  else own(cpu, (packed >>> 9) & 15, (packed >>> 13) & 15, (packed >>> 17) & 15)
}
