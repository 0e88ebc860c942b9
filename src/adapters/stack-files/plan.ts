import { ancestorsOf, type Content, isSame } from './target.ts'

/** What lies at one path now. */
export type Found =
  | { readonly kind: 'absent' }
  /** A file or a symlink. */
  | { readonly kind: 'content'; readonly content: Content; readonly stamp: string }
  /** What lies below it, where that matters. */
  | {
      readonly kind: 'directory'
      readonly files: readonly string[]
      readonly directories: readonly string[]
    }
  | { readonly kind: 'other' }

export interface Situation {
  readonly target: ReadonlyMap<string, Content>
  /** What was laid last and finished. */
  readonly laid: ReadonlyMap<string, Content>
  /** Everything that we may have written at a path: what was laid, and what an interrupted call was about to lay. */
  readonly known: ReadonlyMap<string, readonly Content[]>
  /** Directories that we made. */
  readonly made: ReadonlySet<string>
  readonly found: (path: string) => Found
}

export interface Plan {
  /** Files of a person that stand where git has another: kept under another name. */
  readonly aside: readonly string[]
  /** Files of ours that git dropped. */
  readonly remove: readonly string[]
  /** Directories that stand where git has a file, deepest first. */
  readonly vacate: readonly string[]
  readonly write: readonly string[]
  /** Files that git dropped and a person had changed: they stay. */
  readonly stay: readonly string[]
}

/** What keeps the stack from being laid until a person acts. */
export interface Obstacle {
  readonly path: string
  readonly reason: string
  readonly remedy: string
}

type Step = { readonly [Kind in keyof Plan]?: readonly string[] } | { readonly obstacle: Obstacle }

/** Decides what to do with every path, from what lies there now, what we wrote and what git holds. */
export function planLay(situation: Situation): Plan | { readonly obstacle: Obstacle } {
  const steps: Step[] = []
  const above = new Set([...situation.target.keys()].flatMap(ancestorsOf))
  for (const path of above) steps.push(clearDirectory(situation, path))
  for (const path of situation.target.keys()) steps.push(placeFile(situation, path))
  for (const path of situation.known.keys()) {
    if (!situation.target.has(path)) steps.push(dropFile(situation, path, above))
  }
  const plan = { aside: [], remove: [], vacate: [], write: [], stay: [] } satisfies Plan
  const lists: Record<keyof Plan, string[]> = plan
  for (const step of steps) {
    if ('obstacle' in step) return step
    for (const kind of ['aside', 'remove', 'vacate', 'write', 'stay'] as const) {
      lists[kind].push(...(step[kind] ?? []))
    }
  }
  lists.vacate.sort((one, other) => other.length - one.length)
  return lists
}

/** A directory that the target needs. */
function clearDirectory({ found, known }: Situation, path: string): Step {
  const there = found(path)
  if (there.kind === 'absent' || there.kind === 'directory') return {}
  // Ours and unchanged: git dropped it, so it goes with what git dropped.
  if (isOurs(there, known.get(path))) return {}
  if (there.kind === 'content' && there.content.mode !== '120000') return { aside: [path] }
  const what = there.kind === 'content' ? 'a symbolic link' : 'neither file nor directory'
  return {
    obstacle: {
      path,
      reason: `git has a directory there, but on disk it is ${what} that Magos did not make`,
      remedy: `Move "${path}" away`,
    },
  }
}

function placeFile(situation: Situation, path: string): Step {
  const { target, laid, known, found } = situation
  const there = found(path)
  if (there.kind === 'absent') return { write: [path] }
  if (there.kind === 'directory') return replaceDirectory(situation, path, there)
  if (there.kind === 'other') {
    const reason = 'git has a file there, but on disk it is a socket, pipe or device'
    return { obstacle: { path, reason, remedy: `Move "${path}" away` } }
  }
  const wanted = target.get(path)
  if (isSame(there.content, wanted)) return {}
  if (isOurs(there, known.get(path))) return { write: [path] }
  // Only the disk changed: that is the person's business until git says something new.
  if (isSame(laid.get(path), wanted)) return {}
  return { aside: [path], write: [path] }
}

function replaceDirectory(
  { known, target, made, found }: Situation,
  path: string,
  { files, directories }: Extract<Found, { kind: 'directory' }>,
): Step {
  const ours = new Set([...known.keys()].flatMap(ancestorsOf))
  const stranger =
    files.find((file) => target.has(file) || !isOurs(found(file), known.get(file))) ??
    directories.find((directory) => !ours.has(directory) && !made.has(directory))
  if (stranger === undefined) return { vacate: [path, ...directories], write: [path] }
  return {
    obstacle: {
      path: stranger,
      reason: `git has a file "${path}", but on disk it is a directory that holds what Magos did not write`,
      remedy: `Move "${stranger}" away, or name the file otherwise in the repository`,
    },
  }
}

function dropFile({ found, known }: Situation, path: string, above: ReadonlySet<string>): Step {
  const there = found(path)
  if (there.kind !== 'content') return {}
  if (isOurs(there, known.get(path))) return { remove: [path] }
  return above.has(path) ? {} : { stay: [path] }
}

/** Whether what lies there is what we wrote. */
export function isOurs(there: Found, known: readonly Content[] | undefined): boolean {
  return there.kind === 'content' && (known ?? []).some((one) => isSame(one, there.content))
}
