import { ApiError } from './api-error.ts'
import type { Answer } from './api-error.ts'
import { callerAccount } from './auth.ts'
import { parameter, repositoryOf } from './call.ts'
import type { Call, Handlers, Lab } from './call.ts'
import { isObject, listField, textField } from './json.ts'
import { isoSeconds } from './iso-time.ts'
import { labelShape } from './pull-shape.ts'
import { nodeId, repositoryUrl, userShape } from './shapes.ts'
import type { PullRecord } from './state.ts'

/** What of https://docs.github.com/en/rest/issues a pull request is reached by. */
export const issueRoutes: Handlers<`${string}/issues/${string}`> = {
  'POST /repos/{owner}/{repo}/issues/{issue_number}/labels': addLabels,
  'POST /repos/{owner}/{repo}/issues/{issue_number}/comments': comment,
}

/** A label that the repository does not know is made. */
function addLabels({ state }: Lab, call: Call): Answer {
  const pull = pullOf(call)
  for (const label of listField(call.body, 'labels') ?? []) {
    const name = isObject(label) ? textField(label, 'name') : label
    if (typeof name !== 'string' || name.length > 50 || name.includes(',')) {
      throw new ApiError(422, 'Validation Failed', {
        errors: [{ resource: 'Label', code: 'invalid', field: 'name' }],
      })
    }
    if (!pull.labels.includes(name)) pull.labels.push(name)
  }
  const body = pull.labels.map((name) => labelShape(state, repositoryOf(call), name))
  return { status: 200, body }
}

function comment({ state }: Lab, call: Call): Answer {
  const pull = pullOf(call)
  const id = state.nextId()
  const [user, at] = [callerAccount(state, call.caller), state.now()]
  const body = textField(call.body, 'body') ?? ''
  pull.comments.push({ user, body, at })
  const issue = `${repositoryUrl(state, repositoryOf(call))}/issues/${pull.number}`
  return {
    status: 201,
    body: {
      id,
      node_id: nodeId('IssueComment', id),
      url: `${issue.replace(/\/\d+$/u, '')}/comments/${id}`,
      html_url: `${issue}#issuecomment-${id}`,
      issue_url: issue,
      body,
      user: userShape(state, user),
      created_at: isoSeconds(at),
      updated_at: isoSeconds(at),
    },
  }
}

function pullOf(call: Call): PullRecord {
  const number = Number(parameter(call, 'issue_number'))
  const found = repositoryOf(call).pulls.find((pull) => pull.number === number)
  if (found === undefined) throw new ApiError(404, 'Not Found')
  return found
}
