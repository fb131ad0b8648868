import { Remoteproc, type RemoteprocEvent } from '../../dist/index.js'
import { emulated } from '../../dist/machines/index.js'
import { file } from '../../dist/node.js'

// Against the built package: the worker is a file of it.

/** A remote in a worker thread with one of the images, not booted. */
export function initRemote(
  image: string,
  observer: (event: RemoteprocEvent) => void = () => {},
): Promise<Remoteproc> {
  return Remoteproc.init({
    firmware: file(new URL(`../../firmware/images/${image}.elf`, import.meta.url)),
    machine: emulated({ worker: true }),
    observer,
  })
}

/** The event that ends a life, as it happens. */
export function ending(remote: Remoteproc): Promise<RemoteprocEvent> {
  return new Promise((resolve) => {
    const unobserve = remote.events.observe((event) => {
      if (event.type !== 'crashed' && event.type !== 'stopped') return
      unobserve()
      resolve(event)
    })
  })
}
