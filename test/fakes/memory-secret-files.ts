import type { SecretFile, SecretFiles } from '../../src/ports.ts'

export interface MemorySecretFiles extends SecretFiles {
  /** What lies there, by path. */
  readonly laid: ReadonlyMap<string, SecretFile>
  /** As a boot does. */
  clear(): void
}

const ROOT = '/run/secrets-memory'

export function createMemorySecretFiles(): MemorySecretFiles {
  const laid = new Map<string, SecretFile>()
  const below = (prefix: string) => [...laid.keys()].filter((path) => path.startsWith(prefix))
  return {
    laid,
    clear: () => laid.clear(),
    path: (stack, digest, name) => `${ROOT}/${stack}/${digest}/${name}`,
    async lay(files, signal) {
      await Promise.resolve()
      signal.throwIfAborted()
      for (const file of files) laid.set(file.path, file)
    },
    async has(stack, digests, signal) {
      await Promise.resolve()
      signal.throwIfAborted()
      return digests.every((digest) => below(`${ROOT}/${stack}/${digest}/`).length > 0)
    },
    async keep(stack, digests, signal) {
      await Promise.resolve()
      signal.throwIfAborted()
      for (const path of below(`${ROOT}/${stack}/`)) {
        const [digest = ''] = path.slice(`${ROOT}/${stack}/`.length).split('/')
        if (!digests.includes(digest)) laid.delete(path)
      }
    },
    async stacks(signal) {
      await Promise.resolve()
      signal.throwIfAborted()
      return [...new Set(below(`${ROOT}/`).map((path) => path.split('/')[3] ?? ''))]
    },
  }
}
