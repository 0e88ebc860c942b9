import { parseEnvironmentFile } from './environment-file.ts'
import { applySplices, refuseChange, refuseEdit, type Splice } from './splice.ts'

/** Changes values of an environment file. Throws `edit` where anything else would read differently afterwards. */
export function spliceEnvironment(file: string, text: string, splices: readonly Splice[]): string {
  const before = parseEnvironmentFile(file, text)
  const [first] = splices
  if (first === undefined) return text
  if (before.defect !== null) {
    const place = { file, ...before.defect }
    throw refuseEdit(place, first.reference, 'the line is no NAME=value', 'Correct it')
  }
  const written = applySplices(text, splices)
  const { assignments, defect } = parseEnvironmentFile(file, written)
  const planned = new Map(splices.map((one) => [one.target.range[0], one]))
  if (defect !== null || assignments.length !== before.assignments.length) throw refuseChange(first)
  for (const [index, one] of before.assignments.entries()) {
    const plan = planned.get(one.range[0])
    const now = assignments[index]
    planned.delete(one.range[0])
    if (now?.name === one.name && now.value === (plan?.to ?? one.value)) continue
    throw refuseChange(plan ?? first)
  }
  const [missed] = planned.values()
  if (missed !== undefined) throw refuseChange(missed)
  return written
}
