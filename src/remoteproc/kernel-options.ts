import type { RemoteprocOptions } from './remoteproc.js'

/** What a kernel's remote is opened with. */
export type OptionsOfInit = RemoteprocOptions

/** What was asked for and is the kernel's own business: a line each, for the program's owner. */
export function foreignOptions(options: OptionsOfInit): readonly string[] {
  const { resourceTable } = options
  const notes: string[] = []
  const ignored = (['buffers', 'handleRsc', 'devmem'] as const).filter(
    (name) => options[name] !== undefined,
  )
  if (ignored.length > 0) {
    notes.push(`${ignored.join(', ')}: the kernel decides, so this has no effect`)
  }
  if (typeof resourceTable === 'object' && 'bytes' in resourceTable) {
    notes.push('resourceTable: the kernel reads the one in the image, not the one that was given')
  }
  return notes
}
