import { describe, expect, test } from 'vitest'

import { interpolate, InterpolationError } from '../../../src/domain/compose/interpolate.ts'

const variables = new Map([
  ['SET', 'value'],
  ['EMPTY', ''],
  ['NAME_2', 'two'],
  ['DOLLAR', '$x'],
])

describe('interpolate()', () => {
  // The forms and their meanings are those of the Compose specification, 12-interpolation.
  test.each([
    ['plain', 'plain'],
    ['$SET', 'value'],
    ['${SET}', 'value'],
    ['a${SET}b$SET', 'avaluebvalue'],
    ['$SET-x', 'value-x'],
    ['$NAME_2.', 'two.'],
    ['$$SET', '$SET'],
    ['$${SET}', '${SET}'],
    ['$$$SET', '$value'],
    ['cost: 5$$', 'cost: 5$'],
    ['${SET:-default}', 'value'],
    ['${SET-default}', 'value'],
    ['${EMPTY:-default}', 'default'],
    ['${EMPTY-default}', ''],
    ['${GONE:-default}', 'default'],
    ['${GONE-default}', 'default'],
    ['${GONE:-}', ''],
    ['${GONE:-a b/c:d}', 'a b/c:d'],
    ['${GONE:-$SET}', 'value'],
    ['${GONE:-${SET}}', 'value'],
    ['${GONE:-${GONE:-${SET}}x}', 'valuex'],
    ['${GONE:-$$x}', '$x'],
    ['${SET:+other}', 'other'],
    ['${SET+other}', 'other'],
    ['${EMPTY:+other}', ''],
    ['${EMPTY+other}', 'other'],
    ['${GONE:+other}', ''],
    ['${GONE+other}', ''],
    ['${SET:+${NAME_2}}', 'two'],
    ['${SET:?must be}', 'value'],
    ['${EMPTY?must be}', ''],
    ['$DOLLAR', '$x'],
    ['}', '}'],
  ])('%j is %j', (text, expected) => {
    expect(interpolate(text, variables)).toEqual({ text: expected, unset: [] })
  })

  test.each([
    ['$GONE', '', ['GONE']],
    ['${GONE}/${LOST}', '/', ['GONE', 'LOST']],
    ['${GONE:-$LOST}', '', ['LOST']],
    ['${SET:-$LOST}', 'value', []],
    ['${SET:+$LOST}', '', ['LOST']],
  ])('%j is %j, and misses %j', (text, expected, unset) => {
    expect(interpolate(text, variables)).toEqual({ text: expected, unset })
  })

  test.each([
    ['${GONE:?tell me}', 'required variable GONE is missing a value: tell me'],
    ['${EMPTY:?}', 'required variable EMPTY is missing a value'],
    ['${GONE?tell ${SET}}', 'required variable GONE is missing a value: tell value'],
    ['${SET', 'a "${" is not closed'],
    ['${SET:-${GONE}', 'a "${" is not closed'],
    ['${}', 'a "${" stands before no name'],
    ['${1}', 'a "${" stands before no name'],
    ['$1', 'a "$" stands before no name'],
    ['100$', 'a "$" stands before no name'],
    ['${SET!x}', '"${SET" is followed by no form'],
    ['${A:-'.repeat(60), 'it nests too deep'],
  ])('refuses %j', (text, reason) => {
    expect(() => interpolate(text, variables)).toThrow(InterpolationError)
    expect(() => interpolate(text, variables)).toThrow(reason)
  })
})
