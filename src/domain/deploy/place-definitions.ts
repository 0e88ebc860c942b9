import { members } from './members.ts'
import { doubled, type OpenedFile } from './opened-file.ts'

/** The encrypted files behind a section's definitions, by their names. */
export function places(
  definitions: unknown,
  opened: readonly OpenedFile[],
): ReadonlyMap<string, OpenedFile> {
  const found = new Map<string, OpenedFile>()
  for (const [name, definition] of Object.entries(members(definitions))) {
    const path = members(definition)['file']
    const file = opened.find((one) => doubled(one.path) === path)
    if (file !== undefined) found.set(name, file)
  }
  return found
}

/** What a service takes of a section, with the mode that it asks for in the long form. */
export function namedFiles(
  value: unknown,
  defined: ReadonlyMap<string, OpenedFile>,
): readonly { readonly file: OpenedFile; readonly mode: number | null }[] {
  return (Array.isArray(value) ? value : []).flatMap((item: unknown) => {
    const { source, mode } = members(item)
    const file = defined.get(typeof item === 'string' ? item : String(source))
    return file === undefined ? [] : [{ file, mode: readMode(mode) }]
  })
}

/** Providers print it as a number, or in octal digits. */
function readMode(mode: unknown): number | null {
  if (typeof mode === 'number') return mode & 0o777
  return typeof mode === 'string' && /^0?[0-7]{3}$/.test(mode) ? Number.parseInt(mode, 8) : null
}

/** The section with the plaintexts' places; empty where none of its files is encrypted. */
export function withFiles(
  section: string,
  definitions: unknown,
  opened: readonly OpenedFile[],
): Readonly<Record<string, unknown>> {
  const found = places(definitions, opened)
  if (found.size === 0) return {}
  const entries = Object.entries(members(definitions)).map(([name, definition]) => {
    const file = found.get(name)
    return [
      name,
      file === undefined ? definition : { ...members(definition), file: doubled(file.placed) },
    ]
  })
  return { [section]: Object.fromEntries(entries) }
}
