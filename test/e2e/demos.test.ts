import { describe, expect, test } from 'vitest'
import { openamp } from './command.js'

const { stdout: list } = await openamp(['demo', '--list'])
const names = Array.from(list.matchAll(/^ {2}(\S+) {2}/gm), ([, name = '']) => name)

describe('openamp demo', () => {
  test('--list names every demo on a line of its own', () => {
    expect(names).toContain('echo')
    expect(list.trimEnd().split('\n')).toHaveLength(names.length)
  })

  test.each(names)('%s runs to its end and tells its story in steps', async (name) => {
    const { code, stdout, stderr } = await openamp(['demo', name])
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^\n● /)
    expect(code).toBe(0)
  })

  test('of a name that there is not is an error in usage', async () => {
    const { code, stderr } = await openamp(['demo', 'nothing'])
    expect(stderr).toBe('openamp: there is no demo "nothing"; openamp demo --list names them\n')
    expect(code).toBe(2)
  })
})
