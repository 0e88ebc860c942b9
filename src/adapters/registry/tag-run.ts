import { quote } from './json-bytes.ts'

/** Tags as they come, one behind the other, beside those that came last time: what is the same costs no memory. */
export interface TagRun {
  readonly known: readonly string[]
  /** How many of the known ones came again, in their order. */
  same: number
  /** null while all that came is known. */
  tags: string[] | null
}

export function startTagRun(known: readonly string[]): TagRun {
  return { known, same: 0, tags: null }
}

/** The very array that was known where it says the same. */
export function tagsOf({ known, same, tags }: TagRun): readonly string[] {
  if (tags !== null) return tags
  return same === known.length ? known : known.slice(0, same)
}

export function countOf({ same, tags }: TagRun): number {
  return tags === null ? same : tags.length
}

/** Takes the next tag where it is the known one, written there with its closing quote; returns where that stands, or null. */
export function passKnown(run: TagRun, bytes: Buffer, from: number): number | null {
  const tag = run.tags === null ? run.known[run.same] : undefined
  if (tag === undefined) return null
  const end = from + tag.length
  if (bytes[end] !== quote || !isWritten(tag, bytes, from)) return null
  run.same += 1
  return end
}

/** Takes the next tag, written in these bytes. False where it is none. */
export function addTag(run: TagRun, bytes: Buffer, from: number, to: number): boolean {
  const text = bytes.toString('latin1', from, to)
  const tag = text.includes('\\') ? unescaped(text) : text
  if (!tagGrammar.test(tag)) return false
  if (run.tags === null && tag === run.known[run.same]) {
    run.same += 1
    return true
  }
  run.tags ??= run.known.slice(0, run.same)
  run.tags.push(tag)
  return true
}

// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
const tagGrammar = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/

function isWritten(tag: string, bytes: Buffer, from: number): boolean {
  for (let index = 0; index < tag.length; index += 1) {
    if (tag.charCodeAt(index) !== bytes[from + index]) return false
  }
  return true
}

// JSON may write any letter by its number.
function unescaped(text: string): string {
  try {
    return String(JSON.parse(`"${text}"`))
  } catch {
    return ''
  }
}
