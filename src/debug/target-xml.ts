import type { CoreDebug } from '../cores/debug.js'

/** A core's target description (GDB manual, appendix G). */
export function targetXml({ architecture, features }: CoreDebug): string {
  const described = features.map(({ name, registers }, i) => {
    const lines = registers.map(({ number, name: register, bits, type = 'int' }) => {
      const group = i === 0 ? 'general' : 'system'
      return `<reg name="${register}" bitsize="${bits}" regnum="${number}" type="${type}" group="${group}"/>`
    })
    return `<feature name="${name}">\n${lines.join('\n')}\n</feature>`
  })
  return [
    '<?xml version="1.0"?>',
    '<!DOCTYPE target SYSTEM "gdb-target.dtd">',
    '<target version="1.0">',
    `<architecture>${architecture}</architecture>`,
    ...described,
    '</target>\n',
  ].join('\n')
}
