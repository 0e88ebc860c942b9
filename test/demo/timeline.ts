/** What the demo shows of time, as plain text: nothing here touches a terminal. */

/** One thing that happened. */
export interface Step {
  readonly phase: string
  /** ms since the epoch when it was done. */
  readonly at: number
  /** ms. */
  readonly took: number
  readonly text: string
  readonly tone?: 'plain' | 'good' | 'bad'
}

/** A step laid out in columns; only its text may need more than one line. */
export interface Row {
  readonly at: string
  readonly took: string
  readonly phase: string
  readonly lines: readonly string[]
}

export interface Frame {
  /** ms since the epoch at which the timeline begins. */
  readonly origin: number
  /** Of the terminal; 0 where lines may be as long as they like. */
  readonly columns: number
}

const AT = 9
const TOOK = 7
const PHASE = 8
const GAP = '  '
/** Column in which a step's text begins. */
export const TEXT_COLUMN = AT + TOOK + PHASE + 3 * GAP.length
const NARROWEST = 20

export function layOutStep({ phase, at, took, text }: Step, { origin, columns }: Frame): Row {
  return {
    at: formatOffset(at - origin).padStart(AT),
    took: formatTook(took).padStart(TOOK),
    phase: phase.padEnd(PHASE),
    lines: wrapText(shortenDigests(text), columns === 0 ? 0 : columns - TEXT_COLUMN),
  }
}

/** `+1.25 s`: how long after the beginning. */
export function formatOffset(ms: number): string {
  return `${ms < 0 ? '-' : '+'}${(Math.abs(ms) / 1000).toFixed(2)} s`
}

/** `12 ms` below a second, `1.25 s` above. */
export function formatTook(ms: number): string {
  return ms < 999.5 ? `${Math.max(0, Math.round(ms))} ms` : `${(ms / 1000).toFixed(2)} s`
}

/** Twelve digits of a digest tell it from any other that a person has before him. */
export function shortenDigests(text: string): string {
  return text.replace(/sha256:([0-9a-f]{12})[0-9a-f]{52}/g, 'sha256:$1…')
}

/** Breaks at blanks, never inside a word; `width` 0 breaks nowhere. */
export function wrapText(text: string, width: number): readonly string[] {
  if (width === 0) return [text]
  const room = Math.max(width, NARROWEST)
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > room) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

/** A line of a diff as it is, or with its digests shortened where the terminal is too narrow for it. */
export function fitLine(line: string, columns: number): string {
  return columns <= 0 || line.length <= columns ? line : shortenDigests(line)
}
