import { expect, test } from 'vitest'
import { takeUncaught } from '../../test/support/uncaught.js'
import { errorCodes, hex, isOpenampError, OpenampError } from './errors.js'
import { EventSource } from './events.js'

test('an error carries its code, its message and its cause', () => {
  const cause = new Error('underneath')
  const error = new OpenampError('ERR_PEER', 'it lied', { cause })
  expect(error).toBeInstanceOf(Error)
  expect(error).toMatchObject({ name: 'OpenampError', code: 'ERR_PEER', message: 'it lied', cause })
})

test('isOpenampError tells our errors from others, and one code from another', () => {
  const error = new OpenampError('ERR_PEER', '')
  expect(isOpenampError(error)).toBe(true)
  expect(isOpenampError(error, 'ERR_PEER')).toBe(true)
  expect(isOpenampError(error, 'ERR_MEMORY')).toBe(false)
  expect(isOpenampError(Object.assign(new Error(), { code: 'ERR_PEER' }))).toBe(false)
})

test('every code has a description', () => {
  for (const [code, description] of Object.entries(errorCodes)) {
    expect(code).toMatch(/^ERR_[A-Z_]+$/)
    expect(description).not.toBe('')
  }
})

test('addresses in messages are lower-case hexadecimal', () => {
  expect(hex(0xdeadbeef)).toBe('0xdeadbeef')
  expect(hex(0x2a, 8)).toBe('0x0000002a')
  expect(hex(1n << 60n)).toBe('0x1000000000000000')
})

test('observers are told in the order of subscription until they leave', () => {
  const events = new EventSource<string>()
  const seen: string[] = []
  const leave = events.observe((event) => seen.push(`a ${event}`))
  events.observe((event) => seen.push(`b ${event}`))
  events.emit('1')
  leave()
  events.emit('2')
  expect(seen).toEqual(['a 1', 'b 1', 'b 2'])
  expect(events.observed).toBe(true)
})

test('an observer that throws keeps neither the next one nor the caller from going on', async () => {
  const events = new EventSource<string>()
  const seen: string[] = []
  events.observe(() => {
    throw new Error('mine')
  })
  events.observe((event) => seen.push(event))
  const uncaught = await takeUncaught(() => events.emit('news'))
  expect(seen).toEqual(['news'])
  expect(uncaught).toEqual([new Error('mine')])
})
