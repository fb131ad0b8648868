/** A function that is told of each event as it happens. What it throws disturbs nobody else. */
export type Observer<E> = (event: E) => void

/**
 * A set of observers of one event type. Events are delivered synchronously, in the order of
 * subscription; nothing is queued for observers that come later.
 */
export class EventSource<E> {
  #observers: readonly Observer<E>[] = []

  /** Adds an observer and returns the function that removes it. */
  observe(observer: Observer<E>): () => void {
    this.#observers = [...this.#observers, observer]
    return () => {
      this.#observers = this.#observers.filter((other) => other !== observer)
    }
  }

  get observed(): boolean {
    return this.#observers.length > 0
  }

  emit(event: E): void {
    for (const observer of this.#observers) {
      try {
        observer(event)
      } catch (error) {
        rethrowLater(error)
      }
    }
  }
}

/**
 * What a callback of the user's throws is the user's: it must not stop the rings, nor be swallowed.
 * So it surfaces as an uncaught exception, once the present call has returned.
 */
export function rethrowLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}

/** Calls back into the user's program; see `rethrowLater`. */
export function callBack(callback: () => void): void {
  try {
    callback()
  } catch (error) {
    rethrowLater(error)
  }
}
