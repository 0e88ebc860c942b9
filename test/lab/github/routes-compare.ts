import { ApiError } from './api-error.ts'
import type { Answer } from './api-error.ts'
import { parameter, repositoryOf } from './call.ts'
import type { Call, Handlers, Lab } from './call.ts'
import type { JsonObject } from './json.ts'
import { commitShape, repositoryUrl } from './shapes.ts'

/** https://docs.github.com/en/rest/commits/commits#compare-two-commits */
export const compareRoutes: Handlers<`${string}/compare/${string}`> = {
  'GET /repos/{owner}/{repo}/compare/{basehead}': compare,
}

const statuses = { A: 'added', D: 'removed', M: 'modified' } as const

async function compare({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  const { git, owner, name } = repository
  const [base = '', head = ''] = parameter(call, 'basehead').split('...')
  const [from, to] = [await git.resolve(base, 'commit'), await git.resolve(head, 'commit')]
  if (from === null || to === null) throw new ApiError(404, 'Not Found')
  const common = await git.mergeBase(from, to)
  if (common === null) {
    throw new ApiError(404, `No common ancestor between ${base} and ${head}.`)
  }
  const ahead = await git.log(to, { limit: 10_000, since: from })
  const behind = await git.log(from, { limit: 10_000, since: to })
  const shape = async (sha: string): Promise<JsonObject> =>
    commitShape(state, repository, await git.readCommit(sha))
  const commits: JsonObject[] = []
  for (const sha of ahead.toReversed().slice(0, 250)) commits.push(await shape(sha))
  const url = `${repositoryUrl(state, repository)}/compare/${base}...${head}`
  const html = `${state.url}/${owner.login}/${name}/compare/${base}...${head}`
  const files = (await git.changes(common, to)).slice(0, 300).map(({ status, path }) => ({
    sha: null,
    filename: path,
    status: statuses[status === 'A' || status === 'D' ? status : 'M'],
    additions: 0,
    deletions: 0,
    changes: 0,
    blob_url: `${html}#${path}`,
    raw_url: `${html}#${path}`,
    contents_url: `${repositoryUrl(state, repository)}/contents/${encodeURI(path)}?ref=${to}`,
  }))
  return {
    status: 200,
    body: {
      url,
      html_url: html,
      permalink_url: html,
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
      base_commit: await shape(from),
      merge_base_commit: await shape(common),
      status: relation(ahead.length, behind.length),
      ahead_by: ahead.length,
      behind_by: behind.length,
      total_commits: ahead.length,
      commits,
      files,
    },
  }
}

function relation(ahead: number, behind: number): string {
  if (ahead > 0) return behind > 0 ? 'diverged' : 'ahead'
  return behind > 0 ? 'behind' : 'identical'
}
