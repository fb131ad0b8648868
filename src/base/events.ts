/** A function that is told of each event as it happens; it must not throw. */
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
    for (const observer of this.#observers) observer(event)
  }
}
