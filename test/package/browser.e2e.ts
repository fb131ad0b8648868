import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { needsTool } from '../tools.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const chromium = needsTool('chromium', 'chromium', 2)

/** A program for a browser, bundled as an application would bundle it; fails on anything of Node's. */
async function bundle(program: string): Promise<string> {
  const result = await build({
    stdin: { contents: program, resolveDir: root },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // Ours maps the package's imports to the sources; an application has none of that.
    tsconfigRaw: '{}',
  })
  return result.outputFiles[0]?.text ?? ''
}

const page = (worker: boolean): string => `
  import { Remoteproc } from 'openamp'
  import { http } from 'openamp/firmware'
  import { emulated } from 'openamp/machines'
  const tell = (text) => fetch('/result', { method: 'POST', body: text })
  try {
    const rproc = await Remoteproc.init({ firmware: http('/echo.elf'), machine: emulated({ worker: ${worker} }) })
    await rproc.boot()
    const channel = await rproc.channel('rpmsg-openamp-demo-channel')
    await channel.send('hello from a browser')
    const answer = await channel.receive()
    await rproc.deinit()
    await tell(answer.text())
  } catch (error) {
    await tell(String(error.stack))
  }`

/** Serves the page, opens it in a browser, and gives back what it tells. */
async function inBrowser(browser: string, script: string): Promise<string> {
  const worker = await bundle(`import './dist/machines/emulated/board-worker-web.js'`)
  const files = new Map<string, readonly [type: string, body: string | Buffer]>([
    ['/', ['text/html', '<!doctype html><script type="module" src="/main.js"></script>']],
    ['/main.js', ['text/javascript', script]],
    ['/board-worker-web.js', ['text/javascript', worker]],
    ['/echo.elf', ['application/octet-stream', readFileSync(`${root}/firmware/images/echo.elf`)]],
  ])
  const profile = mkdtempSync(join(tmpdir(), 'openamp-browser-'))
  const told = deferred()
  const server = createServer((request, response) => {
    if (request.url === '/result') {
      let text = ''
      request.on('data', (chunk) => {
        text += chunk
      })
      request.on('end', () => {
        response.end()
        told.resolve(text)
      })
      return
    }
    const [type, body] = files.get(request.url ?? '') ?? ['text/plain', '']
    // SharedArrayBuffer needs a page that is isolated from other origins.
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
    response.setHeader('Content-Type', type)
    response.end(body)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
  const quiet = [
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    `--user-data-dir=${profile}`,
    '--remote-debugging-port=0',
  ]
  const child = spawn(browser, [...flags, ...quiet, `http://127.0.0.1:${port}/`], {
    stdio: 'ignore',
    detached: true,
  })
  child.on('exit', (code) => told.resolve(`the browser ended with ${code}`))
  try {
    return await told.promise
  } finally {
    const gone = new Promise((resolve) => {
      child.once('exit', resolve)
    })
    if (child.exitCode === null && child.pid !== undefined) {
      process.kill(-child.pid, 'SIGKILL')
      await gone
    }
    server.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

test('the exports for browsers bundle without anything of Node', async () => {
  const text = await bundle(
    ['', '/machines', '/firmware', '/proxy'].map((e) => `export * from 'openamp${e}'`).join('\n'),
  )
  expect(text).not.toMatch(/["']node:/)
  expect(text.length).toBeGreaterThan(50_000)
})

test.skipIf(chromium === undefined).each([false, true])(
  'a page boots firmware and talks to it, in a worker: %s',
  async (worker) => {
    expect(await inBrowser(chromium ?? '', await bundle(page(worker)))).toBe('hello from a browser')
  },
)

// Promise.withResolvers is not in Node 20.
function deferred(): {
  readonly promise: Promise<string>
  readonly resolve: (text: string) => void
} {
  let resolve: (text: string) => void = () => {}
  const promise = new Promise<string>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
