/** How text is set off on a terminal; each function gives the text back, marked or not. */
export interface Paint {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  yellow(text: string): string
  green(text: string): string
  cyan(text: string): string
}

const same = (text: string): string => text

/** No marks: for files, pipes and terminals without colour. */
export const plainPaint: Paint = {
  bold: same,
  dim: same,
  red: same,
  yellow: same,
  green: same,
  cyan: same,
}

/** ECMA-48 "select graphic rendition" with the code that sets and the one that resets. */
function graphic(set: number, reset: number): (text: string) => string {
  return (text) => (text === '' ? '' : `\x1b[${set}m${text}\x1b[${reset}m`)
}

/** Marks by escape sequences. */
export const ansiPaint: Paint = {
  bold: graphic(1, 22),
  dim: graphic(2, 22),
  red: graphic(31, 39),
  yellow: graphic(33, 39),
  green: graphic(32, 39),
  cyan: graphic(36, 39),
}
