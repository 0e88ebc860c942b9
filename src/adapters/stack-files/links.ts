/**
 * Whether a symlink leads out of its root: resolved as the kernel does, over the other links that lie there, so that
 * `x/..` of a link `x` counts as where `x` really is. A loop leads nowhere, and so not outside.
 */
export function leadsOutside(
  path: string,
  target: string,
  links: ReadonlyMap<string, string>,
): boolean {
  const here = path.split('/').slice(0, -1)
  let left = 40
  const pending = target.split('/').toReversed()
  if (target.startsWith('/')) return true
  while (pending.length > 0) {
    const part = pending.pop() ?? ''
    if (part === '' || part === '.') continue
    if (part === '..') {
      if (here.pop() === undefined) return true
      continue
    }
    here.push(part)
    const next = links.get(here.join('/'))
    if (next === undefined) continue
    if (next.startsWith('/')) return true
    if ((left -= 1) < 0) return false
    here.pop()
    pending.push(...next.split('/').toReversed())
  }
  return false
}
