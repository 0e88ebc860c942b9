import { MagosError } from '../../domain/error.ts'
import { textField } from './answer.ts'
import type { AppClient } from './app-client.ts'

/** Login of the account in whose name GitHub commits for an App; asked for once. */
export function createOwnLogin(app: AppClient): (signal: AbortSignal) => Promise<string> {
  let known: string | null = null
  return async (signal) => {
    if (known !== null) return known
    const action = 'Read the GitHub App’s own name'
    const slug = textField(await app.asApp('GET /app', {}, { action, signal }), 'slug')
    if (slug === null) throw new MagosError('protocol', `${action}: the answer has none`)
    known = `${slug}[bot]`
    return known
  }
}
