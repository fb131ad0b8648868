/** Runs `action` and collects what surfaces as an uncaught exception until the next task. */
export async function takeUncaught(action: () => unknown): Promise<unknown[]> {
  const uncaught: unknown[] = []
  const others = process.listeners('uncaughtException')
  const take = (error: unknown): void => {
    uncaught.push(error)
  }
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', take)
  try {
    await action()
    await new Promise((resolve) => setImmediate(resolve))
  } finally {
    process.off('uncaughtException', take)
    for (const other of others) process.on('uncaughtException', other)
  }
  return uncaught
}
