import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { VirtualClock } from '../base/clock.js'
import { buildElf } from './build-elf.js'
import { readImage } from './format.js'
import { http } from './http-store.js'

const elf = buildElf({ entry: 0x1000, segments: [{ vaddr: 0x1000, data: new Uint8Array(4000) }] })

let asked = (): void => {}
const pages: Readonly<
  Record<string, (response: ServerResponse, request: IncomingMessage) => void>
> = {
  '/fw/small.elf': (response) => {
    response.setHeader('Content-Length', elf.length)
    response.end(elf)
  },
  '/chunked.elf': (response) => {
    response.write(elf.subarray(0, 100))
    response.end(elf.subarray(100))
  },
  '/packed.elf': (response) => {
    const packed = gzipSync(elf)
    response.setHeader('Content-Encoding', 'gzip')
    response.setHeader('Content-Length', packed.length)
    response.end(packed)
  },
  '/cut.elf': (response) => {
    response.setHeader('Content-Length', elf.length)
    response.write(elf.subarray(0, 100), () => response.destroy())
  },
  '/empty.elf': (response) => response.end(),
  '/nobody.elf': (response) => {
    response.statusCode = 204
    response.end()
  },
  '/secret.elf': (response, request) => {
    response.statusCode = request.headers.authorization === 'Bearer x' ? 200 : 401
    response.end(elf)
  },
  '/silent.elf': () => asked(),
}

let server: Server
let base = ''
beforeAll(async () => {
  server = createServer((request, response) => {
    const page = pages[request.url ?? '']
    if (page !== undefined) return page(response, request)
    response.statusCode = 404
    response.end('<h1>not here</h1>')
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  base = `http://127.0.0.1:${address.port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

describe('an image behind an address', () => {
  test.each(['/fw/small.elf', '/chunked.elf', '/packed.elf'])('is read: %s', async (path) => {
    const image = await readImage(http(base + path))
    expect(image.name).toBe(path.replace(/.*\//, ''))
    expect(image.loadable[0]?.data).toHaveLength(4000)
  })

  test('is asked for with what the request is given', async () => {
    const request = { headers: { Authorization: 'Bearer x' } }
    expect(await readImage(http(`${base}/secret.elf`, { request }))).toMatchObject({ bits: 32 })
  })

  test.each([
    ['is not there', '/none.elf', 'expected status 200, the server answers 404 Not Found'],
    ['is not allowed', '/secret.elf', 'expected status 200, the server answers 401 Unauthorized'],
    ['has no content', '/nobody.elf', 'the server answers 204'],
    ['is empty', '/empty.elf', 'found an empty file'],
    ['is cut on its way', '/cut.elf', 'cut.elf: '],
  ])('is refused where it %s', async (_, path, message) => {
    await expect(readImage(http(base + path))).rejects.toMatchObject({
      code: 'ERR_IMAGE',
      message: expect.stringContaining(message),
    })
  })

  test('is refused where nobody listens', async () => {
    const gone = createServer().listen(0, '127.0.0.1')
    await once(gone, 'listening')
    const address = gone.address()
    const at = typeof address === 'object' ? `127.0.0.1:${address?.port}` : ''
    gone.close()
    await once(gone, 'close')
    await expect(readImage(http(`http://${at}/x.elf`))).rejects.toMatchObject({
      code: 'ERR_IMAGE',
      message: `http://${at}/x.elf: cannot be fetched: fetch failed: connect ECONNREFUSED ${at}`,
    })
  })

  test('is given up where no answer comes in time', async () => {
    const clock = new VirtualClock()
    const arrived = new Promise<void>((resolve) => {
      asked = resolve
    })
    const reading = readImage(http(`${base}/silent.elf`, { stall: 500, clock }))
    const ended = expect(reading).rejects.toMatchObject({
      code: 'ERR_TIMEOUT',
      message: 'no answer for silent.elf within 500 ms',
    })
    await arrived
    clock.advanceTo(500e6)
    await ended
  })

  test('is given up when it is aborted', async () => {
    const aborter = new AbortController()
    asked = () => aborter.abort()
    const reading = readImage(http(`${base}/silent.elf`), { signal: aborter.signal })
    await expect(reading).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  })
})
