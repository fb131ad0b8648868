import { parseArgs } from 'node:util'
import { boardFor } from '../../boards/catalogue/index.js'
import { memoriesOf } from '../../boards/memory.js'
import { EM_RISCV, examineImage, readImage } from '../../firmware/index.js'
import { boardOption } from '../board-option.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { chosenImage, imageHelp, imageOptions } from '../image-options.js'
import { formatInspect } from '../inspect-format.js'
import { inspectJson } from '../inspect-json.js'
import { positional } from '../options.js'
import { harmlessJson, paintFor, type Terminal } from '../terminal.js'

export const inspectHelp = `usage: openamp inspect FIRMWARE.elf [options]

Prints architecture, entry, segments, sections, the resource table, and what is wrong with them.
The name - is standard input.

  --json                    as one JSON object
  --board NAME|FILE.json    hold the image against the memory of this board
${imageHelp}

exit codes: 0 nothing is wrong, 2 usage, 3 the image is not acceptable`

export async function inspect(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      board: { type: 'string' },
      ...imageOptions,
      debug: { type: 'boolean', default: false },
    },
  })
  const path = positional(positionals, 'FIRMWARE.elf', 'inspect')
  const { store, format, table: address } = chosenImage(path, values, terminal)
  const image = await readImage(store, { format })
  // Images for RISC-V are held against the default board; for Arm there are too many chips.
  const board =
    values.board !== undefined
      ? await boardOption(values.board)
      : image.machine === EM_RISCV && image.bits === 32
        ? boardFor(image)
        : undefined
  const { table, findings } = examineImage(image, {
    ...(board === undefined ? {} : { regions: memoriesOf(board) }),
    address,
  })
  const { stdout, env } = terminal
  if (values.json) stdout.write(`${harmlessJson(inspectJson(image, table, findings))}\n`)
  else stdout.write(formatInspect(image, table, findings, paintFor(stdout, env)))
  return findings.some((finding) => finding.severity === 'error') ? EXIT.image : EXIT.done
}
