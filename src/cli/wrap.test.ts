import { expect, test } from 'vitest'
import { fittedHelp } from './wrap.js'

const help = `usage: openamp fly [options]

Flies. It does so without wings, and lands where
it has begun.

  --height METRES         how high it flies, above the
                          sea
  --slow                  not so fast

exit codes: 0 done`

test('help that fits stands as it is written', () => {
  expect(fittedHelp(help, 80)).toBe(help)
})

test('on a narrower terminal words move, and what is said of an option stays in its column', () => {
  expect(fittedHelp(help, 52).split('\n')).toEqual([
    'usage: openamp fly [options]',
    '',
    'Flies. It does so without wings, and lands where it',
    'has begun.',
    '',
    '  --height METRES         how high it flies, above',
    '                          the sea',
    '  --slow                  not so fast',
    '',
    'exit codes: 0 done',
  ])
})

test('on a very narrow one it stands below', () => {
  const lines = fittedHelp(help, 30).split('\n')
  expect(lines.slice(6, 11)).toEqual([
    '  --height METRES',
    '      how high it flies, above',
    '      the sea',
    '  --slow',
    '      not so fast',
  ])
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(30)
})
