import { MagosError } from '../../domain/error.ts'
import type { Reply } from './client.ts'

const maxDescription = 140

/** GitHub refuses a longer one. No character is cut in half. */
export function cutDescription(text: string): string {
  return cut(text, maxDescription)
}

export function cut(text: string, length: number): string {
  if (text.length <= length) return text
  const kept = text.slice(0, length - 1)
  return `${kept.isWellFormed() ? kept : kept.slice(0, -1)}…`
}

export function reportFailure(reply: Exclude<Reply, { outcome: 'done' }>): MagosError {
  const { error } = reply
  // Not the repository is missing here, but the commit: nothing that another try finds.
  if (reply.outcome !== 'refused' || ![404, 422].includes(reply.status)) return error
  return new MagosError('github', error.message, { cause: error.cause })
}
