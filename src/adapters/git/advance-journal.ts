import { randomBytes } from 'node:crypto'
import { link, stat, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import {
  isErrno,
  readFileSafely,
  syncDirectory,
  unlessErrno,
  writeFileSafely,
} from '../../host/files.ts'
import { startTimeOf } from '../../host/process-group.ts'

/** A file that advances; `before` is null where the commit adds it. */
export interface AdvancedFile {
  readonly path: string
  readonly before: { readonly mode: string; readonly oid: string } | null
  readonly after: { readonly mode: string; readonly oid: string }
}

/** What is being done to a checked-out branch: written before the first change, removed after the last. */
export interface Advance {
  readonly token: string
  readonly branch: string
  readonly parent: string
  readonly commit: string
  readonly subject: string
  readonly workTree: string
  readonly files: readonly AdvancedFile[]
  readonly process: { readonly host: string; readonly pid: number; readonly startTime: number }
}

export function newAdvance(advance: Omit<Advance, 'token' | 'process'>): Advance {
  const { pid } = process
  return {
    ...advance,
    token: randomBytes(8).toString('hex'),
    process: { host: hostname(), pid, startTime: startTimeOf(pid) ?? 0 },
  }
}

/** Whether the journal is ours now; not when another process is at work. */
export async function writeJournal(commonDir: string, advance: Advance): Promise<boolean> {
  const draft = join(commonDir, `magos-${advance.token}.json`)
  await writeFileSafely(draft, `${JSON.stringify(advance)}\n`, 0o600)
  try {
    await link(draft, journalPath(commonDir))
    await syncDirectory(commonDir)
    return true
  } catch (thrown) {
    if (isErrno(thrown, 'EEXIST')) return false
    throw thrown
  } finally {
    await unlink(draft)
  }
}

export async function readJournal(commonDir: string): Promise<Advance | null> {
  const bytes = await readFileSafely(journalPath(commonDir))
  if (bytes === null) return null
  const advance = parse(Buffer.from(bytes).toString('utf8'))
  // It is written by rename, so what cannot be read was never ours.
  if (advance === null) await removeJournal(commonDir)
  return advance
}

export async function removeJournal(commonDir: string): Promise<void> {
  await unlink(journalPath(commonDir)).catch(unlessErrno('ENOENT'))
}

/** Whether this very process wrote it. */
export function isOwnProcess({ process: { host, pid, startTime } }: Advance): boolean {
  return host === hostname() && pid === process.pid && startTime === (startTimeOf(pid) ?? 0)
}

/** Whether somebody else's advance may still be going on. */
export async function isUnderWay(
  commonDir: string,
  { process: { host, pid, startTime } }: Advance,
): Promise<boolean> {
  if (host === hostname()) return pid !== process.pid && startTimeOf(pid) === startTime
  // Another machine's processes cannot be seen from here, its clock perhaps not trusted: an advance takes milliseconds.
  const written = await stat(journalPath(commonDir)).catch(() => null)
  return written !== null && Date.now() - written.mtimeMs < 60_000
}

function journalPath(commonDir: string): string {
  return join(commonDir, 'magos-advance.json')
}

function parse(text: string): Advance | null {
  try {
    const value: unknown = JSON.parse(text)
    return isAdvance(value) ? value : null
  } catch {
    return null
  }
}

function isAdvance(value: unknown): value is Advance {
  if (typeof value !== 'object' || value === null) return false
  const fields = new Map<string, unknown>(Object.entries(value))
  const texts = ['token', 'branch', 'parent', 'commit', 'subject', 'workTree']
  const owner = fields.get('process')
  return (
    texts.every((name) => typeof fields.get(name) === 'string') &&
    Array.isArray(fields.get('files')) &&
    typeof owner === 'object' &&
    owner !== null &&
    'pid' in owner
  )
}
