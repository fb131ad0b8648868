/** A process that takes messages from a Unix socket, or sends every one back. */
import { connect } from 'node:net'

const [, , path = '', size = '', mode = ''] = process.argv
const bytes = Number(size)

const socket = connect(path)
let rest = 0
let sum = 0
let taken = 0
socket.on('data', (data) => {
  if (mode === 'echo') {
    socket.write(data)
    return
  }
  // A message ends in every so many bytes of the stream; its last byte is read.
  for (let end = bytes - rest - 1; end < data.length; end += bytes) {
    sum += data[end] ?? 0
    taken++
  }
  rest = (rest + data.length) % bytes
  if (taken >= Number(mode)) {
    socket.write(Uint8Array.of(sum & 0xff))
    taken -= Number(mode)
  }
})
socket.on('end', () => process.exit())
