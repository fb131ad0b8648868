const decoder = new TextDecoder()

/**
 * The text in `bytes` up to its NUL, or all of it where there is none. Decoded as UTF-8; bytes that
 * are none become U+FFFD. The text is the image's word: print it through `printable`.
 */
export function textUpToNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  // A decoder takes no view of shared memory, so it gets a copy. Not by slice: Buffer's is a view.
  return decoder.decode(new Uint8Array(bytes.subarray(0, end < 0 ? bytes.length : end)))
}

/**
 * The same text with everything that a terminal would act on (control characters, line separators,
 * direction marks) written as an escape, so that an image cannot paint over what is said about it.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16)
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`
  })
}
