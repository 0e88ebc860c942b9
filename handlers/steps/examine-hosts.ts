import { ok, warn, type Check } from '../../src/domain/doctor/check.ts'
import { judgeAsked, type Asked } from '../../src/domain/doctor/outcome.ts'
import { sameHost } from '../../src/domain/stack.ts'
import type { DoctorContext } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import type { Ask } from './ask-within.ts'

/** Whether stacks that name no host belong to several: each would deploy them, and all would commit their updates. */
export async function examineHosts(
  { host, openRepository }: Pick<DoctorContext, 'host' | 'openRepository'>,
  ask: Ask,
  view: Asked<RepositoryView>,
): Promise<readonly Check[]> {
  if (view.outcome !== 'answered') return []
  const { revision, stacks } = view.answer
  const unnamed = stacks.filter(({ hosts }) => hosts === null).map(({ name }) => name)
  const asked = await ask(async (signal) => {
    const { reporters } = await openRepository(signal)
    return reporters === null ? null : reporters.hosts(revision.commit, signal)
  })
  if (asked.outcome === 'answered' && asked.answer === null) return []
  const name = 'hosts'
  return [
    judgeAsked(name, asked, (told) => {
      const others = (told ?? []).filter((one) => !sameHost(one, host.name))
      if (others.length === 0) return ok(name, 'no other host reports on this commit')
      if (unnamed.length === 0)
        return ok(name, `every stack names its hosts, beside ${others.join(', ')}`)
      return warn(
        name,
        `${others.join(', ')} reports too, and these stacks name no host: ${unnamed.join(', ')}`,
        `Name their hosts in .magos.yaml: stacks: {${unnamed[0]}: {hosts: [${host.name}]}}`,
      )
    }),
  ]
}
