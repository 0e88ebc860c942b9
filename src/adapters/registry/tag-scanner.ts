import {
  blanks,
  blanksEnd,
  closings,
  comma,
  listBegin,
  listEnd,
  openings,
  quote,
  stringEnd,
} from './json-bytes.ts'
import { type Fault, type Scanned, scannedFrom } from './scanned-tags.ts'
import { addTag, countOf, passKnown, startTagRun, type TagRun } from './tag-run.ts'

/**
 * Reads the tags of a list while its body comes, and holds nothing of it but them: neither the text, nor what some registries
 * send beside (Google's describe every manifest there), of which no more is asked than that its brackets close.
 */
export interface TagScanner {
  readonly take: (chunk: Uint8Array) => void
  /** When all has come. The very array that was known where it says the same. */
  readonly end: () => Scanned
}

interface State {
  readonly most: number
  run: TagRun
  bytes: number
  /** The object, with an empty list for the tags, and a 0 for all else that is nested. */
  outline: string
  depth: number
  place: Place
  /** What may come next among the tags. */
  next: 'first' | 'tag' | 'comma'
  /** What has come of a string. */
  text: string
  isEscaped: boolean
  fault: Fault | null
}

type Place = 'outline' | 'text' | 'nested' | 'nested-text' | 'tags' | 'tag'

const maxOutline = 65_536
/** No string that matters is longer. */
const maxText = 1024

/** `known`: what the list said last time; `most`: tags that are taken. */
export function createTagScanner(known: readonly string[], most: number): TagScanner {
  const state: State = {
    most,
    run: startTagRun(known),
    bytes: 0,
    outline: '',
    depth: 0,
    place: 'outline',
    next: 'first',
    text: '',
    isEscaped: false,
    fault: null,
  }
  return {
    take(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      state.bytes += bytes.length
      for (let at = 0; at < bytes.length && state.fault === null;) {
        at = steps[state.place](state, bytes, at)
      }
    },
    end() {
      const { fault, place, outline, run, bytes } = state
      if (fault !== null) return { kind: fault }
      return place === 'outline' ? scannedFrom(outline, run, bytes) : { kind: 'no-json' }
    },
  }
}

/** Reads on from there in one place; returns where it stopped. */
type Step = (state: State, bytes: Buffer, at: number) => number

const steps: Readonly<Record<Place, Step>> = {
  outline(state, bytes, at) {
    const byte = bytes[at] ?? 0
    if (byte === quote) enter(state, 'text')
    else if (state.depth > 0 && openings.has(byte)) {
      const isTags = byte === listBegin && tagsKey.test(state.outline.slice(-12))
      if (isTags) state.run = startTagRun(state.run.known)
      state.depth += 1
      enter(state, isTags ? 'tags' : 'nested')
    } else if (blanks.has(byte)) {
      if (!state.outline.endsWith(' ')) write(state, ' ')
      return blanksEnd(bytes, at)
    } else {
      if (openings.has(byte)) state.depth += 1
      if (closings.has(byte)) state.depth -= 1
      write(state, String.fromCharCode(byte))
    }
    return at + 1
  },
  text(state, bytes, at) {
    const end = stringEnd(state, bytes, at)
    if (state.text.length <= maxText) state.text += bytes.toString('latin1', at, end)
    if (end === bytes.length) return end
    // A long one is as good as an empty one, and no key that matters.
    write(state, state.text.length <= maxText ? `"${state.text}"` : '""')
    enter(state, 'outline')
    return end + 1
  },
  nested(state, bytes, from) {
    for (let at = from; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0
      if (byte === quote) enter(state, 'nested-text')
      else if (openings.has(byte)) state.depth += 1
      else if (closings.has(byte)) leaveNested(state, '0')
      if (state.place !== 'nested') return at + 1
    }
    return bytes.length
  },
  'nested-text'(state, bytes, at) {
    const end = stringEnd(state, bytes, at)
    if (end < bytes.length) enter(state, 'nested')
    return end + 1
  },
  tags(state, bytes, at) {
    const byte = bytes[at] ?? 0
    const { next } = state
    if (blanks.has(byte)) return blanksEnd(bytes, at)
    if (byte === quote && next !== 'comma') return beginTag(state, bytes, at + 1)
    else if (byte === comma && next === 'comma') state.next = 'tag'
    else if (byte === listEnd && next !== 'tag') leaveNested(state, '[]')
    else state.fault = next === 'comma' || byte === listEnd ? 'no-json' : 'no-tag'
    return at + 1
  },
  tag(state, bytes, at) {
    const end = bytes.indexOf(quote, at)
    if (end === -1) {
      state.text += bytes.toString('latin1', at)
      if (state.text.length > maxText) state.fault = 'no-tag'
      return bytes.length
    }
    takeTag(state, bytes, at, end)
    enter(state, 'tags')
    state.next = 'comma'
    return end + 1
  },
}

const tagsKey = /"tags" *: *$/

function enter(state: State, place: Place): void {
  state.place = place
  state.text = ''
  if (place === 'tags') state.next = 'first'
}

function leaveNested(state: State, instead: string): void {
  state.depth -= 1
  if (state.depth > 1) return
  write(state, instead)
  enter(state, 'outline')
}

function write(state: State, text: string): void {
  state.outline += text
  if (state.outline.length > maxOutline) state.fault = 'no-json'
}

/** In a list that says what it said, one tag after the other is passed here. */
function beginTag(state: State, bytes: Buffer, from: number): number {
  for (let at = from; ;) {
    const end = passKnown(state.run, bytes, at)
    if (end === null) {
      enter(state, 'tag')
      return at
    }
    if (bytes[end + 1] !== comma || bytes[end + 2] !== quote) {
      state.next = 'comma'
      return end + 1
    }
    at = end + 3
  }
}

function takeTag(state: State, bytes: Buffer, from: number, to: number): void {
  const { run, text, most } = state
  // What began in the piece before is put together with its end.
  const begun =
    text === '' ? null : Buffer.from(text + bytes.toString('latin1', from, to), 'latin1')
  const isTag = begun === null ? addTag(run, bytes, from, to) : addTag(run, begun, 0, begun.length)
  if (!isTag) state.fault = 'no-tag'
  else if (countOf(run) > most) state.fault = 'too-many'
}
