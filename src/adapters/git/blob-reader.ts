import { MagosError } from '../../domain/error.ts'
import type { TreeEntry } from '../../domain/revision.ts'
import type { LocalRepository } from './local-repository.ts'
import { isObjectId } from './object-id.ts'

type ReadBlob = (entry: TreeEntry, signal: AbortSignal) => Promise<Uint8Array>

interface Waiting {
  readonly entry: TreeEntry
  readonly resolve: (content: Uint8Array) => void
  readonly reject: (thrown: unknown) => void
}

/** Reads blobs by native git; those asked for in one turn under one signal share one child. */
export function createBlobReader(
  open: (signal: AbortSignal) => Promise<LocalRepository>,
): ReadBlob {
  const batches = new Map<AbortSignal, Waiting[]>()
  return (entry, signal) =>
    new Promise((resolve, reject) => {
      const waiting = { entry, resolve, reject }
      const batch = batches.get(signal)
      if (batch !== undefined) {
        batch.push(waiting)
        return
      }
      const fresh = [waiting]
      batches.set(signal, fresh)
      setImmediate(() => {
        batches.delete(signal)
        open(signal)
          .then((repository) => readBatch(repository, fresh, signal))
          .catch((thrown: unknown) => fresh.forEach((one) => one.reject(thrown)))
      })
    })
}

async function readBatch(
  { git, name }: LocalRepository,
  batch: readonly Waiting[],
  signal: AbortSignal,
): Promise<void> {
  const oids = new Set(batch.map(({ entry }) => entry.oid).filter(isObjectId))
  const { stdoutBytes } = await git(['cat-file', '--batch'], {
    signal,
    input: [...oids].map((oid) => `${oid}\n`).join(''),
    maxOutput: 1 << 30,
  })
  const blobs = parseBatch(
    Buffer.from(stdoutBytes.buffer, stdoutBytes.byteOffset, stdoutBytes.byteLength),
  )
  for (const { entry, resolve, reject } of batch) {
    const content = blobs.get(entry.oid)
    if (content === undefined) reject(missing(name, entry))
    else resolve(content)
  }
}

/** `OID TYPE SIZE<lf>CONTENT<lf>` for each, `OID missing<lf>` for what is not there. */
function parseBatch(output: Buffer): Map<string, Uint8Array> {
  const blobs = new Map<string, Uint8Array>()
  for (let at = 0; at < output.length;) {
    const lineEnd = output.indexOf(0x0a, at)
    if (lineEnd === -1) break
    const [oid = '', type, size] = output.toString('latin1', at, lineEnd).split(' ')
    at = lineEnd + 1
    if (size === undefined) continue
    const end = at + Number(size)
    if (end > output.length) break
    // A copy: one small file must not keep the whole batch alive.
    if (type === 'blob') blobs.set(oid, new Uint8Array(output.subarray(at, end)))
    at = end + 1
  }
  return blobs
}

function missing(name: string, { path, oid, mode }: TreeEntry): MagosError {
  const state = mode === '160000' ? 'it is a submodule' : 'its object is not in the repository'
  return new MagosError('git', `Read "${path}" (${oid.slice(0, 12)}) of "${name}": ${state}`, {
    remedy: mode === '160000' ? 'Keep the files in the repository itself' : 'Run "git fsck" there',
  })
}
