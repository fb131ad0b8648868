import { WallClock } from '../base/clock.js'
import { OpenampError } from '../base/errors.js'
import { Waits } from '../base/waits.js'
import type { ImageStore } from './store.js'
import { defaultStall, type StreamOptions, stream } from './stream-store.js'

export interface HttpOptions
  extends Pick<StreamOptions, 'name' | 'stall' | 'window' | 'most' | 'clock'> {
  /** Headers, credentials and so on; its signal is that of the reading. */
  readonly request?: Omit<RequestInit, 'signal'> | undefined
}

/**
 * An image behind an address, by `fetch`: in a browser the same origin's, or one that allows it.
 * It is read as it comes; nothing is asked of the server but a plain answer, no ranges. The answer's
 * Content-Length is held against what comes, unless it is compressed on the way.
 * @throws (from `open`) ERR_IMAGE where there is no answer, or its status is not 200
 */
export function http(url: string | URL, options: HttpOptions = {}): ImageStore {
  const name = options.name ?? lastPart(String(url))
  return {
    name,
    open: async ({ signal }) => {
      const response = await answer(String(url), name, options, signal)
      const store = stream(response.body ?? nothing(), {
        ...options,
        name,
        size: contentLength(response.headers),
      })
      return store.open({ signal })
    },
  }
}

async function answer(
  url: string,
  name: string,
  { request, clock = new WallClock(), stall = defaultStall }: HttpOptions,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const fetching = new AbortController()
  const timeout = Number.isFinite(stall) ? stall : undefined
  const wait = new Waits(clock).add<Response>('image', `answer for ${name}`, { timeout, signal })
  fetch(url, { ...request, signal: fetching.signal }).then(
    (response) => wait.resolve(response),
    (cause: unknown) => {
      const why = reasonOf(cause)
      wait.reject(new OpenampError('ERR_IMAGE', `${url}: cannot be fetched: ${why}`, { cause }))
    },
  )
  try {
    const response = await wait.promise
    // 206 would be a part that nobody asked for, 204 nothing at all.
    if (response.status === 200) return response
    const text = response.statusText === '' ? '' : ` ${response.statusText}`
    throw new OpenampError(
      'ERR_IMAGE',
      `${url}: expected status 200, the server answers ${response.status}${text}`,
    )
  } catch (error) {
    fetching.abort()
    throw error
  }
}

/** Node says only "fetch failed", and why in the error's cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (!(cause instanceof Error)) return error.message
  const { message } = cause
  // Of several addresses that were tried, the code is all there is.
  return `${error.message}: ${message === '' && 'code' in cause ? cause.code : message}`
}

/** What Content-Length says of the bytes that come; a compressed answer's length is another. */
function contentLength(headers: Headers): number | undefined {
  const encoding = headers.get('content-encoding') ?? 'identity'
  const length = headers.get('content-length')
  if (length === null || encoding !== 'identity' || !/^\d+$/.test(length)) return undefined
  const size = Number(length)
  return Number.isSafeInteger(size) ? size : undefined
}

function lastPart(url: string): string {
  const path = url.replace(/[?#].*$/s, '')
  return path.slice(path.lastIndexOf('/') + 1) || url
}

async function* nothing(): AsyncIterable<Uint8Array> {}
