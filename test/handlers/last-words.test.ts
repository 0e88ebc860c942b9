import { describe, expect, it } from 'vitest'
import { lastComplaint } from '../../handlers/steps/last-words.ts'

describe('lastComplaint()', () => {
  it.each([
    [
      'Container a  Creating\nError response from daemon: port is taken\n',
      /^Error response.*taken$/,
    ],
    ['Error: name is in use\nexit code: 125\n', /^Error: name is in use$/],
    ['  it ended\n\n', /^it ended$/],
  ])('finds the line that says why in %j', (output, line) => {
    expect(lastComplaint(output)).toMatch(line)
  })

  it('is null of silence, and bounded', () => {
    expect(lastComplaint(' \n\n')).toBeNull()
    expect(lastComplaint(`error ${'x'.repeat(1_000)}`)).toHaveLength(300)
  })
})
