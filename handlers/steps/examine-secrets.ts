import type { SealedFile } from '../../src/domain/answer/secrets-check.ts'
import { fail, ok, type Check } from '../../src/domain/doctor/check.ts'
import { judgeAsked, type Asked } from '../../src/domain/doctor/outcome.ts'
import type { TreeEntry } from '../../src/domain/revision.ts'
import type { DoctorContext } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import type { Ask } from './ask-within.ts'
import { trySealedFiles } from './try-sealed-files.ts'

/** Whether this host opens what is encrypted in its own stacks; other hosts have keys of their own. */
export async function examineSecrets(
  ctx: Pick<DoctorContext, 'openRepository' | 'secrets'>,
  ask: Ask,
  view: Asked<RepositoryView>,
): Promise<readonly Check[]> {
  if (view.outcome !== 'answered') return []
  const entries = ownEntries(view.answer)
  const asked = await ask(async (signal) => {
    const { source } = await ctx.openRepository(signal)
    return trySealedFiles({ source, secrets: ctx.secrets }, entries, signal)
  })
  if (asked.outcome === 'answered' && asked.answer.length === 0) return []
  return [judgeAsked('secrets', asked, judge)]
}

/** A file belongs to the stack whose directory is nearest above it. */
function ownEntries({ entries, stacks, directories }: RepositoryView): readonly TreeEntry[] {
  const own = new Set(stacks.map(({ directory }) => directory))
  return [...entries.values()].filter(({ path }) => {
    const above = directories.filter((one) => one === '' || path.startsWith(`${one}/`))
    const nearest = above.toSorted((one, other) => other.length - one.length)[0]
    return nearest !== undefined && own.has(nearest)
  })
}

function judge(files: readonly SealedFile[]): Check {
  const name = 'secrets'
  const refused = files.flatMap((one) => (one.outcome === 'refused' ? [one] : []))
  const [first] = refused
  if (first === undefined) return ok(name, `it opens all ${files.length} encrypted files`)
  const detail = `${refused.length} of ${files.length} encrypted files do not open; ${first.reason}`
  return fail(name, detail, first.remedy ?? 'See: magos secrets check')
}
