import type { ResourceTable } from '../firmware/index.js'
import type { Processor } from './machine.js'

/** Memory that has a name. */
export interface NamedPlace {
  readonly name: string
  readonly da: number
  readonly len: number
}

/** The carve-out of that name, or the region that the machine has for it. */
export function namedPlace(
  table: ResourceTable,
  { carveouts }: Processor,
  name: string,
): NamedPlace | undefined {
  const region = carveouts?.find((candidate) => candidate.name === name)
  return table.carveout(name) ?? (region && { name, da: region.da, len: region.size })
}
