/** A fenced block of a page. */
export interface Block {
  readonly language: string
  readonly text: string
}

/** The fenced blocks of a page, in order. */
export function blocksOf(text: string): readonly Block[] {
  return [...text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    language: match[1] ?? '',
    text: match[2] ?? '',
  }))
}

/** In an expected output `…` stands for anything, over lines where it is alone on one. */
export function pattern(expected: string): RegExp {
  const lines = expected.replace(/\n$/, '').split('\n')
  const source = lines
    .map((line) =>
      line === '…'
        ? '(?:[^\\n]*\\n)*?'
        : `${line
            .split('…')
            .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
            .join('[^\\n]*')}\\n`,
    )
    .join('')
  return new RegExp(`^${source}$`)
}
