import { readdir, rm, rmdir } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { MagosError } from '../../domain/error.ts'
import {
  ensurePrivateDirectory,
  isErrno,
  pathProblem,
  readFileSafely,
  storageError,
  writeFileSafely,
  type OnStep,
} from '../../host/files.ts'
import type { LastGood, LastGoodState, Log } from '../../ports.ts'
import { formatManifest, parseManifest, type Manifest } from './manifest.ts'

export interface LastGoodOptions {
  /** `MD_DATA_DIR/last-good`; made by the first state that is kept. */
  readonly directory: string
  readonly log: Log
  readonly onStep?: OnStep
}

/** Bytes of one file at the most, as anywhere else. */
const LARGEST = 1 << 30

/**
 * Per stack a directory: the bytes of its files by their SHA-256, and one manifest a state, named by the state's inputs.
 * Bytes come before the manifest that needs them and go after it, so at any instant every manifest is whole.
 */
export function createLastGood({ directory, log, onStep }: LastGoodOptions): LastGood {
  const steps = onStep === undefined ? {} : { onStep }
  return {
    async keep(state) {
      const place = placeOf(directory, state.stack.name)
      await ensurePrivateDirectory(place)
      const known = new Set(await names(place))
      const contents = [...state.files, ...state.untracked].map(({ content }) => content)
      for (const content of contents) {
        const name = digestOf(content)
        if (known.has(name)) continue
        await writeFileSafely(join(place, name), content, 0o600, steps)
        known.add(name)
      }
      const text = formatManifest(state, digestOf)
      await writeFileSafely(join(place, manifestName(state.inputs)), text, 0o600, steps)
    },
    async settle(stack, inputs) {
      const place = placeOf(directory, stack)
      const manifest = await readManifest(place, manifestName(inputs))
      // Without the one that shall stay, the others are all there is.
      if (manifest === null) return
      await keepOnly(place, new Set([manifestName(inputs), ...bytesOf(manifest)]), onStep)
    },
    async recall(stack, inputs) {
      const place = placeOf(directory, stack)
      const manifest =
        inputs === null ? await newest(place) : await readManifest(place, manifestName(inputs))
      if (manifest === null) return null
      const state = await complete(place, manifest)
      if (state === null) log.error({ stack }, 'Last good state is damaged: it cannot be restored')
      return state
    },
    async stacks() {
      // A person's own file there is no stack.
      return (await names(directory)).filter((name) => !name.startsWith('.')).toSorted()
    },
    async forget(stack) {
      const place = placeOf(directory, stack)
      await keepOnly(place, new Set(), onStep)
      await rmdir(place).catch((thrown: unknown) => {
        if (!isErrno(thrown, 'ENOENT')) throw storageError(`Remove "${place}"`, thrown)
      })
    },
  }
}

function manifestName(inputs: string): string {
  return `${inputs}.json`
}

async function readManifest(place: string, name: string): Promise<Manifest | null> {
  const bytes = await readFileSafely(join(place, name))
  return bytes === null ? null : parseManifest(Buffer.from(bytes).toString('utf8'))
}

/** For a host that lost its history: what was proven last. */
async function newest(place: string): Promise<Manifest | null> {
  let last: Manifest | null = null
  for (const name of await names(place)) {
    if (!name.endsWith('.json')) continue
    const manifest = await readManifest(place, name)
    if (manifest !== null && (last === null || manifest.at > last.at)) last = manifest
  }
  return last
}

/** With the bytes of its files; null where one is gone or is not what was kept. */
async function complete(place: string, manifest: Manifest): Promise<LastGoodState | null> {
  const contents = new Map<string, Uint8Array>()
  for (const name of bytesOf(manifest)) {
    const content = await readFileSafely(join(place, name), { maxBytes: LARGEST })
    if (content === null || digestOf(content) !== name) return null
    contents.set(name, new Uint8Array(content))
  }
  const contentOf = (name: string) => contents.get(name) ?? new Uint8Array()
  const { files, untracked, ...rest } = manifest
  return {
    ...rest,
    files: files.map(({ path, mode, oid, bytes }) => ({
      path,
      mode,
      oid,
      content: contentOf(bytes),
    })),
    untracked: untracked.map(({ bytes, path }) => ({ path, content: contentOf(bytes) })),
  }
}

function bytesOf({ files, untracked }: Manifest): ReadonlySet<string> {
  return new Set([...files, ...untracked].map(({ bytes }) => bytes))
}

async function keepOnly(
  place: string,
  kept: ReadonlySet<string>,
  onStep: OnStep = () => undefined,
): Promise<void> {
  const rest = (await names(place)).filter((name) => !kept.has(name))
  // Manifests first: what they need is needed no more then.
  const ordered = rest.toSorted((a, b) => Number(b.endsWith('.json')) - Number(a.endsWith('.json')))
  for (const name of ordered) {
    await onStep('remove')
    await rm(join(place, name), { recursive: true, force: true }).catch((thrown: unknown) => {
      throw storageError(`Remove "${join(place, name)}"`, thrown)
    })
  }
}

async function names(place: string): Promise<readonly string[]> {
  try {
    return await readdir(place)
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT')) return []
    throw storageError(`List "${place}"`, thrown)
  }
}

function placeOf(directory: string, stack: string): string {
  const problem =
    stack.includes('/') || stack.startsWith('.') ? 'it is no name' : pathProblem(stack)
  if (problem === null) return join(directory, stack)
  throw new MagosError('stack', `Find the last good state of ${JSON.stringify(stack)}: ${problem}`)
}

function digestOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
