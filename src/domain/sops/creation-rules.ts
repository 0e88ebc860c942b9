import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import { RE2JS } from 're2js'

/** What a `.sops.yaml` asks of a file: https://github.com/getsops/sops#using-sopsyaml-conf-to-select-kms-pgp-and-age-for-new-files */
export type CreationRules =
  | { readonly outcome: 'read'; readonly rules: readonly CreationRule[] }
  | { readonly outcome: 'unreadable'; readonly reason: string; readonly line?: number }

export interface CreationRule {
  /** null for one without a `path_regex`, which is for every file that anybody encrypts and asks for none. */
  readonly path: RE2JS | null
  readonly line: number
}

/** Reads the rules by which sops encrypts new files; only what chooses files of them. */
export function readCreationRules(text: string): CreationRules {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'silent' })
  const lineOf = (offset: number) => lines.linePos(offset).line
  const [error] = document.errors
  if (error !== undefined) {
    const line = lineOf(error.pos[0])
    return { outcome: 'unreadable', reason: 'it is no YAML', line }
  }
  const root = document.contents
  const given = isMap(root) ? root.get('creation_rules', true) : undefined
  if (!isSeq(given)) return { outcome: 'read', rules: [] }
  const rules: CreationRule[] = []
  for (const item of given.items) {
    if (!isMap(item)) continue
    const pattern = item.get('path_regex', true)
    const line = lineOf((isScalar(pattern) ? pattern : item).range?.[0] ?? 0)
    const value = isScalar(pattern) ? pattern.value : null
    const path = typeof value === 'string' ? compile(value) : null
    if (path === 'broken') {
      return { outcome: 'unreadable', reason: 'a path_regex is no regular expression of RE2', line }
    }
    rules.push({ path, line })
  }
  return { outcome: 'read', rules }
}

/** The rule that has a file encrypted, by its path from the folder of the `.sops.yaml`; the first that fits counts. */
export function ruleFor(rules: readonly CreationRule[], path: string): CreationRule | null {
  const first = rules.find((rule) => rule.path === null || rule.path.test(path))
  return first === undefined || first.path === null ? null : first
}

/** An empty one is none to sops. */
function compile(pattern: string): RE2JS | null | 'broken' {
  if (pattern === '') return null
  try {
    return RE2JS.compile(pattern)
  } catch {
    return 'broken'
  }
}
