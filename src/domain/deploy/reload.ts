import { createHash } from 'node:crypto'
import type { KeptDeed } from '../deployment.ts'
import {
  actionOn,
  type FileAction,
  type FileChange,
  type Signal,
} from '../settings/file-changes.ts'
import { filesText, type TrackedFile } from './read-files.ts'

/** What lets a running container read its files again. */
export type ReloadAction = 'restart' | Signal

/** Files that a service has to be told of when they change, by what tells it. */
export interface Reload {
  readonly action: ReloadAction
  /** Over the files' bytes. */
  readonly digest: string
  /** From the stable directory. */
  readonly paths: readonly string[]
  /** Those of them that a signal was meant for, and that only a restart shows. */
  readonly unheard: readonly string[]
}

/** Files that a service mounts. */
export interface MountedFiles {
  readonly all: readonly TrackedFile[]
  /** Those that are mounted by themselves. */
  readonly single: readonly TrackedFile[]
}

/**
 * Files that make a container, and those that it is told of while it runs. What is ignored is in neither. A file that is
 * mounted by itself is its old inode to a container until that is started anew, so a signal would have it read the old
 * content again.
 */
export function splitFiles(
  service: string,
  home: string,
  changes: readonly FileChange[],
  { all, single }: MountedFiles,
): { readonly made: readonly TrackedFile[]; readonly reloads: readonly Reload[] } {
  const own = (path: string) => (path.startsWith(`${home}/`) ? path.slice(home.length + 1) : path)
  const isUnheard = (file: TrackedFile): boolean =>
    single.includes(file) && isSignal(actionOn(changes, service, own(file.path)))
  const byAction = Map.groupBy(all, (file) =>
    isUnheard(file) ? 'restart' : actionOn(changes, service, own(file.path)),
  )
  const reloads = [...byAction].flatMap(([action, group]): Reload[] => {
    if (action === 'recreate' || action === 'ignore') return []
    const text = filesText(group).join('\0')
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 32)
    const paths = group.map(({ path }) => own(path)).toSorted()
    const unheard = group.filter(isUnheard).map(({ path }) => own(path))
    return [{ action, digest, paths, unheard: unheard.toSorted() }]
  })
  return {
    made: byAction.get('recreate') ?? [],
    reloads: reloads.toSorted((a, b) => (a.action < b.action ? -1 : 1)),
  }
}

function isSignal(action: FileAction): action is Signal {
  return action !== 'recreate' && action !== 'restart' && action !== 'ignore'
}

/** What of the reloads is remembered of a service that runs well; empty for none. */
export function reloadText(reloads: readonly Reload[]): string {
  return reloads.map(({ action, digest }) => `${action}=${digest}`).join(',')
}

/** The reloads that are due beside what is remembered; a restart does what any signal would. */
export function dueReloads(reloads: readonly Reload[], remembered: string): readonly Reload[] {
  const known = new Set(remembered.split(','))
  const due = reloads.filter((reload) => !known.has(reloadText([reload])))
  const restart = due.find(({ action }) => action === 'restart')
  return restart === undefined ? due : [restart]
}

/** What is done to a service that is told of its files. */
export function reloadDeed({ action }: Reload): KeptDeed {
  return action === 'restart' ? action : `signal ${action}`
}

/** Why a service is told, and how. */
export function reloadReason({ action, paths, unheard }: Reload): string {
  const verb = action === 'restart' ? 'is restarted' : `is sent ${action}`
  const why = `it ${verb}, because these files changed: ${shown(paths)}`
  return unheard.length === 0
    ? why
    : `${why}; what is mounted by itself stays as it was to a signal: ${shown(unheard)}`
}

function shown(paths: readonly string[]): string {
  const some = paths.length > 3 ? [...paths.slice(0, 3), `${paths.length - 3} more`] : paths
  return some.join(', ')
}
