/** What travels as JSON. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Text that is JSON by its content type; undefined where it is none. */
export function parseJson(text: string): Json | undefined {
  try {
    const parsed: Json = JSON.parse(text)
    return parsed
  } catch {
    return undefined
  }
}

/** A field of a body that was validated already; undefined where it is absent or of another kind. */
export function textField(body: JsonObject, key: string): string | undefined {
  const value = body[key]
  return typeof value === 'string' ? value : undefined
}

export function listField(body: JsonObject, key: string): readonly Json[] | undefined {
  const value = body[key]
  return Array.isArray(value) ? value : undefined
}
