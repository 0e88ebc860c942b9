import { MagosError } from '../../src/domain/error.ts'
import type { RefusedStack, Stack } from '../../src/domain/stack.ts'
import type { RepositoryView } from '../views.ts'

/**
 * The stacks that are meant: the one of that name, or all of this host. Throws `usage` when there is none. Of several
 * names those count that there are.
 */
export function namedStacks(
  { stacks, refused }: RepositoryView,
  name: string | readonly string[] | null,
): { readonly due: readonly Stack[]; readonly refused: readonly RefusedStack[] } {
  if (name === null) return { due: stacks, refused }
  if (typeof name !== 'string') {
    return {
      due: stacks.filter((stack) => name.includes(stack.name)),
      refused: refused.filter(({ stack }) => name.includes(stack)),
    }
  }
  const meant = {
    due: stacks.filter((stack) => stack.name === name),
    refused: refused.filter(({ stack }) => stack === name),
  }
  if (meant.due.length + meant.refused.length > 0) return meant
  const names = stacks.map((stack) => stack.name).join(', ')
  throw new MagosError(
    'usage',
    `Cannot find stack "${name}" on this host: there are ${names || 'none'}`,
    { remedy: 'Name one of them, or look at hosts in .magos.yaml' },
  )
}
