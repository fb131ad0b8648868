import type { BlockType } from '../block.js'
import { cadenceTtcType } from './cadence-ttc.js'
import { cadenceUartType } from './cadence-uart.js'
import { clintType } from './clint.js'
import { cmsdkDualTimerType } from './cmsdk-dual-timer.js'
import { cmsdkTimerType } from './cmsdk-timer.js'
import { cmsdkUartType } from './cmsdk-uart.js'
import { finisherType } from './finisher.js'
import { gicType } from './gic.js'
import { imxUartType } from './imx-uart.js'
import { ipccType } from './ipcc.js'
import { mps2FpgaioType } from './mps2-fpgaio.js'
import { muType } from './mu.js'
import { omapMailboxType } from './omap-mailbox.js'
import { plicType } from './plic.js'
import { registersType } from './registers.js'
import { stm32HsemType } from './stm32-hsem.js'
import { stm32UsartType } from './stm32-usart.js'
import { tiDmtimerType } from './ti-dmtimer.js'
import { tiRatType } from './ti-rat.js'
import { tiSciType } from './ti-sci.js'
import { uart16550Type } from './uart16550.js'
import { virtioSlotsType } from './virtio-slots.js'
import { xilinxIpiType } from './xilinx-ipi.js'

/** The types of blocks that a board can be put together from, by the name in its description. */
export const blockTypes: Readonly<Record<string, BlockType>> = {
  registers: registersType,

  ipcc: ipccType,
  mu: muType,
  'omap-mailbox': omapMailboxType,
  'xilinx-ipi': xilinxIpiType,

  clint: clintType,
  plic: plicType,
  gic: gicType,
  'cmsdk-timer': cmsdkTimerType,
  'cmsdk-dual-timer': cmsdkDualTimerType,
  'ti-dmtimer': tiDmtimerType,
  'cadence-ttc': cadenceTtcType,

  'cadence-uart': cadenceUartType,
  'cmsdk-uart': cmsdkUartType,
  'imx-uart': imxUartType,
  'stm32-usart': stm32UsartType,
  'uart-16550': uart16550Type,

  'mps2-fpgaio': mps2FpgaioType,
  'stm32-hsem': stm32HsemType,
  'ti-sci': tiSciType,
  'ti-rat': tiRatType,
  'test-finisher': finisherType,
  'virtio-mmio': virtioSlotsType,
}
