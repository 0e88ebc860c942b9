import { spellingsOf } from '../../domain/spellings.ts'

const SHOWN = '[redacted]'

/** Shorter ones are left alone: they would tear every other word apart. */
const SHORTEST = 4

/** Shorter lines of a long secret say nothing by themselves. */
const SHORTEST_LINE = 16

/** What is a secret by its looks, whoever made it. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [
    /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g,
    SHOWN,
  ],
  // https://github.blog/engineering/behind-githubs-new-authentication-token-formats/
  [/\b(?:gh[a-z]_[A-Za-z0-9_.-]{16,}|github_pat_\w{20,})/g, SHOWN],
  [/\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+/g, SHOWN],
  [/\bAGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]+/gi, SHOWN],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${SHOWN}`],
  // the user name goes too: GitHub takes a token there
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'@]+(?:@[^\s/?#"'@]+)*@/gi, `$1${SHOWN}@`],
]

/**
 * Replaces every given secret, whole, line by line, and in the forms in which it travels (base64, percent-encoded, quoted
 * by other programs), and everything that has the shape of one.
 */
export function createRedactor(secrets: () => readonly string[]): (text: string) => string {
  let known: readonly string[] = []
  let pattern: RegExp | null = null
  return (text) => {
    const current = secrets()
    if (!same(known, current)) {
      known = [...current]
      pattern = compile(known)
    }
    let safe = pattern === null ? text : text.replace(pattern, SHOWN)
    for (const [shape, replacement] of SHAPES) safe = safe.replace(shape, replacement)
    return safe
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index])
}

function compile(secrets: readonly string[]): RegExp | null {
  const forms = [...new Set(secrets.flatMap(formsOf))]
    // the longest first, so that no form is cut short by a part of it
    .toSorted((a, b) => b.length - a.length)
    .map((form) => RegExp.escape(form))
  return forms.length === 0 ? null : new RegExp(forms.join('|'), 'g')
}

function formsOf(secret: string): readonly string[] {
  const trimmed = secret.trim()
  if (trimmed.length < SHORTEST) return []
  const lines = trimmed.split(/\r?\n|\\n/)
  return [
    // as it stands once line breaks are gone
    lines.join(' '),
    ...lines.filter((line) => line.length >= SHORTEST_LINE).flatMap((line) => spellingsOf(line)),
    ...spellingsOf(trimmed),
  ]
}
