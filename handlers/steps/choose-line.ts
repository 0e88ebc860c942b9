import { choose, type Choice } from '../../src/domain/update.ts'
import type { RepositoryView } from '../views.ts'
import type { Watched } from './watched-line.ts'

/** What the policy makes of a line, once for a list of tags: a registry with nothing new lists the same ones again. */
export function chooseLine(
  { lines }: Pick<RepositoryView, 'lines'>,
  { image, current, policy }: Watched,
  tags: readonly string[],
  now: number,
): Choice {
  const known = lines.choices.get(image)
  if (known?.tags === tags) return known.choice
  const choice = choose(policy, current, tags, { now })
  // What is ignored until a day counts again after it.
  const isTimeless = !('ignore' in policy) || policy.ignore.every(({ until }) => until === null)
  if (isTimeless) lines.choices.set(image, { tags, choice })
  return choice
}
