import { randomBytes } from 'node:crypto'
import { readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { MagosError } from '../../domain/error.ts'
import { inDirectory, type OnStep, readFileSafely } from '../../host/files.ts'
import type { RunChild } from '../../host/process.ts'
import type { LayReport, Log } from '../../ports.ts'
import { applyPlan, pruneDirectories, sweep } from './apply.ts'
import { nameAsides, stillThere } from './asides.ts'
import { cleanThere } from './clean-there.ts'
import { lookAt } from './look.ts'
import { type Aside, loadManifest, type Manifest, type Pending, saveManifest } from './manifest.ts'
import { type Found, type Plan, planLay } from './plan.ts'
import { ancestorsOf, type Content, isSame, type Target } from './target.ts'

export interface Laying {
  readonly stack: string
  readonly home: string
  /** Top of the git work tree that `home` lies in; null where it lies in none. */
  readonly top: string | null
  readonly target: Target
  /** Path of the manifest. */
  readonly manifest: string
  readonly run: RunChild
  readonly log: Log
  readonly onStep: OnStep
  readonly signal: AbortSignal
}

/** Looks, decides, journals, acts. Throws `Raced` when somebody else's hand was quicker. */
export async function layOnce(laying: Laying): Promise<LayReport> {
  const { stack, home, target, onStep } = laying
  const old = await loadManifest(laying.manifest, home, laying.log)
  const contents = new Map([...target].map(([path, file]) => [path, file.content]))
  const known = knownContents(old)
  if (old.pending !== null) await sweep(home, known.keys(), old.pending.tokens)
  const found = await look(home, [...known.keys(), ...target.keys()])
  const situation = { target: contents, laid: old.laid, known, made: new Set(old.made), found }
  const plan = planLay(situation)
  if ('obstacle' in plan) throw heldBy(stack, home, plan.obstacle)
  const inherited = await stillThere(home, old.pending?.asides ?? [])
  const asides = await nameAsides(laying, await keepWhatIsNotClean(laying, plan), inherited, found)
  const isQuiet = [plan.remove, plan.vacate, plan.write, asides].every((list) => list.length === 0)
  if (isQuiet && old.pending === null && isSameLaid(old.laid, contents)) return reportOf(plan, [])
  const made = [...new Set([...old.made, ...missingDirectories(contents, found)])]
  const token = randomBytes(8).toString('hex')
  const kept = [
    ...new Map(
      [...inherited, ...asides].map(({ path, savedAs }) => [savedAs, { path, savedAs }]),
    ).values(),
  ]
  if (!isQuiet) {
    const tokens = [...(old.pending?.tokens ?? []), token]
    const files = mergeContents(known, contents)
    await onStep('journal')
    await saveManifest(laying.manifest, { ...old, made, pending: { tokens, files, asides: kept } })
    await applyPlan({ home, token, target, found, onStep }, plan, asides)
  }
  const needed = new Set([...contents.keys()].flatMap(ancestorsOf))
  const empty = made.filter((path) => !needed.has(path))
  const left = await pruneDirectories({ home, onStep }, empty)
  const stillMade = [...made.filter((path) => needed.has(path)), ...left]
  await onStep('settle')
  await saveManifest(laying.manifest, { home, laid: contents, made: stillMade, pending: null })
  return reportOf(plan, kept)
}

/** Everything that we may have written, by path. */
export function knownContents({ laid, pending }: Manifest): Map<string, readonly Content[]> {
  const known = new Map<string, readonly Content[]>(pending?.files ?? [])
  return mergeContents(known, laid)
}

function mergeContents(
  known: Pending['files'],
  more: ReadonlyMap<string, Content>,
): Map<string, readonly Content[]> {
  const merged = new Map(known)
  for (const [path, content] of more) {
    const list = merged.get(path) ?? []
    if (!list.some((one) => isSame(one, content))) merged.set(path, [...list, content])
  }
  return merged
}

/** What lies at these paths and above them now; below them where one is a directory. */
async function look(home: string, paths: readonly string[]): Promise<(path: string) => Found> {
  const seen = new Map<string, Found>()
  for (const path of new Set([...paths, ...paths.flatMap(ancestorsOf)])) {
    seen.set(path, await lookAt(home, path))
  }
  return (path) => seen.get(path) ?? { kind: 'absent' }
}

/** In somebody's work tree, what is clean needs no second copy, and what is not must not be touched. */
async function keepWhatIsNotClean(
  { top, home, stack, run, signal }: Laying,
  { aside }: Plan,
): Promise<readonly string[]> {
  if (top === null || aside.length === 0) return aside
  const files = new Map<string, { mode: string; bytes: Uint8Array }>()
  for (const path of aside) {
    const file = await readContent(home, path)
    if (file !== null) files.set(path, file)
  }
  const clean = await cleanThere(run, { home, top }, files, signal)
  const dirty = aside.find((path) => !clean.has(path))
  if (dirty === undefined) return []
  throw heldBy(stack, home, {
    path: dirty,
    reason: `it is not clean in the work tree "${top}"`,
    remedy: `Commit, stash or restore "${dirty}" there`,
  })
}

async function readContent(home: string, path: string) {
  const parts = path.split('/')
  const name = parts.pop() ?? ''
  const there = await lookAt(home, path)
  if (there.kind !== 'content') return null
  const { mode } = there.content
  const bytes = await inDirectory(home, parts, {}, (here) =>
    mode === '120000'
      ? readlink(join(here, name), { encoding: 'buffer' })
      : readFileSafely(join(here, name)),
  )
  return bytes === null ? null : { mode, bytes: new Uint8Array(bytes) }
}

function missingDirectories(
  contents: ReadonlyMap<string, Content>,
  found: (path: string) => Found,
): readonly string[] {
  const needed = new Set([...contents.keys()].flatMap(ancestorsOf))
  return [...needed].filter((path) => found(path).kind !== 'directory')
}

function isSameLaid(
  laid: ReadonlyMap<string, Content>,
  contents: ReadonlyMap<string, Content>,
): boolean {
  return (
    laid.size === contents.size && [...laid].every(([path, one]) => isSame(one, contents.get(path)))
  )
}

function reportOf({ write, remove, stay }: Plan, kept: readonly Aside[]): LayReport {
  const staying = stay.map((path) => ({ path, savedAs: path }))
  return { written: write, removed: remove, kept: [...kept, ...staying] }
}

function heldBy(
  stack: string,
  home: string,
  { path, reason, remedy }: { path: string; reason: string; remedy: string },
): MagosError {
  return new MagosError('stack', `Lay "${path}" of stack "${stack}": held, for ${reason}`, {
    place: { file: join(home, path) },
    remedy,
  })
}
