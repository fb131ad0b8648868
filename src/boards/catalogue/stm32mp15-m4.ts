import type { BlockDescription, BoardDescription } from '../description.js'

function usart(name: string, base: number, interrupt: number): BlockDescription {
  return { type: 'stm32-usart', name, base, size: 0x400, interrupts: { interrupt } }
}

/** The Cortex-M4 of ST's STM32MP15 (RM0436), as far as its published OpenAMP firmware goes. */
export const stm32mp15M4: BoardDescription = {
  name: 'stm32mp15-m4',
  about: "Cortex-M4 of ST's STM32MP15, as far as OpenAMP firmware needs it",
  core: { part: 'cortex-m4', interrupts: 150, priorityBits: 4 },
  clock: 209_000_000,
  memory: [
    { name: 'mcusram', base: 0x1000_0000, size: 0x4_0000, aliases: [0x3000_0000] },
    { name: 'retram', base: 0x0000_0000, size: 0x1_0000, aliases: [0x3800_0000] },
    // The upper third, where rings and buffers are on this chip by habit.
    { name: 'shared', base: 0x1004_0000, size: 0x2_0000, aliases: [0x3004_0000] },
  ],
  shared: 'shared',
  blocks: [
    {
      ...{ type: 'ipcc', name: 'IPCC', base: 0x4c00_1000, size: 0x400 },
      interrupts: { 'receive-occupied': 103, 'transmit-free': 104 },
    },
    { type: 'stm32-hsem', name: 'HSEM', base: 0x4c00_0000, size: 0x400, options: { core: 2 } },
    usart('USART3', 0x4000_f000, 39),
    usart('UART4', 0x4001_0000, 52),
    usart('UART5', 0x4001_1000, 53),
    usart('UART7', 0x4001_8000, 82),
    { type: 'registers', name: 'RCC', base: 0x5000_0000, size: 0x1000 },
    { type: 'registers', name: 'PWR', base: 0x5000_1000, size: 0x400 },
    { type: 'registers', name: 'GPIO', base: 0x5000_2000, size: 0xb000 },
    { type: 'registers', name: 'EXTI', base: 0x5000_d000, size: 0x400 },
    { type: 'registers', name: 'SYSCFG', base: 0x5002_0000, size: 0x400 },
    { type: 'registers', name: 'APB1', base: 0x4000_0000, size: 0x2_0000 },
    { type: 'registers', name: 'APB2', base: 0x4400_0000, size: 0x2_0000 },
    { type: 'registers', name: 'AHB', base: 0x4800_0000, size: 0x402_0000 },
    { type: 'registers', name: 'APB3 and AHB4', base: 0x5000_0000, size: 0x800_0000 },
    { type: 'registers', name: 'AHB5 and APB5', base: 0x5400_0000, size: 0x800_9000 },
  ],
}
