import { isScalar, parseDocument } from 'yaml'

import { MagosError } from '../error.ts'
import { leaves } from './leaves.ts'
import { applySplices, refuseChange, type Splice } from './splice.ts'
import { parseYamlFile, type YamlFile } from './yaml-file.ts'

/** Changes scalars of a compose file. Throws `edit` where anything else would read differently afterwards. */
export function spliceYaml(before: YamlFile, splices: readonly Splice[]): string {
  refuseProblems(before)
  const written = applySplices(before.text, splices)
  verify(before, parseYamlFile(before.file, written), splices)
  return written
}

export function refuseProblems({ file, problems }: YamlFile): void {
  const [problem] = problems
  if (problem === undefined) return
  const { line, column, message, remedy } = problem
  throw new MagosError('edit', `Cannot edit "${file}": ${message}`, {
    place: { file, line, column },
    ...(remedy === undefined ? {} : { remedy }),
  })
}

/** The proof: same leaves in the same order, and those that differ are the planned ones with the planned text. */
function verify(before: YamlFile, after: YamlFile, splices: readonly Splice[]): void {
  const [first] = splices
  if (first === undefined) return
  if (after.problems.length > 0) throw refuseChange(first)
  const [old, now] = [leaves(before), leaves(after)]
  const planned = new Map(splices.map((one) => [one.scalar.range[0], one]))
  for (const [index, leaf] of old.entries()) {
    const other = now[index]
    const plan = leaf.inner === null ? undefined : planned.get(leaf.inner)
    if (plan === undefined) {
      if (other?.text !== leaf.text) throw refuseChange(first)
      continue
    }
    const to = valueOf(plan)
    const sameShape = other?.shape === leaf.shape && other.value === to
    if (!sameShape || (other.plain && !isText(to))) throw refuseChange(plan)
    planned.delete(plan.scalar.range[0])
  }
  const [missed] = planned.values()
  if (missed !== undefined) throw refuseChange(missed)
  if (old.length !== now.length || !sameLines(before.text, after.text, splices)) {
    throw refuseChange(first)
  }
}

/** The scalar's whole new value. */
function valueOf({ scalar: { text, range }, target, to }: Splice): string {
  return text.slice(0, target.range[0] - range[0]) + to + text.slice(target.range[1] - range[0])
}

/** YAML 1.1 readers take more for numbers than 1.2 ones do; a reference must be a text to both. With a slash or an @ it is one. */
function isText(plain: string): boolean {
  if (/[/@]/.test(plain)) return true
  return (['1.1', '1.2'] as const).every((version) => {
    const { contents } = parseDocument(plain, { version, logLevel: 'silent' })
    return isScalar(contents) && contents.value === plain
  })
}

function sameLines(before: string, after: string, splices: readonly Splice[]): boolean {
  const planned = new Set(splices.map(({ target }) => target.line))
  const [old, now] = [before.split('\n'), after.split('\n')]
  return (
    old.length === now.length &&
    old.every((text, index) => planned.has(index + 1) || text === now[index])
  )
}
