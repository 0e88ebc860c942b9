/** A relative path without `.`, empty parts and the `..` that a part before it takes back. */
export function normalPath(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else parts.push(part)
  }
  return parts.join('/')
}

/** Whether a path from a directory stays in it. */
export function isInside(path: string): boolean {
  const normal = normalPath(path)
  return !path.startsWith('/') && normal !== '..' && !normal.startsWith('../')
}

/** Whether a normal path is the folder, or lies below it; everything lies below the empty one. */
export function isWithin(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`)
}
