import type { ImageStore } from '../../firmware/index.js'
import { file } from '../../node.js'
import type { Paint } from '../paint.js'
import { TextReporter } from '../reporter.js'

/** What a demo tells its story with. */
export interface Stage {
  /** One line; an empty one without an argument. */
  readonly say: (line?: string) => void
  /** The headline of the next step. */
  readonly step: (title: string) => void
  readonly paint: Paint
}

/** A story that `openamp demo NAME` tells: it runs to its end by itself, within seconds. */
export interface Demo {
  readonly name: string
  /** One line for `openamp demo --list`. */
  readonly summary: string
  run(stage: Stage): Promise<void>
}

/** A firmware image that comes with the package. */
export function demoImage(name: string): ImageStore {
  return file(new URL(`../../../firmware/images/${name}.elf`, import.meta.url))
}

/** Tells what happens to the remote as `openamp run --trace` does, indented below the step. */
export function stageReporter({ say, paint }: Stage): TextReporter {
  return new TextReporter({
    status: (line) => say(line.replace(/^/gm, '  ')),
    out: say,
    paint,
    followTrace: true,
    hex: false,
  })
}
