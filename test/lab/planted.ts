import { randomBytes } from 'node:crypto'

/** Secrets by what they are. */
export type Planted = Readonly<Record<string, string>>

export interface Leak {
  readonly secret: string
  readonly form: string
  readonly where: string
}

/** A text, and where it was found. */
export type Place = readonly [where: string, text: string]

/** A value that stands nowhere else, with characters that every encoding has to escape. */
export function plant(): string {
  return `${randomBytes(18).toString('hex')}&é"/+<x`
}

/** Letters and digits that no encoding of text changes. */
const RUN = 12
/** Characters of base64 that stand for as many bytes. */
const RUN64 = 16

/**
 * Every place that tells one of the secrets, or a line of it, or only its beginning or its end: in the clear,
 * percent-encoded and escaped by whatever rules, since letters and digits stay the same in those; in base64, also in
 * the midst of other bytes; in hexadecimal digits.
 */
export function findLeaks(planted: Planted, places: Iterable<Place>): readonly Leak[] {
  const needles = Object.entries(planted).flatMap(([secret, value]) =>
    needlesOf(value).map(([form, needle]) => ({ secret, form, needle })),
  )
  if (needles.length === 0) throw new Error('Nothing was planted')
  const leaks: Leak[] = []
  for (const [where, text] of places) {
    const found = needles.filter(({ needle }) => text.includes(needle))
    const first = new Map(found.toReversed().map((one) => [one.secret, one]))
    for (const { secret, form, needle } of first.values()) {
      leaks.push({ secret, form, where: `${where}: ${near(text, needle)}` })
    }
  }
  return leaks
}

function needlesOf(value: string): readonly (readonly [form: string, needle: string])[] {
  return value.split('\n').flatMap((line) => {
    const runs = line.match(new RegExp(`[A-Za-z0-9]{${RUN},}`, 'gu')) ?? []
    if (runs.length === 0) return []
    const forms = {
      clear: runs.flatMap((run) => ends(run, RUN)),
      base64: base64Of(line).flatMap((one) => ends(one, RUN64)),
      hexadecimal: ends(Buffer.from(line).toString('hex'), 2 * RUN),
    }
    return Object.entries(forms).flatMap(([form, needles]) =>
      needles.map((needle) => [form, needle] as const),
    )
  })
}

function ends(text: string, length: number): readonly string[] {
  return [text.slice(0, length), text.slice(-length)]
}

/** By where it begins among groups of three bytes, in both alphabets; only characters that nothing beside it changes. */
function base64Of(text: string): readonly string[] {
  return [0, 1, 2].flatMap((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)])
    const [from, to] = [Math.ceil((8 * offset) / 6), Math.floor((8 * bytes.length) / 6)]
    return [bytes.toString('base64').slice(from, to), bytes.toString('base64url').slice(from, to)]
  })
}

function near(text: string, needle: string): string {
  const at = text.indexOf(needle)
  return JSON.stringify(text.slice(Math.max(at - 80, 0), at + 80))
}
