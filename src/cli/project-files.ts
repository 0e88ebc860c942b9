import { leaving, pathProblem } from '../domain/compose/location.ts'
import type { Opened, ProjectFiles } from '../domain/compose/project-files.ts'
import type { Io, ReadBeside } from './io.ts'

/**
 * Lets `look` follow what the compose file `file` leads to on disk, as far as it lies in the file's own repository: it is
 * asked again until it asks for nothing new. Paths stay as they are given.
 */
export async function lookAround<Answer>(
  io: Io,
  file: string,
  look: (files: ProjectFiles) => Answer,
): Promise<Answer> {
  const known = new Map<string, ReadBeside>()
  for (;;) {
    const missed = new Set<string>()
    const answer = look({
      open(base, value) {
        const path = pathProblem(value) ?? pathOf(base, value)
        if (typeof path !== 'string') return { kind: 'refused', ...path }
        const found = known.get(path)
        if (found === undefined) missed.add(path)
        return found === undefined ? { kind: 'unread' } : openedAt(path, found)
      },
    })
    if (missed.size === 0 || file === '-') return answer
    for (const path of missed) known.set(path, await io.readBeside(file, path))
  }
}

/** An absolute path is for nobody but the host that it was written for. */
function pathOf(base: string, value: string): string | typeof leaving {
  if (value.startsWith('/')) return leaving
  return normalise(`${base === '' ? '' : `${base}/`}${value.replaceAll('$$', '$')}`)
}

/** Folds `.` and `..`; leading `..` stay, since paths are relative to wherever they were named. */
function normalise(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    const last = parts.at(-1)
    if (part === '..' && last !== undefined && last !== '..') parts.pop()
    else parts.push(part)
  }
  return (path.startsWith('/') ? '/' : '') + parts.join('/')
}

function openedAt(path: string, found: ReadBeside): Opened {
  switch (found.kind) {
    case 'file':
      return { kind: 'file', path, named: path, text: found.text }
    case 'absent':
      return { kind: 'absent' }
    case 'outside':
      return { kind: 'refused', ...leaving }
    case 'unreadable':
      return { kind: 'refused', reason: found.reason, remedy: 'Make it a readable UTF-8 file' }
  }
}
