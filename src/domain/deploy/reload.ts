import { createHash } from 'node:crypto'
import type { KeptDeed } from '../deployment.ts'
import { actionOn, type FileChange, type Signal } from '../settings/file-changes.ts'
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
}

/** Files that make a container, and those that it is told of while it runs. What is ignored is in neither. */
export function splitFiles(
  service: string,
  home: string,
  changes: readonly FileChange[],
  files: readonly TrackedFile[],
): { readonly made: readonly TrackedFile[]; readonly reloads: readonly Reload[] } {
  const own = (path: string) => (path.startsWith(`${home}/`) ? path.slice(home.length + 1) : path)
  const byAction = Map.groupBy(files, ({ path }) => actionOn(changes, service, own(path)))
  const reloads = [...byAction].flatMap(([action, group]): Reload[] => {
    if (action === 'recreate' || action === 'ignore') return []
    const text = filesText(group).join('\0')
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 32)
    return [{ action, digest, paths: group.map(({ path }) => own(path)).toSorted() }]
  })
  return {
    made: byAction.get('recreate') ?? [],
    reloads: reloads.toSorted((a, b) => (a.action < b.action ? -1 : 1)),
  }
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
export function reloadReason({ action, paths }: Reload): string {
  const shown = paths.length > 3 ? [...paths.slice(0, 3), `${paths.length - 3} more`] : paths
  const verb = action === 'restart' ? 'is restarted' : `is sent ${action}`
  return `it ${verb}, because these files changed: ${shown.join(', ')}`
}
