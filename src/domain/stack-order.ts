import type { RefusedStack, Stack } from './stack.ts'

/** Stacks that shall come after one that is not there, or, in the end, after themselves. */
export function misordered(stacks: readonly Stack[]): readonly RefusedStack[] {
  const byName = new Map(stacks.map((stack) => [stack.name, stack]))
  return stacks.flatMap((stack) => {
    const unknown = stack.options.after.find((name) => !byName.has(name))
    if (unknown !== undefined) {
      return [
        refuse(stack, unknown, `the repository has no stack "${unknown}"`, 'Correct the name'),
      ]
    }
    const circle = circleOf(stack, byName)
    if (circle === null) return []
    const state = `it would come after itself: ${circle.join(' → ')}`
    return [refuse(stack, circle[1] ?? '', state, 'Break the circle')]
  })
}

/** The stacks so that each comes behind those of them that it waits for. */
export function inOrder(stacks: readonly Stack[]): readonly Stack[] {
  const byName = new Map(stacks.map((stack) => [stack.name, stack]))
  const ordered = new Set<Stack>()
  const add = (stack: Stack, open: ReadonlySet<Stack>): void => {
    if (ordered.has(stack) || open.has(stack)) return
    for (const name of stack.options.after) {
      const before = byName.get(name)
      if (before !== undefined) add(before, new Set([...open, stack]))
    }
    ordered.add(stack)
  }
  for (const stack of stacks) add(stack, new Set())
  return [...ordered]
}

/** The way from a stack back to itself, or null. */
function circleOf(stack: Stack, byName: ReadonlyMap<string, Stack>): readonly string[] | null {
  const open: (readonly string[])[] = [[stack.name]]
  const seen = new Set<string>()
  for (let way = open.pop(); way !== undefined; way = open.pop()) {
    const last = way.at(-1) ?? ''
    for (const next of byName.get(last)?.options.after ?? []) {
      if (next === stack.name) return [...way, next]
      if (!seen.has(next)) open.push([...way, next])
      seen.add(next)
    }
  }
  return null
}

function refuse(stack: Stack, before: string, state: string, remedy: string): RefusedStack {
  const { name, hosts, options, places } = stack
  return {
    stack: name,
    reason: `Cannot tell when stack "${name}" is due: ${state}`,
    remedy: `${remedy} in .magos.yaml, under stacks: {${name}: {after: …}}`,
    file: '.magos.yaml',
    ...places?.get(`after.${options.after.indexOf(before)}`),
    hosts,
  }
}
