import { createHash } from 'node:crypto'
import { MagosError } from '../../domain/error.ts'
import type { RunChild } from '../../host/process.ts'

/**
 * Those of the paths below `home` that are clean in the git work tree around it: tracked, and the same in its HEAD, its
 * index and on disk. Throws `git` when git cannot say.
 */
export async function cleanThere(
  run: RunChild,
  { home, top }: { readonly home: string; readonly top: string },
  files: ReadonlyMap<string, { readonly mode: string; readonly bytes: Uint8Array }>,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const git = async (...args: readonly string[]): Promise<readonly string[]> => {
    const settings = ['-c', `safe.directory=${top}`, '-c', 'core.fsmonitor=false']
    const { outcome, exitCode, stdout, stderr } = await run('git', [...settings, ...args], {
      cwd: home,
      env: { GIT_CONFIG_NOSYSTEM: '1', GIT_OPTIONAL_LOCKS: '0', GIT_LITERAL_PATHSPECS: '1' },
      signal,
    })
    if (outcome === 'cancelled') throw new MagosError('interrupted', 'Ask git: interrupted')
    if (outcome !== 'exited') throw new MagosError('git', `Ask git about "${home}": ${outcome}`)
    if (exitCode === 0) return stdout.split('\0')
    throw new MagosError('git', `Ask git about "${home}": ${stderr.split('\n')[0] ?? exitCode}`)
  }
  const paths = [...files.keys()]
  const indexed = new Set(await git('ls-files', '-s', '-z', '--', ...paths))
  const committed = new Set(await git('ls-tree', '-z', 'HEAD', '--', ...paths))
  const length = /[0-9a-f]{40,64}/u.exec([...indexed].join('\n'))?.[0].length ?? 40
  const clean = [...files].filter(([path, { mode, bytes }]) => {
    const oid = blobId(bytes, length === 64 ? 'sha256' : 'sha1')
    return indexed.has(`${mode} ${oid} 0\t${path}`) && committed.has(`${mode} blob ${oid}\t${path}`)
  })
  return new Set(clean.map(([path]) => path))
}

function blobId(bytes: Uint8Array, algorithm: 'sha1' | 'sha256'): string {
  return createHash(algorithm).update(`blob ${bytes.byteLength}\0`).update(bytes).digest('hex')
}
