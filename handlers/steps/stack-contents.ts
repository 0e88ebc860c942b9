import { createHash } from 'node:crypto'
import type { TrackedFile } from '../../src/domain/deploy/read-files.ts'
import { pathInHome, pathInRepository } from '../../src/domain/deploy/stack-inputs.ts'
import { normalPath } from '../../src/domain/settings/inside.ts'
import type { Stack } from '../../src/domain/stack.ts'
import type { LaidFile, Source, StackInput } from '../../src/ports.ts'
import type { StackSource } from './read-stack.ts'

/** The stack's files as the provider sees them, and as they are laid. */
export async function readFiles(
  ctx: { readonly source: Pick<Source, 'read'> },
  source: StackSource,
  signal: AbortSignal,
) {
  const inputs: StackInput[] = source.untracked.map((input) => ({ ...input, mode: '100644' }))
  const files: LaidFile[] = []
  for (const entry of source.entries) {
    const content = await ctx.source.read(entry, signal)
    const { path, mode, oid } = entry
    inputs.push({ path, mode, content })
    files.push({ path: pathInHome(source.stack, path), mode, oid, content })
  }
  return { inputs, files }
}

/** As desired state compares them: by what git says, where they lie on this host. */
export function trackedFiles(
  { stack, home }: StackSource,
  files: readonly LaidFile[],
): TrackedFile[] {
  return files.map(({ path, mode, oid, content }) => ({
    path: `${home}/${path}`,
    mode,
    oid,
    target: mode === '120000' ? `${home}/${linkTarget(stack, path, content)}` : null,
  }))
}

/** What git does not hold is compared by its content. */
export function untrackedFiles({ stack, home, untracked }: StackSource): TrackedFile[] {
  return untracked.map(({ path, content }) => ({
    path: `${home}/${pathInHome(stack, path)}`,
    mode: '100644',
    oid: createHash('sha256').update(content).digest('hex'),
    target: null,
  }))
}

/** Where a link leads, from the home: files outside the stack's directory lie elsewhere there than in the repository. */
function linkTarget(stack: Stack, path: string, content: Uint8Array): string {
  const folder = pathInRepository(stack, path).split('/').slice(0, -1).join('/')
  return pathInHome(stack, normalPath(`${folder}/${new TextDecoder().decode(content)}`))
}
