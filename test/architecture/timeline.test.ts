import { describe, expect, it } from 'vitest'
import {
  fitLine,
  formatOffset,
  formatTook,
  layOutStep,
  shortenDigests,
  TEXT_COLUMN,
  wrapText,
} from '../demo/timeline.ts'

const DIGEST = `sha256:0123456789abcdef${'0'.repeat(48)}`

describe('formatTook()', () => {
  it.each([
    [0, '0 ms'],
    [-1, '0 ms'],
    [12.4, '12 ms'],
    [999, '999 ms'],
    [999.6, '1.00 s'],
    [1250, '1.25 s'],
    [61_000, '61.00 s'],
  ])('shows %d ms as %s', (ms, text) => {
    expect(formatTook(ms)).toBe(text)
  })
})

describe('formatOffset()', () => {
  it.each([
    [0, '+0.00 s'],
    [1250, '+1.25 s'],
    [-40, '-0.04 s'],
  ])('shows %d ms as %s', (ms, text) => {
    expect(formatOffset(ms)).toBe(text)
  })
})

describe('shortenDigests()', () => {
  it('keeps twelve digits of every digest', () => {
    expect(shortenDigests(`a@${DIGEST} b@${DIGEST}`)).toBe(
      'a@sha256:0123456789ab… b@sha256:0123456789ab…',
    )
  })

  it('leaves what is no digest', () => {
    expect(shortenDigests('sha256:0123456789abcdef')).toBe('sha256:0123456789abcdef')
  })
})

describe('wrapText()', () => {
  it('breaks at blanks', () => {
    expect(wrapText('one two three four five six', 20)).toEqual(['one two three four', 'five six'])
  })

  it('never breaks inside a word', () => {
    expect(wrapText(`go ${'x'.repeat(40)} on`, 20)).toEqual(['go', 'x'.repeat(40), 'on'])
  })

  it('breaks nowhere where lines may be as long as they like', () => {
    const text = 'word '.repeat(100).trim()
    expect(wrapText(text, 0)).toEqual([text])
  })
})

describe('layOutStep()', () => {
  const step = { phase: 'push', at: 11_250, took: 12, text: `the image is ${DIGEST} now` }

  it('lays a step out in columns that are the same for all', () => {
    const { at, took, phase, lines } = layOutStep(step, { origin: 10_000, columns: 0 })
    expect([at, took, phase, ''].join('  ')).toBe('  +1.25 s    12 ms  push      ')
    expect([at, took, phase, ''].join('  ')).toHaveLength(TEXT_COLUMN)
    expect(lines).toEqual(['the image is sha256:0123456789ab… now'])
  })

  it('wraps the text to what the terminal leaves of it', () => {
    const { lines } = layOutStep(step, { origin: 0, columns: TEXT_COLUMN + 22 })
    expect(lines).toEqual(['the image is', 'sha256:0123456789ab…', 'now'])
  })
})

describe('fitLine()', () => {
  const line = `+ image: a@${DIGEST}`

  it('leaves a line whole where it fits or nothing bounds it', () => {
    expect(fitLine(line, 0)).toBe(line)
    expect(fitLine(line, line.length)).toBe(line)
  })

  it('shortens its digests where the terminal is too narrow', () => {
    expect(fitLine(line, line.length - 1)).toBe('+ image: a@sha256:0123456789ab…')
  })
})
