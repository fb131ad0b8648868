import { parseArgs } from 'node:util'
import { virtRv32Memory } from '../../boards/virt-rv32/memory-map.js'
import { EM_RISCV, examineImage, readElf } from '../../firmware/index.js'
import { file } from '../../node.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { formatInspect } from '../inspect-format.js'
import { inspectJson } from '../inspect-json.js'
import { numberOf, positional } from '../options.js'
import { paintFor, type Terminal } from '../terminal.js'

export const inspectHelp = `usage: openamp inspect FIRMWARE.elf [options]

Prints architecture, entry, segments, sections, the resource table, and what is wrong with them.

  --json                    as one JSON object
  --resource-table ADDRESS  where the resource table is, for images that do not name its section

exit codes: 0 nothing is wrong, 2 usage, 3 the image is not acceptable`

export async function inspect(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      'resource-table': { type: 'string' },
      debug: { type: 'boolean', default: false },
    },
  })
  const path = positional(positionals, 'FIRMWARE.elf', 'inspect')
  const address = values['resource-table']
  const { name, read } = file(path)
  const image = readElf(await read(), name)
  const { table, findings } = examineImage(image, {
    // Images for the emulated board are held against its memory; others have memory of their own.
    ...(image.machine === EM_RISCV && image.bits === 32 ? { regions: virtRv32Memory } : {}),
    ...(address === undefined
      ? {}
      : { address: numberOf(address, '--resource-table', { whole: true, atLeast: 0 }) }),
  })
  const { stdout, env } = terminal
  if (values.json) stdout.write(`${JSON.stringify(inspectJson(image, table, findings))}\n`)
  else stdout.write(formatInspect(image, table, findings, paintFor(stdout, env)))
  return findings.some((finding) => finding.severity === 'error') ? EXIT.image : EXIT.done
}
