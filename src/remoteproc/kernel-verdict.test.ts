import { expect, test } from 'vitest'
import type { KernelState } from './kernel-machine.js'
import { verdictOn } from './kernel-verdict.js'

const known = { life: 'virtio0:1', asked: 3 }
const now = (state: KernelState, life: string | undefined, asked = 3) => ({ state, life, asked })

test.each([
  ['runs with the same devices', now('running', 'virtio0:1'), { kind: 'goes on' }],
  ['runs with other devices', now('running', 'virtio0:2'), { kind: 'recovered' }],
  ['is crashed', now('crashed', 'virtio0:1'), { kind: 'crashed' }],
  ['has lost its devices', now('running', undefined), { kind: 'on its way', decide: true }],
  ['is offline, unasked', now('offline', undefined), { kind: 'on its way', decide: true }],
  [
    'is offline, and others have asked',
    now('offline', undefined, 4),
    { kind: 'ended', state: 'stopped', how: 'was stopped by others' },
  ],
  [
    'runs with other devices, and others have asked',
    now('running', 'virtio0:2', 4),
    { kind: 'ended', state: 'detached', how: 'was started anew by others' },
  ],
  [
    'has lost its devices, and others have asked',
    now('running', undefined, 4),
    { kind: 'on its way', decide: false },
  ],
  [
    'is detached',
    now('detached', undefined),
    { kind: 'ended', state: 'detached', how: 'was detached from by others' },
  ],
])('of a remote that %s it is said what has become of it', (_, seen, verdict) => {
  expect(verdictOn(known, seen)).toEqual(verdict)
})

test('a remote whose devices come after the start goes on', () => {
  const without = { life: undefined, asked: 0 }
  expect(verdictOn(without, now('running', 'virtio0:1', 0))).toEqual({ kind: 'goes on' })
})
