import { link, lstat, rename, rmdir, symlink, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import {
  inDirectory,
  isErrno,
  type OnStep,
  replaceIn,
  syncDirectory,
  unlessErrno,
} from '../../host/files.ts'
import { stampOf } from './look.ts'
import type { Aside } from './manifest.ts'
import type { Found, Plan } from './plan.ts'
import type { Target, TargetFile } from './target.ts'

export interface Applying {
  readonly home: string
  readonly token: string
  readonly target: Target
  readonly found: (path: string) => Found
  readonly onStep: OnStep
}

export interface PlannedAside extends Aside {
  /** `kept`: an interrupted call has done it, and the bytes there are the same. */
  readonly state: 'planned' | 'kept'
}

/** Somebody changed a file between our look and our hand: look again. */
export class Raced extends Error {}

/** Does what the plan says. Every single step leaves a state from which the next call can go on. Throws `Raced`. */
export async function applyPlan(
  context: Applying,
  { remove, vacate, write }: Plan,
  asides: readonly PlannedAside[],
): Promise<void> {
  try {
    for (const path of remove) await removeFile(context, path)
    for (const path of vacate) await removeDirectory(context, path)
    const written = new Set(write)
    for (const aside of asides) await keepBeside(context, aside, written)
    for (const path of write) {
      const file = context.target.get(path)
      if (file !== undefined) await writeTarget(context, path, file)
    }
  } catch (thrown) {
    if (isErrno(thrown, 'ENOTDIR', 'ELOOP', 'ENOTEMPTY', 'EISDIR')) {
      throw new Raced('A directory changed', { cause: thrown })
    }
    throw thrown
  }
}

/** Removes those of our directories that hold nothing any more; returns those that are still there, the deepest first. */
export async function pruneDirectories(
  { home, onStep }: Pick<Applying, 'home' | 'onStep'>,
  directories: readonly string[],
): Promise<readonly string[]> {
  const left: string[] = []
  for (const path of directories.toSorted((one, other) => other.length - one.length)) {
    const outcome = await within(home, path, async (here, name) => {
      await onStep('prune')
      return await rmdir(join(here, name)).then(
        () => 'gone',
        (thrown: unknown) => (isErrno(thrown, 'ENOENT', 'ENOTDIR') ? 'gone' : 'left'),
      )
    }).catch(unlessErrno('ENOTDIR', 'ELOOP'))
    if (outcome === 'left') left.push(path)
  }
  return left
}

/** Removes the temporary files that earlier calls may have left beside these paths. */
export async function sweep(
  home: string,
  paths: Iterable<string>,
  tokens: readonly string[],
): Promise<void> {
  const directories = new Set([...paths].map((path) => path.split('/').slice(0, -1).join('/')))
  for (const directory of directories) {
    const parts = directory === '' ? [] : directory.split('/')
    await inDirectory(home, parts, {}, async (here) => {
      for (const token of tokens) {
        await unlink(join(here, temporaryName(token))).catch(unlessErrno('ENOENT'))
      }
    }).catch(unlessErrno('ENOTDIR', 'ELOOP'))
  }
}

async function removeFile({ home, found, onStep }: Applying, path: string): Promise<void> {
  await within(home, path, async (here, name) => {
    await expectStamp(join(here, name), found(path))
    await onStep('remove')
    await unlink(join(here, name))
    await syncDirectory(here)
  })
}

async function removeDirectory({ home, onStep }: Applying, path: string): Promise<void> {
  await within(home, path, async (here, name) => {
    await onStep('vacate')
    await rmdir(join(here, name)).catch(unlessErrno('ENOENT'))
  })
}

/** Gives a person's file a second name, so that its bytes are never without one, then frees its first. */
async function keepBeside(
  { home, found, onStep }: Applying,
  { path, savedAs, state }: PlannedAside,
  written: ReadonlySet<string>,
): Promise<void> {
  const beside = savedAs.slice(savedAs.lastIndexOf('/') + 1)
  await within(home, path, async (here, name) => {
    const [from, to] = [join(here, name), join(here, beside)]
    await expectStamp(from, found(path))
    if (state === 'planned') {
      if ((await stampOf(to)) !== null) throw new Raced('A name was taken')
      await onStep('keep')
      await link(from, to).catch(async (thrown: unknown) => {
        // No hard links here, or not to another user's file.
        if (isErrno(thrown, 'EEXIST')) throw new Raced('A name was taken', { cause: thrown })
        if (!isErrno(thrown, 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'EXDEV')) throw thrown
        await rename(from, to)
      })
    }
    // A file that is written anew is replaced in one instant; a directory needs the name free.
    if (!written.has(path)) {
      await onStep('free')
      await unlink(from).catch(unlessErrno('ENOENT'))
    }
    await syncDirectory(here)
  })
}

async function writeTarget(
  { home, found, token, onStep }: Applying,
  path: string,
  { content, bytes }: TargetFile,
): Promise<void> {
  const parts = path.split('/')
  const name = parts.pop() ?? ''
  await inDirectory(home, parts, { missing: 'make', onStep }, async (here) => {
    const there = found(path)
    const full = join(here, name)
    const old = await lstat(full).catch(unlessErrno('ENOENT'))
    if (old !== undefined) await expectStamp(full, there)
    const temporary = temporaryName(token)
    if (content.mode === '120000') {
      await onStep('create')
      await symlink(Buffer.from(bytes), join(here, temporary))
      await onStep('rename')
      await rename(join(here, temporary), full)
      await syncDirectory(here)
      return
    }
    await replaceIn(here, name, bytes, content.mode === '100755' ? 0o755 : 0o644, {
      ...(old === undefined ? {} : { owner: { uid: old.uid, gid: old.gid } }),
      temporary,
      onStep,
    })
  })
}

async function expectStamp(full: string, there: Found): Promise<void> {
  const expected = there.kind === 'content' ? there.stamp : null
  if ((await stampOf(full)) !== expected) throw new Raced('A file changed')
}

async function within<Answer>(
  home: string,
  path: string,
  act: (here: string, name: string) => Promise<Answer>,
): Promise<Answer | null> {
  const parts = path.split('/')
  const name = parts.pop() ?? ''
  return await inDirectory(home, parts, {}, (here) => act(here, name))
}

function temporaryName(token: string): string {
  return `.magos-${token}.tmp`
}
