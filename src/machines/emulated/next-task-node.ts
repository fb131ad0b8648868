/** Resolves in the next turn of the event loop, after everything that is pending has run. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
