import { blockTypes } from './blocks/index.js'
import { parts } from './parts/index.js'

const number = (description: string): unknown => ({ $ref: '#/$defs/number', description })
const numbers = (description: string): unknown => ({
  type: 'array',
  items: { $ref: '#/$defs/number' },
  description,
})

function object(
  description: string,
  required: readonly string[],
  properties: Readonly<Record<string, unknown>>,
): object {
  return { type: 'object', description, required, properties, additionalProperties: false }
}

/** Interrupts and options of one block type, as a condition on `type`. */
function conditionOf(type: string): unknown {
  const { interrupts = [], options = {} } = blockTypes[type] ?? {}
  const keys = (names: readonly string[]): unknown => ({
    properties: Object.fromEntries(names.map((name) => [name, { $ref: '#/$defs/number' }])),
    additionalProperties: false,
  })
  return {
    if: { properties: { type: { const: type } } },
    // biome-ignore lint/suspicious/noThenProperty: it is JSON Schema's
    then: {
      properties: { interrupts: keys(interrupts), options: keys(Object.keys(options)) },
    },
  }
}

/** The JSON Schema of a board's file, for editors: `readBoard` checks the same, and what a schema cannot. */
export function boardSchema(): unknown {
  const types = Object.keys(blockTypes)
  const about = types.map((type) => `${type}: ${blockTypes[type]?.about ?? ''}`).join('\n')
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A board for openamp',
    type: 'object',
    required: ['name', 'core', 'clock', 'memory'],
    additionalProperties: false,
    properties: {
      $schema: { type: 'string' },
      name: { type: 'string' },
      about: { type: 'string', description: 'what it is, in one line' },
      core: object('the core', ['part'], {
        part: { enum: Object.keys(parts) },
        interrupts: number('external interrupts of a Cortex-M'),
        priorityBits: number('bits of an interrupt priority of a Cortex-M'),
        vectors: number('where a Cortex-M finds its vector table at reset; 0 unless given'),
        secure: { type: 'boolean', description: 'all software is in the Secure state' },
        referenceClock: number('hertz of the clock beside the core that SysTick can count'),
      }),
      clock: number('hertz; one instruction is executed a cycle'),
      memory: {
        type: 'array',
        minItems: 1,
        description: 'the first one is what the core reaches fastest',
        items: object('memory', ['name', 'base', 'size'], {
          name: { type: 'string' },
          base: number('device address, a multiple of 4096'),
          size: number('bytes, a multiple of 4096'),
          aliases: numbers('further addresses of the same memory'),
        }),
      },
      shared: {
        type: 'string',
        description: 'the memory for rings and buffers; the first unless given',
      },
      renumbers: {
        type: 'boolean',
        description: "the host numbers the rings' notify ids from 0 on, whatever the table says",
      },
      headStart: number('milliseconds that the remote runs before the host sets its rings up'),
      blocks: {
        type: 'array',
        description: 'device registers; where two overlap, the first answers',
        items: {
          ...object('a block of registers', ['type', 'base', 'size'], {
            type: { enum: types, description: about },
            name: { type: 'string', description: 'for messages; the type unless given' },
            base: number('device address'),
            size: number('bytes'),
            aliases: numbers('further addresses of the same registers'),
            interrupts: { type: 'object', description: 'numbers of its interrupt lines' },
            options: { type: 'object' },
            translated: {
              type: 'boolean',
              description:
                'reached only through a translation of addresses, at addresses of the system',
            },
            overrides: {
              type: 'array',
              items: object('a register that does not just keep its value', ['offset'], {
                offset: number('from the start of the block, a multiple of 4'),
                reset: number('what it holds after reset'),
                value: number('what it always reads'),
                set: number('bits that always read 1'),
                clear: number('bits that always read 0'),
              }),
            },
          }),
          allOf: types.map(conditionOf),
        },
      },
    },
    $defs: {
      number: {
        description: 'a number, or one in hexadecimal as a string: "0x4000_4000"',
        anyOf: [
          { type: 'integer', minimum: 0 },
          { type: 'string', pattern: '^0[xX][0-9a-fA-F_]+$' },
        ],
      },
    },
  }
}
