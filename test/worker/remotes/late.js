import { defineRemote } from '../../../dist/remote.js'

/** Fails before there is a link, or long after it. */
export default defineRemote({
  main: async ({ remote, data }) => {
    if (data === 'at once') throw new RangeError('not even begun')
    await remote.whenReady()
    setTimeout(() => {
      throw new Error('a timer of mine')
    }, 0)
  },
})
