import { Failure, type Inferior } from './inferior.js'
import { fromHex, PACKET_SIZE, parseNumber, toHex } from './packet.js'

/** Memory is in the first 4 GiB, also where addresses are longer: no access goes beyond. */
const ADDRESS_SPACE = 0x1_0000_0000

/**
 * The packets that read and write a process that stands still: registers, memory, breakpoints and
 * watchpoints.
 * @returns the answer; '' for what is not supported
 */
export function access(packet: string, inferior: Inferior): string {
  const rest = packet.slice(1)
  switch (packet[0]) {
    case 'g':
      return inferior.registers()
    case 'G':
      return inferior.writeRegisters(rest) ? 'OK' : Failure.MALFORMED
    case 'p': {
      const number = parseNumber(rest)
      if (number === undefined) return Failure.MALFORMED
      return inferior.register(number) ?? Failure.NO_SUCH_PLACE
    }
    case 'P': {
      const [register, value = ''] = rest.split('=', 2)
      const number = parseNumber(register)
      if (number === undefined) return Failure.MALFORMED
      return inferior.writeRegister(number, value) ? 'OK' : Failure.NO_SUCH_PLACE
    }
    case 'm': {
      const range = parseRange(rest)
      if (range === undefined) return Failure.MALFORMED
      const length = Math.min(range.length, PACKET_SIZE / 2)
      const bytes = inferior.read(range.address, length)
      return bytes === undefined ? Failure.NO_SUCH_PLACE : toHex(bytes)
    }
    case 'M':
    case 'X': {
      const colon = rest.indexOf(':')
      const range = parseRange(rest.slice(0, Math.max(0, colon)))
      const data = rest.slice(colon + 1)
      const bytes =
        packet[0] === 'M' ? fromHex(data) : Uint8Array.from(data, (c) => c.charCodeAt(0))
      if (range === undefined || bytes?.length !== range.length) return Failure.MALFORMED
      return inferior.write(range.address, bytes) ? 'OK' : Failure.NO_SUCH_PLACE
    }
    case 'Z':
    case 'z':
      return setPoint(rest, inferior, packet[0] === 'Z')
    default:
      return ''
  }
}

/** `type,address,kind`, and for a breakpoint conditions: `;X length,expression…`. */
function setPoint(text: string, inferior: Inferior, set: boolean): string {
  const [place = '', ...more] = text.split(';')
  const [type = '', ...where] = place.split(',')
  const range = parseRange(where.join(','))
  const conditions = more.filter((part) => part.startsWith('X')).map(parseConditions)
  if (range === undefined || conditions.includes(undefined)) return Failure.MALFORMED
  const all = conditions.flatMap((some) => some ?? [])
  return inferior.setPoint(type, range.address, range.length, set, all) ? 'OK' : ''
}

/** `X length,expression`, one or more of them in a row; undefined where it is anything else. */
function parseConditions(text: string): readonly Uint8Array[] | undefined {
  const conditions: Uint8Array[] = []
  for (let rest = text; rest !== ''; ) {
    const [head = '', digits = ''] = /^X([0-9a-f]{1,4}),/i.exec(rest) ?? []
    const end = head.length + 2 * Number.parseInt(digits, 16)
    const code = fromHex(rest.slice(head.length, end))
    if (head === '' || rest.length < end || code === undefined) return undefined
    conditions.push(code)
    rest = rest.slice(end)
  }
  return conditions
}

/** `address,length`, all of it in the address space. */
function parseRange(
  text: string,
): { readonly address: number; readonly length: number } | undefined {
  const [first, second, ...more] = text.split(',')
  const address = parseNumber(first)
  const length = parseNumber(second)
  if (address === undefined || length === undefined || more.length > 0) return undefined
  return address + length > ADDRESS_SPACE ? undefined : { address, length }
}
