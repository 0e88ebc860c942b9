import { field, listField, textField } from './answer.ts'
import type { Client } from './client.ts'

export interface BranchRulesOptions {
  readonly client: Client
  readonly repository: { readonly owner: string; readonly repo: string }
  readonly branch: (signal: AbortSignal) => string | Promise<string>
}

/** Rules that a commit of its own, made by the API and signed by GitHub, breaks. */
const barring: ReadonlySet<string | null> = new Set([
  'pull_request',
  'update',
  'required_status_checks',
  'required_deployments',
  'merge_queue',
  'workflows',
  'code_scanning',
])

/**
 * What stands in the way of commits on the watched branch, before any was tried. GitHub tells which rules there are, and
 * not whether this App may bypass them; null where there are none, or nobody says.
 */
export async function branchWarning(
  { client, repository, branch }: BranchRulesOptions,
  signal: AbortSignal,
): Promise<{ readonly reason: string; readonly remedy: string } | null> {
  const name = await branch(signal)
  const action = `Read the rules of "${name}"`
  const ask = async (route: string): Promise<unknown> => {
    const reply = await client.send(route, { ...repository, branch: name }, { action, signal })
    return reply.outcome === 'done' ? reply.data : null
  }
  const rules = listField(
    { data: await ask('GET /repos/{owner}/{repo}/rules/branches/{branch}') },
    'data',
  )
  const types = [...new Set(rules.map((rule) => textField(rule, 'type')))]
  const found = types.filter((type) => barring.has(type))
  // The older branch protection is no ruleset.
  const isProtected =
    types.length === 0 &&
    field(await ask('GET /repos/{owner}/{repo}/branches/{branch}'), ['protected']) === true
  if (found.length === 0 && !isProtected) return null
  const what = found.length === 0 ? 'is protected' : `has the rules ${found.join(', ')}`
  return {
    reason: `"${name}" ${what}: commits are refused unless the GitHub App may bypass them`,
    remedy: `Put the GitHub App on the bypass list of "${name}", or set "mode" to "pr"`,
  }
}
