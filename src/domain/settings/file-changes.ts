import type { Node } from 'yaml'

import { isInside, isWithin, normalPath } from './inside.ts'
import { keyNode, readMapping, report, textOf, type Reading } from './reading.ts'

/** What a changed file does to a service that mounts it; the usual is `recreate`. */
export type FileAction = 'recreate' | 'restart' | 'ignore' | Signal

export type Signal = (typeof signals)[number]

/** What one service does when a file or a folder's content changed. */
export interface FileChange {
  readonly service: string
  /** From the stack's directory; empty for all of it. */
  readonly path: string
  readonly action: FileAction
}

/** Signals that programs take for "read it again"; those that end a program are what `restart` is for. */
export const signals = ['HUP', 'USR1', 'USR2', 'WINCH'] as const

/** Reads `changes: {SERVICE: {PATH: ACTION}}`. Never throws. */
export function readFileChanges(reading: Reading, node: Node | undefined): readonly FileChange[] {
  if (node === undefined) return []
  return [...readMapping(reading, node, 'changes', 'any')].flatMap(([service, paths]) =>
    [...readMapping(reading, paths, `Changes of service "${service}"`, 'any')].flatMap(
      ([path, value]) => readFileChange(reading, service, path, value, keyNode(paths, path)) ?? [],
    ),
  )
}

/** What a changed file does to a service: as the longest of its paths says that holds it. */
export function actionOn(
  changes: readonly FileChange[],
  service: string,
  path: string,
): FileAction {
  const fitting = changes
    .filter((one) => one.service === service && isWithin(path, one.path))
    .toSorted((a, b) => b.path.length - a.path.length)
  return fitting[0]?.action ?? 'recreate'
}

function readFileChange(
  reading: Reading,
  service: string,
  path: string,
  value: Node,
  place: Node,
): FileChange | null {
  if (!isInside(path)) {
    report(
      reading,
      place,
      `Path "${path}" leads out of the stack’s directory`,
      'Write a path from the stack’s directory',
    )
    return null
  }
  const action = actions.find((one) => one === textOf(value)?.replace(/^SIG(?=[A-Z])/, ''))
  if (action !== undefined) return { service, path: normalPath(path), action }
  const remedy = `Write one of ${actions.join(', ')}`
  report(reading, value, `What a change of "${path}" does cannot be read`, remedy)
  return null
}

const actions: readonly FileAction[] = ['recreate', 'restart', 'ignore', ...signals]
