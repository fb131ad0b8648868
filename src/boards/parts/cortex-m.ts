import { CortexM } from '../../cores/cortex-m/core.js'
import type { Part } from '../../cores/cortex-m/parts.js'
import type { CorePart, PartPlace } from './part.js'
import { Semihosting } from './semihosting.js'

/** A Cortex-M: its interrupt controller and its timer are part of the core. */
export function cortexMPart(part: Part): (place: PartPlace) => CorePart {
  return (place) => {
    const { description, regions, bus, cyclesPerSecond } = place
    const { interrupts = part.interrupts, priorityBits = part.priorityBits } = description
    const { referenceClock, secure = false } = description
    const systick =
      referenceClock === undefined
        ? {}
        : {
            systick: {
              referenceCycles: Math.round(cyclesPerSecond / referenceClock),
              tenMilliseconds: Math.round(referenceClock / 100) - 1,
            },
          }
    const core = new CortexM({
      part: { ...part, interrupts, priorityBits },
      regions,
      bus,
      system: { ...systick, secure },
      compile: place.compile,
      onDelay: place.delay,
    })
    const { cpu } = core
    const semihosting = new Semihosting({
      memory: cpu.memory,
      cyclesPerSecond,
      cycle: () => core.cycle,
      send: place.send,
      end: place.end,
      pass: (cycles) => {
        cpu.left -= cycles
      },
    })
    cpu.semihost = (operation, parameter) => semihosting.call(operation, parameter)
    return {
      core,
      debug: core.debug,
      get compiled() {
        return core.compiled
      },
      get registers() {
        return [...cpu.r]
      },
      setInterrupt: (number, high) => core.setInterrupt(number, high),
      drive: () => {},
      wakesAt: () => core.dueCycle,
      wakesOn: () => true,
    }
  }
}
