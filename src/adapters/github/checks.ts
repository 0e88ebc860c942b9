import type { ChecksState } from '../../ports.ts'
import { listField, numberField, textField } from './answer.ts'
import type { Client } from './client.ts'

const pageSize = 100
const maxPages = 10

/** Statuses and check runs together, the newest of each: https://docs.github.com/en/rest/checks/runs */
export async function readChecks(
  { client, repository }: { client: Client; repository: { owner: string; repo: string } },
  commit: string,
  signal: AbortSignal,
): Promise<ChecksState> {
  const told: ChecksState[] = []
  for (const { route, list, judge } of [statuses, checkRuns]) {
    for (let page = 1; page <= maxPages; page++) {
      const parameters = { ...repository, ref: commit, per_page: pageSize, page }
      const action = `Read the checks of "${commit}"`
      const reply = await client.send(route, parameters, { action, signal })
      if (reply.outcome !== 'done') throw reply.error
      told.push(...listField(reply.data, list).map(judge))
      if (page * pageSize >= (numberField(reply.data, 'total_count') ?? 0)) break
    }
  }
  const failed = told.find(({ outcome }) => outcome === 'failed')
  const waits = told.find(({ outcome }) => outcome === 'waits')
  if (told.length === 0) return { outcome: 'waits', reason: 'no check was told yet' }
  return failed ?? waits ?? { outcome: 'passed', reason: `${told.length} checks passed` }
}

interface Kind {
  readonly route: string
  readonly list: string
  readonly judge: (told: unknown) => ChecksState
}

const statuses: Kind = {
  route: 'GET /repos/{owner}/{repo}/commits/{ref}/status',
  list: 'statuses',
  judge(status) {
    const [name, state] = [textField(status, 'context') ?? '', textField(status, 'state')]
    if (state === 'success') return { outcome: 'passed', reason: '' }
    if (state === 'pending') return { outcome: 'waits', reason: `"${name}" is pending` }
    return { outcome: 'failed', reason: `"${name}" failed` }
  },
}

const green: ReadonlySet<string | null> = new Set(['success', 'neutral', 'skipped'])

const checkRuns: Kind = {
  route: 'GET /repos/{owner}/{repo}/commits/{ref}/check-runs',
  list: 'check_runs',
  judge(run) {
    const name = textField(run, 'name') ?? ''
    if (textField(run, 'status') !== 'completed') {
      return { outcome: 'waits', reason: `"${name}" is under way` }
    }
    const conclusion = textField(run, 'conclusion')
    if (green.has(conclusion)) return { outcome: 'passed', reason: '' }
    return { outcome: 'failed', reason: `"${name}" ended as ${conclusion ?? 'nothing'}` }
  },
}
