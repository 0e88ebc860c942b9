import { type TagRun, tagsOf } from './tag-run.ts'

/** What stood in a body that should have been a list of tags. */
export type Scanned =
  | { readonly kind: 'tags'; readonly tags: readonly string[]; readonly bytes: number }
  | { readonly kind: Fault }

export type Fault = 'no-json' | 'no-list' | 'no-tag' | 'too-many'

/** What an outline says, that has an empty list where the tags of the run stood. */
export function scannedFrom(outline: string, run: TagRun, bytes: number): Scanned {
  const document = parsed(outline)
  if (document === undefined) return { kind: 'no-json' }
  const isObject = typeof document === 'object' && document !== null
  const list: unknown = isObject && 'tags' in document ? document.tags : undefined
  // So some registries write that the last tag is gone.
  if (list === null) return { kind: 'tags', tags: run.known.length === 0 ? run.known : [], bytes }
  return Array.isArray(list) ? { kind: 'tags', tags: tagsOf(run), bytes } : { kind: 'no-list' }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
