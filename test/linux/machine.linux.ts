import { describe, expect, test } from 'vitest'
import { boot, folder, type Guest, images, linux, program } from './guest-run.js'

/** Boots the kernel with the emulated board as its remote processor, and runs a part of the program. */
function bootBoard(part: string, options: { readonly seconds?: number } = {}): Promise<Guest> {
  return boot({
    commands: [
      `insmod ${linux?.modules}/openamp_board.ko`,
      `${program('board', folder)} &`,
      // What a program lays down for the kernel must lie where the guest can write.
      `TMPDIR=${folder} ${program('machine', part, images, folder)}`,
    ],
    ...options,
  })
}

const trouble = /BUG:|WARNING:|Oops/

describe.skipIf(linux === undefined)('a program on a board whose host is the kernel', () => {
  test('boots an image, talks to it, shuts it down', async () => {
    const { said, output } = await bootBoard('life')
    console.log(output.slice(-3000))
    expect(output).not.toMatch(trouble)
    expect(said).toEqual({})
  })
})
