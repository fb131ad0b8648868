/** Modules are kept beyond their use as long as they are no more bytes than this, unless told otherwise. */
const MOST_BYTES = 4 * 0x10_0000

interface Kept {
  readonly bytes: Uint8Array
  readonly module: WebAssembly.Module
}

/**
 * Modules by what they are made of. The same code is compiled again after each FENCE.I, after a reset,
 * and for each of several remotes with the same firmware; the engine need not do it again.
 */
export class ModuleCache {
  /** By a hash of the bytes, the one used last at the end. */
  readonly #kept = new Map<number, Kept>()
  readonly #mostBytes: number
  #size = 0

  constructor(mostBytes = MOST_BYTES) {
    this.#mostBytes = mostBytes
  }

  /** Modules that are kept, and bytes of them. */
  get size(): { readonly modules: number; readonly bytes: number } {
    return { modules: this.#kept.size, bytes: this.#size }
  }

  find(bytes: Uint8Array): WebAssembly.Module | undefined {
    const hash = hashOf(bytes)
    const kept = this.#kept.get(hash)
    if (kept === undefined || !isEqual(kept.bytes, bytes)) return undefined
    this.#kept.delete(hash)
    this.#kept.set(hash, kept)
    return kept.module
  }

  keep(bytes: Uint8Array, module: WebAssembly.Module): void {
    const hash = hashOf(bytes)
    this.#drop(hash)
    this.#kept.set(hash, { bytes, module })
    this.#size += bytes.length
    for (const oldest of this.#kept.keys()) {
      if (this.#size <= this.#mostBytes) return
      this.#drop(oldest)
    }
  }

  #drop(hash: number): void {
    this.#size -= this.#kept.get(hash)?.bytes.length ?? 0
    this.#kept.delete(hash)
  }
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c_9dc5
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x0100_0193)
  return hash
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
