import { engineRemedy } from '../engine-remedy.ts'
import { warn, type Check } from './check.ts'

/** What an engine complains of though it answers, where something can be done about it. */
export function judgeComplaints(complaints: readonly string[]): readonly Check[] {
  return [...new Set(complaints)].flatMap((words) => {
    const remedy = engineRemedy(words)
    return remedy === null ? [] : [warn('engine-words', words, remedy)]
  })
}
