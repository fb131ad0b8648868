/** Breaks at spaces so that no line is longer than `limit`, unless one word is. */
export function wrap(text: string, limit: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > limit) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}

/** An option or command of a help text: what it is called, and what is said of it from one column on. */
const ENTRY = /^( {2}\S.*? {2,})(?=\S)/
/** What is said needs so much room beside the name; else it stands below it. */
const ROOM = 24
const BELOW = 6

/** The help of a command for a terminal of so many columns: as it is written where it fits. */
export function fittedHelp(help: string, columns: number): string {
  const lines = help.split('\n')
  if (lines.every((line) => line.length <= columns)) return help
  return joined(lines)
    .flatMap((line) => {
      const [name = ''] = ENTRY.exec(line) ?? []
      const text = line.slice(name.length)
      if (columns - name.length >= ROOM) return hanging(name, text, columns)
      return [name.trimEnd(), ...hanging(' '.repeat(BELOW), text, columns)]
    })
    .join('\n')
}

function hanging(first: string, text: string, columns: number): string[] {
  const indent = ' '.repeat(first.length)
  return wrap(text, columns - first.length).map((line, i) => (i === 0 ? first : indent) + line)
}

/** Each entry and each paragraph as one line. */
function joined(lines: readonly string[]): string[] {
  const all: string[] = []
  let open = false
  for (const line of lines) {
    const goesOn = /^\S/.test(line) || /^ {3}/.test(line)
    if (open && goesOn) all.push(`${all.pop()} ${line.trim()}`)
    else all.push(line)
    open = line !== '' && !line.startsWith('usage:')
  }
  return all
}
