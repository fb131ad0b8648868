import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isOpenampError } from '../../base/errors.js'
import {
  backendMessage,
  decodeHeader,
  decodeRequest,
  replyConfig,
  replyState,
  replyU64,
} from './message.js'

// Bytes are written by hand from the protocol's tables.

const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(hex.replaceAll(' ', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

test('a header is request, flags and size', () => {
  expect(decodeHeader(bytes('05000000 09000000 48000000'))).toEqual({
    request: 5,
    flags: 9,
    size: 72,
  })
})

test.each([
  ['of another version', '01000000 02000000 00000000', 'message 1 is of version 2, not 1'],
  ['without a version', '01000000 00000000 00000000', 'version 0'],
  ['that says it is a reply', '01000000 05000000 00000000', 'says it is a reply'],
  ['of a huge payload', '01000000 01000000 ffffffff', 'a payload of 4294967295 bytes'],
  ['of one byte too many', '18000000 01000000 0d010000', 'a payload of 269 bytes'],
])('a header %s is refused', (_, header, why) => {
  expect(() => decodeHeader(bytes(header))).toThrow(why)
  expect(() => decodeHeader(bytes(header))).toThrow(expect.objectContaining({ code: 'ERR_PEER' }))
})

test.each([
  [1, '', { name: 'GET_FEATURES' }],
  [2, '01000060 01000000', { name: 'SET_FEATURES', value: 0x1_6000_0001n }],
  [3, '', { name: 'SET_OWNER' }],
  [4, '', { name: 'RESET_OWNER' }],
  [8, '01000000 00010000', { name: 'SET_VRING_NUM', index: 1, num: 256 }],
  [
    9,
    '01000000 02000000 0010000000000000 0020000000000000 0030000000000000 ffffffffffffffff',
    {
      name: 'SET_VRING_ADDR',
      index: 1,
      flags: 2,
      descriptors: 0x1000n,
      used: 0x2000n,
      available: 0x3000n,
    },
  ],
  [10, '00000000 05000000', { name: 'SET_VRING_BASE', index: 0, num: 5 }],
  [11, '01000000 00000000', { name: 'GET_VRING_BASE', index: 1, num: 0 }],
  [12, '01000000 00000000', { name: 'SET_VRING_KICK', index: 1, noFd: false }],
  [13, '01010000 00000000', { name: 'SET_VRING_CALL', index: 1, noFd: true }],
  [14, 'ff000000 00000000', { name: 'SET_VRING_ERR', index: 255, noFd: false }],
  [15, '', { name: 'GET_PROTOCOL_FEATURES' }],
  [16, '28400000 00000000', { name: 'SET_PROTOCOL_FEATURES', value: 0x4028n }],
  [17, '', { name: 'GET_QUEUE_NUM' }],
  [18, '01000000 01000000', { name: 'SET_VRING_ENABLE', index: 1, num: 1 }],
  [21, '', { name: 'SET_BACKEND_REQ_FD' }],
  [24, '04000000 02000000 00000000 0000', { name: 'GET_CONFIG', offset: 4, size: 2, flags: 0 }],
  [25, '00000000 01000000 01000000 aa', { name: 'SET_CONFIG', offset: 0, size: 1, flags: 1 }],
  [35, '01000000 00000000', { name: 'VRING_KICK', index: 1, num: 0 }],
  [39, '0f000000 00000000', { name: 'SET_STATUS', value: 15n }],
  [40, '', { name: 'GET_STATUS' }],
])('request %i', (id, payload, request) => {
  expect(decodeRequest(id, bytes(payload))).toEqual(request)
})

const region = '0000000040000000 0000100000000000 00000000007f0000 0010000000000000'

test('a memory table has as many regions as it says, whatever follows them', () => {
  const expected = {
    name: 'SET_MEM_TABLE',
    regions: [
      {
        guestAddress: 0x4000_0000n << 8n,
        size: 0x10_0000n,
        userAddress: 0x7f00_0000_0000n,
        mmapOffset: 0x1000n,
      },
    ],
  }
  expect(decodeRequest(5, bytes(`01000000 00000000 ${region}`))).toEqual(expected)
  expect(decodeRequest(5, bytes(`01000000 00000000 ${region} ${region}`))).toEqual(expected)
})

test.each([
  ['of no region', '00000000 00000000'],
  ['of 9 regions', `09000000 00000000 ${region.repeat(9)}`],
  ['of more regions than bytes', `02000000 00000000 ${region}`],
  ['that is too short for a count', '01000000'],
  ['that is empty', ''],
])('a memory table %s is refused', (_, payload) => {
  expect(() => decodeRequest(5, bytes(payload))).toThrow('SET_MEM_TABLE has')
})

test.each([
  [1, '00', 'GET_FEATURES has a payload of 1 bytes, not 0'],
  [2, '00000000', 'SET_FEATURES has a payload of 4 bytes, not 8'],
  [9, '00'.repeat(41), 'SET_VRING_ADDR has a payload of 41 bytes, not 40'],
  [24, '00000000 05000000 00000000 0000', 'GET_CONFIG has a payload of 14 bytes, not 17'],
  [24, '0000', 'GET_CONFIG has a payload of 2 bytes, not 12'],
  [7, '', 'message 7 is not known'],
  [0, '', 'message 0 is not known'],
])('request %i of a wrong size or number is refused', (id, payload, why) => {
  expect(() => decodeRequest(id, bytes(payload))).toThrow(why)
})

test('replies have version 1 and the reply flag, and nothing else', () => {
  expect(replyU64(1, 0x1_4000_0001n)).toEqual(bytes('01000000 05000000 08000000 01000040 01000000'))
  expect(replyState(11, 1, 7)).toEqual(bytes('0b000000 05000000 08000000 01000000 07000000'))
  expect(replyConfig(24, 4, 2)).toEqual(
    bytes('18000000 05000000 0e000000 04000000 02000000 00000000 0000'),
  )
})

test('a message of our own wants no reply', () => {
  expect(backendMessage(4, 1)).toEqual(bytes('04000000 01000000 08000000 01000000 00000000'))
})

test('whatever comes is a request or an ERR_PEER', () => {
  const property = fc.property(
    fc.integer({ min: 0, max: 42 }),
    fc.uint8Array({ maxLength: 300 }),
    (id, payload) => {
      try {
        decodeRequest(id, payload)
      } catch (error) {
        if (!isOpenampError(error, 'ERR_PEER')) throw error
      }
    },
  )
  fc.assert(property, { numRuns: 5000 })
})
