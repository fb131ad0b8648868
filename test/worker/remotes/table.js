import { defineRemote } from '../../../dist/remote.js'

const ring = { num: 8, align: 4096 }

/** A table of its own: small rings, no event index, and a carve-out for the buffers. */
export default defineRemote({
  resourceTable: [
    { kind: 'carveout', name: 'vdev0buffer', len: 0x4000 },
    { kind: 'vdev', dfeatures: 1, vrings: [ring, ring] },
  ],
  main: async ({ remote }) => {
    const channel = (await remote.whenReady()).announce('echo')
    channel.onMessage((message) => void channel.send(message.copy()))
  },
})
