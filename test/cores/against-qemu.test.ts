import { describe, expect, it } from 'vitest'
import { needsTool } from '../tools.js'
import { differences, runOnBoard, runOnQemu } from './compare.js'
import { Image } from './harness.js'
import { suites, wideSuites } from './suites.js'

/** Everything is compiled, before it is executed for the first time. */
const EVERYTHING = 0

const qemu = needsTool('qemu-system-riscv32', 'qemu-system-misc', suites.length)

describe.skipIf(qemu === undefined)('the virt-rv32 board does what QEMU does', () => {
  for (const { name, cases, scratch, compiled = false } of suites) {
    it(`for ${name}`, () => {
      const image = new Image(cases(), scratch)
      const expected = runOnQemu(qemu ?? '', image)
      const wrong = differences(image, expected, runOnBoard(image))
      console.log(`${name}: ${image.cases.length} programs compared`)
      expect(wrong.slice(0, 20).join('\n')).toBe('')
      if (!compiled) return
      const each = differences(image, expected, runOnBoard(image, EVERYTHING))
      expect(each.slice(0, 20).join('\n'), 'compiled').toBe('')
    })
  }
})

const qemu64 = needsTool('qemu-system-riscv64', 'qemu-system-misc', wideSuites.length)

describe.skipIf(qemu64 === undefined)('the virt-rv64 board does what QEMU does', () => {
  for (const { name, cases, scratch } of wideSuites) {
    it(`for ${name}`, () => {
      const image = new Image(cases(), scratch, true)
      const wrong = differences(image, runOnQemu(qemu64 ?? '', image), runOnBoard(image))
      console.log(`${name}: ${image.cases.length} programs compared`)
      expect(wrong.slice(0, 20).join('\n')).toBe('')
    })
  }
})
