/** Field of an answer, as text; null where it is none. */
export function textField(data: unknown, ...keys: readonly string[]): string | null {
  const value = field(data, keys)
  return typeof value === 'string' ? value : null
}

export function numberField(data: unknown, ...keys: readonly string[]): number | null {
  const value = field(data, keys)
  return typeof value === 'number' ? value : null
}

export function listField(data: unknown, ...keys: readonly string[]): readonly unknown[] {
  const value = field(data, keys)
  return Array.isArray(value) ? value : []
}

export function field(data: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (found, key) =>
      typeof found === 'object' && found !== null && Object.hasOwn(found, key)
        ? Reflect.get(found, key)
        : undefined,
    data,
  )
}
