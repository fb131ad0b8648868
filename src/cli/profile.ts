import { OpenampError } from '../base/errors.js'
import { virtRv32 } from '../boards/catalogue/virt-rv32.js'
import type { BoardDescription } from '../boards/description.js'
import { type RemoteprocOptions, rpmsgLite } from '../remoteproc/index.js'
import { numberOf } from './options.js'

type LayoutKey = 'base' | 'count' | 'align' | 'vring-size' | 'buffer-size' | 'link'

/** The numbers of RPMsg-Lite's shared memory, as --layout has them: those of i.MX unless given. */
const LAYOUT: Record<Exclude<LayoutKey, 'base'>, number> = {
  count: 16,
  align: 0x1000,
  'vring-size': 0x8000,
  'buffer-size': 512,
  link: 0,
}

/** What --profile and --layout say of the remote. @throws ERR_USAGE */
export function profileOptions(
  profile: string,
  layout: string | undefined,
  board: BoardDescription = virtRv32,
): Pick<RemoteprocOptions, 'resourceTable' | 'buffers'> {
  if (profile === 'rpmsg-lite') {
    const { base, count, align, link, ...sizes } = parseLayout(layout ?? '', sharedBase(board))
    const { 'vring-size': vringSize, 'buffer-size': bufferSize } = sizes
    return rpmsgLite({ base, count, align, link, vringSize, bufferSize })
  }
  if (profile !== 'openamp') {
    throw new OpenampError(
      'ERR_USAGE',
      `--profile: expected openamp or rpmsg-lite, found "${profile}"`,
    )
  }
  if (layout !== undefined) {
    throw new OpenampError('ERR_USAGE', '--layout goes with --profile rpmsg-lite')
  }
  return {}
}

/** Where the memory begins that the board has for rings and buffers. */
function sharedBase({ memory, shared }: BoardDescription): number {
  const [first] = memory
  return (memory.find(({ name }) => name === shared) ?? first).base
}

function parseLayout(text: string, base: number): Record<LayoutKey, number> {
  const layout = { base, ...LAYOUT }
  for (const part of text.split(',').filter((other) => other.trim() !== '')) {
    const [key = '', value = ''] = part.split('=', 2).map((side) => side.trim())
    if (!isKey(key)) {
      const keys = Object.keys(layout).join(', ')
      throw new OpenampError('ERR_USAGE', `--layout: expected ${keys}, found "${key}"`)
    }
    layout[key] = numberOf(value, `--layout ${key}`, { whole: true, atLeast: 0 })
  }
  return layout
}

function isKey(key: string): key is keyof Record<LayoutKey, number> {
  return key === 'base' || Object.hasOwn(LAYOUT, key)
}
