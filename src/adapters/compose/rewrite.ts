import type { ComposeDocument } from '../../ports.ts'

export interface PathRewrite {
  /** Root of the private copy of the repository. */
  readonly copy: string
  /** The stack's directory in it; empty for the root. */
  readonly directory: string
  /** The stack's stable directory. */
  readonly home: string
}

/**
 * The document with every path of the private copy, also within longer texts, turned to where that file lies on this
 * host: below `home` for the stack's own, below `home/.magos/repository` for the rest of the repository.
 */
export function rewritePaths(document: ComposeDocument, rewrite: PathRewrite): ComposeDocument {
  const { copy, directory } = rewrite
  // A `$` in the document has to be doubled, and so has one in a path that is put into it.
  const home = rewrite.home.replaceAll('$', '$$$$')
  const own = new RegExp(`${RegExp.escape(join(copy, directory))}(?![\\w.-])`, 'g')
  const rest = new RegExp(`${RegExp.escape(copy)}(?![\\w.-])`, 'g')
  const rewriteText = (text: string) =>
    text.replace(own, () => home).replace(rest, () => `${home}/.magos/repository`)
  const { services, ...others } = document
  const rewritten = Object.entries(services).map(([name, service]) => [
    name,
    mapTexts(service, rewriteText),
  ])
  return { ...mapTexts(others, rewriteText), services: Object.fromEntries(rewritten) }
}

type Fields = Readonly<Record<string, unknown>>

/** The same structure with every text mapped, keys included. */
export function mapTexts(fields: Fields, map: (text: string) => string): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [map(key), mapValue(value, map)]),
  )
}

function mapValue(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === 'string') return map(value)
  if (Array.isArray(value)) return value.map((one) => mapValue(one, map))
  if (typeof value === 'object' && value !== null) return mapTexts({ ...value }, map)
  return value
}

function join(copy: string, directory: string): string {
  return directory === '' ? copy : `${copy}/${directory}`
}
