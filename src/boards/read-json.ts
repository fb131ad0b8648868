import { hex, OpenampError } from '../base/errors.js'

/** An object in a JSON file, read field by field; what is wrong is told with its place. */
export class JsonObject {
  readonly #fields: ReadonlyMap<string, unknown>
  readonly #what: string
  readonly #path: string

  private constructor(fields: ReadonlyMap<string, unknown>, what: string, path: string) {
    this.#fields = fields
    this.#what = what
    this.#path = path
  }

  /**
   * @param what the file
   * @param path where in it: "blocks[2]."
   * @throws ERR_USAGE where it is no object
   */
  static of(json: unknown, what: string, path: string): JsonObject {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      const where = path === '' ? '' : `${path.slice(0, -1)}: `
      throw new OpenampError(
        'ERR_USAGE',
        `${what}: ${where}expected an object, found ${show(json)}`,
      )
    }
    return new JsonObject(new Map(Object.entries(json)), what, path)
  }

  wrong(key: string, expected: string, found: string): OpenampError {
    return new OpenampError(
      'ERR_USAGE',
      `${this.#what}: ${this.#path}${key}: expected ${expected}, found ${found}`,
    )
  }

  /** @throws ERR_USAGE where there is a field of another name */
  only(...keys: readonly string[]): void {
    for (const key of this.#fields.keys()) {
      if (keys.includes(key)) continue
      const known = keys.length === 0 ? 'no field' : `one of ${keys.join(', ')}`
      throw this.wrong(key, known, `"${key}"`)
    }
  }

  text(key: string, otherwise?: string): string {
    const value = this.#fields.get(key) ?? otherwise
    if (typeof value !== 'string') throw this.wrong(key, 'a string', show(value))
    return value
  }

  number(key: string, least: number, most: number): number {
    return this.#number(key, this.#fields.get(key), least, most)
  }

  optionalNumber(key: string, least: number, most: number): number | undefined {
    return this.#fields.has(key) ? this.number(key, least, most) : undefined
  }

  optionalFlag(key: string): boolean | undefined {
    const value = this.#fields.get(key)
    if (value !== undefined && typeof value !== 'boolean') {
      throw this.wrong(key, 'true or false', show(value))
    }
    return value
  }

  numbers(key: string, least: number, most: number): readonly number[] | undefined {
    const value = this.#fields.get(key)
    if (value === undefined) return undefined
    if (!Array.isArray(value)) throw this.wrong(key, 'a list of numbers', show(value))
    return value.map((each: unknown, i) => this.#number(`${key}[${i}]`, each, least, most))
  }

  /** All fields, which are numbers. */
  allNumbers(least: number, most: number): Record<string, number> {
    const entries = [...this.#fields].map(
      ([key, value]) => [key, this.#number(key, value, least, most)] as const,
    )
    return Object.fromEntries(entries)
  }

  object(key: string): JsonObject {
    return JsonObject.of(this.#fields.get(key), this.#what, `${this.#path}${key}.`)
  }

  optionalObject(key: string): JsonObject | undefined {
    return this.#fields.has(key) ? this.object(key) : undefined
  }

  /** A list of objects. */
  list(key: string, otherwise?: readonly unknown[]): readonly JsonObject[] {
    const value = this.#fields.get(key) ?? otherwise
    if (!Array.isArray(value)) throw this.wrong(key, 'a list', show(value))
    return value.map((each: unknown, i) =>
      JsonObject.of(each, this.#what, `${this.#path}${key}[${i}].`),
    )
  }

  /** JSON has no hexadecimal numbers, so a string may hold one. */
  #number(key: string, value: unknown, least: number, most: number): number {
    const number =
      typeof value === 'string' && /^0x[0-9a-f_]+$/i.test(value)
        ? Number(value.replaceAll('_', ''))
        : value
    if (
      typeof number !== 'number' ||
      !Number.isSafeInteger(number) ||
      number < least ||
      number > most
    ) {
      const expected = `a whole number from ${hex(least)} to ${hex(most)}`
      throw this.wrong(key, expected, show(value))
    }
    return number
  }
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value)).slice(0, 60)
}
