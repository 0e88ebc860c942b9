import { lstat, rmdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { inDirectory, isErrno, type OnStep, replaceIn, unlessErrno } from '../../host/files.ts'
import type { AdvancedFile } from './advance-journal.ts'
import type { WorkTree } from './work-tree.ts'

export async function restoreFile(
  tree: WorkTree,
  { path, before }: AdvancedFile,
  token: string,
  signal: AbortSignal,
  onStep: OnStep,
): Promise<void> {
  if (before !== null) {
    const { stdoutBytes } = await tree.git(['cat-file', 'blob', before.oid], { signal })
    await writeWorkTreeFile(tree, { path, mode: before.mode, content: stdoutBytes }, token, onStep)
    return
  }
  const parts = path.split('/')
  const name = parts.pop() ?? ''
  await onStep('remove')
  await inDirectory(tree.path, parts, {}, (here) => unlink(join(here, name)))
  // As git does: a directory that the file alone kept goes with it.
  while (parts.length > 0 && (await removeEmpty(join(tree.path, ...parts)))) parts.pop()
}

export async function writeWorkTreeFile(
  { path: top }: WorkTree,
  file: { readonly path: string; readonly mode: string; readonly content: string | Uint8Array },
  token: string,
  onStep: OnStep,
): Promise<void> {
  const parts = file.path.split('/')
  const name = parts.pop() ?? ''
  await inDirectory(top, parts, { missing: 'make', onStep }, async (here) => {
    const temporary = `.magos-${token}.tmp`
    await unlink(join(here, temporary)).catch(unlessErrno('ENOENT'))
    const old = await lstat(join(here, name)).catch(unlessErrno('ENOENT'))
    const { uid, gid } = old ?? (await lstat(join(here, '.')))
    await replaceIn(here, name, file.content, permissions(file.mode, old?.mode), {
      owner: { uid, gid },
      temporary,
      onStep,
    })
  })
}

/** The file's own permissions, with the executable bits that the commit wants. */
function permissions(mode: string, old: number | undefined): number {
  const isExecutable = mode === '100755'
  if (old === undefined) return isExecutable ? 0o755 : 0o644
  if (!isExecutable) return old & 0o666
  return (old & 0o777) | ((old & 0o444) >> 2)
}

export async function removeTemporary(directory: string, token: string): Promise<void> {
  try {
    await unlink(join(directory, `.magos-${token}.tmp`))
  } catch (thrown) {
    if (!isErrno(thrown, 'ENOENT', 'ENOTDIR')) throw thrown
  }
}

async function removeEmpty(directory: string): Promise<boolean> {
  return await rmdir(directory).then(
    () => true,
    () => false,
  )
}
