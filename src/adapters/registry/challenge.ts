/** One way to authenticate, as `WWW-Authenticate` offers it. */
export interface Challenge {
  /** Lower case. */
  readonly scheme: string
  /** Names in lower case; the first of a doubled one counts. */
  readonly parameters: ReadonlyMap<string, string>
}

/**
 * Every challenge of a header, in its order; what cannot be read ends the reading. Several may stand in one header:
 * https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: Challenge[] = []
  let rest = header.slice(0, maxHeader)
  let parameters = new Map<string, string>()
  for (;;) {
    rest = rest.replace(/^[\s,]+/, '')
    const parameter = takeParameter(rest)
    if (parameter !== null && challenges.length > 0) {
      if (!parameters.has(parameter.name)) parameters.set(parameter.name, parameter.value)
      rest = parameter.rest
      continue
    }
    const [, scheme, after] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s+|(?=,)|$)(.*)$/s.exec(rest) ?? []
    if (scheme === undefined || after === undefined) return challenges
    parameters = new Map()
    challenges.push({ scheme: scheme.toLowerCase(), parameters })
    rest = withoutToken68(after)
  }
}

const maxHeader = 8192

interface Parameter {
  readonly name: string
  readonly value: string
  readonly rest: string
}

function takeParameter(text: string): Parameter | null {
  const [all, name, quoted, plain] =
    /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",=]+))/s.exec(text) ?? []
  if (all === undefined || name === undefined) return null
  const value = quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/gs, '$1')
  return { name: name.toLowerCase(), value, rest: text.slice(all.length) }
}

// `Negotiate YII=`: one value instead of parameters; nothing of ours uses it.
function withoutToken68(text: string): string {
  return text.replace(/^[0-9A-Za-z._~+/-]+=*\s*(?=,|$)/, '')
}
