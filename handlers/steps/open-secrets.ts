import { isEncrypted } from '../../src/domain/compose/encrypted.ts'
import type { Reach } from '../../src/domain/compose/sealed.ts'
import { follow } from '../../src/domain/compose/tree-path.ts'
import type { OpenedFile } from '../../src/domain/deploy/opened-file.ts'
import { pathInHome } from '../../src/domain/deploy/stack-inputs.ts'
import type { SecretFile, StackInput } from '../../src/ports.ts'
import type { PlanContext } from '../context.ts'
import type { StackSource } from './read-stack.ts'

/** An encrypted file of a stack in the clear, while the stack is worked on. */
export interface OpenedInput {
  /** From the repository's root. */
  readonly path: string
  readonly reach: Reach
  readonly content: Uint8Array
  readonly digest: string
  /** Where containers that mount it would find it. */
  readonly placed: string
}

export interface OpenedStack {
  /** Every file as Compose shall see it. */
  readonly inputs: readonly StackInput[]
  readonly opened: readonly OpenedInput[]
  /** Every value that was encrypted. */
  readonly values: readonly string[]
}

/** What is in the clear of a stack while it is worked on, and only in memory. */
export interface StackSecrets {
  /** Files that its containers mount. */
  readonly files: readonly SecretFile[]
  readonly digests: readonly string[]
  /** Every value that was encrypted. */
  readonly values: readonly string[]
}

/** Decrypts what Compose reads and containers mount; ciphertext that nobody asks for stays as it is. */
export async function openSecrets(
  ctx: Pick<PlanContext, 'secrets' | 'secretFiles'>,
  source: StackSource,
  inputs: readonly StackInput[],
  signal: AbortSignal,
): Promise<OpenedStack> {
  const opened: OpenedInput[] = []
  const values = new Set<string>()
  const clear: StackInput[] = []
  for (const input of inputs) {
    const reach = reachOf(source, input)
    if (reach === null) {
      clear.push(input)
      continue
    }
    const { path } = input
    const { content, values: found } = await ctx.secrets.decrypt(input, signal)
    for (const value of found) values.add(value)
    const digest = ctx.secrets.digest(content)
    const placed = ctx.secretFiles.path(source.stack.name, digest, nameOf(path))
    opened.push({ path, reach, content, digest, placed })
    clear.push({ ...input, content })
  }
  return { inputs: clear, opened, values: [...values] }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** null for a file that is not encrypted, or whose plaintext nobody wants. */
function reachOf(source: StackSource, { path, mode, content }: StackInput): Reach | null {
  const { files, mounts } = source.sealed
  const isUntracked = source.untracked.some((one) => one.path === path)
  const isMounted = mounts.some((root) => path === root || path.startsWith(`${root}/`))
  const isWanted = Object.hasOwn(files, path) || isMounted || isUntracked
  const isFile = mode === '100644' || mode === '100755'
  if (!isWanted || !isFile || !isEncrypted(textOf(content))) return null
  return files[path] ?? (isUntracked ? 'all' : 'users')
}

function textOf(content: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(content)
}

/** The opened files by every path of the stable directory that leads to them, symlinks included. */
export function openedFiles(
  { home, stack }: Pick<StackSource, 'home' | 'stack'>,
  { inputs, opened }: OpenedStack,
): OpenedFile[] {
  const inHome = (path: string) => `${home}/${pathInHome(stack, path)}`
  const links = new Map(
    inputs.flatMap(({ path, mode, content }) =>
      mode === '120000' ? [[path, textOf(content)] as const] : [],
    ),
  )
  const tree = {
    entries: new Map(inputs.map(({ path, mode }) => [path, { path, mode, oid: '' }])),
    read: (path: string) => links.get(path) ?? null,
  }
  return opened.flatMap(({ path, digest, placed }) => {
    const aliases = [...links.keys()].flatMap((link) => {
      const found = follow(tree, link)
      if (found.kind === 'file' && found.path === path) return [link]
      const isInside = found.kind === 'folder' && path.startsWith(`${found.path}/`)
      return isInside ? [`${link}${path.slice(found.path.length)}`] : []
    })
    return [path, ...aliases].map((one) => ({ path: inHome(one), digest, placed }))
  })
}
