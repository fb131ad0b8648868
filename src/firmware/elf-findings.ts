import { hex } from '../base/errors.js'
import { ET_EXEC, PT_INTERP, typeName } from './elf-defs.js'
import type { Finding } from './finding.js'
import type { Segment } from './image.js'
import { printable, textUpToNul } from './text.js'

/** What is odd about the headers of an image that can be loaded all the same. */
export function elfFindings(
  type: number,
  segments: readonly Segment[],
  loadable: readonly Segment[],
): Finding[] {
  return [
    ...typeFindings(type, segments),
    ...overlapFindings(loadable),
    ...relocationFindings(loadable),
  ]
}

function typeFindings(type: number, segments: readonly Segment[]): Finding[] {
  const findings: Finding[] = []
  if (type !== ET_EXEC) {
    findings.push({
      severity: 'warning',
      where: 'ELF header',
      message: `is a ${typeName(type)}, not an executable; it is loaded as it stands, nothing is relocated`,
    })
  }
  const interpreter = segments.find((segment) => segment.type === PT_INTERP)
  if (interpreter !== undefined) {
    findings.push({
      severity: 'warning',
      where: `segment ${interpreter.index}`,
      message: `asks for a program interpreter (${printable(textUpToNul(interpreter.data))}): this is a program for an operating system, not firmware`,
    })
  }
  return findings
}

function overlapFindings(loadable: readonly Segment[]): Finding[] {
  const findings: Finding[] = []
  const sorted = [...loadable].sort((a, b) => a.paddr - b.paddr)
  let highest: Segment | undefined
  for (const segment of sorted) {
    if (highest !== undefined && segment.paddr < highest.paddr + highest.memsz) {
      const [first, second] = [highest.index, segment.index].sort((a, b) => a - b)
      findings.push({
        severity: 'warning',
        where: `segment ${second}`,
        message: `overlaps segment ${first} at ${hex(segment.paddr, 8)}; the later of the two in the file wins`,
      })
    }
    if (highest === undefined || segment.paddr + segment.memsz > highest.paddr + highest.memsz) {
      highest = segment
    }
  }
  return findings
}

function relocationFindings(loadable: readonly Segment[]): Finding[] {
  const moved = loadable.filter((segment) => segment.paddr !== segment.vaddr)
  if (moved.length === 0) return []
  const list = moved.map((segment) => segment.index).join(', ')
  return [
    {
      severity: 'note',
      where: `segment${moved.length > 1 ? 's' : ''} ${list}`,
      message:
        'loaded at the physical address, linked for another virtual one: start-up code has to copy it, or the core to map it',
    },
  ]
}
