import type { Node } from 'yaml'

import { readDuration, readMapping, readTexts, type Reading } from './reading.ts'

/** Programs with their arguments that run in the stack's stable directory; null for none. */
export interface Hooks {
  /** When the images and files are there, before any container is touched. */
  readonly before: readonly string[] | null
  /** When every service is well; what it refuses is not proven. */
  readonly after: readonly string[] | null
  /** ms that each may take. */
  readonly deadline: number
}

export const noHooks: Hooks = { before: null, after: null, deadline: 300_000 }

/** Reads `hooks: {before: [PROGRAM, ARGUMENT…], after: […], deadline: 5m}`. Never throws. */
export function readHooks(reading: Reading, node: Node | undefined): Hooks {
  if (node === undefined) return noHooks
  const fields = readMapping(reading, node, 'hooks', ['before', 'after', 'deadline'])
  const command = (when: 'before' | 'after') => {
    const words = fields.get(when)
    if (words === undefined) return null
    const remedy = `Write ${when}: [PROGRAM, ARGUMENT, …]; no shell reads it`
    return readTexts(reading, words, `Hook "${when}"`, remedy)
  }
  const bounds = { min: '1s', max: '1h' }
  const deadline = readDuration(reading, fields.get('deadline'), 'Deadline of the hooks', bounds)
  return {
    before: command('before'),
    after: command('after'),
    deadline: deadline ?? noHooks.deadline,
  }
}
