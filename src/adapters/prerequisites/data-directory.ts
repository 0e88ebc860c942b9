import { stat } from 'node:fs/promises'
import type { HostFacts } from '../../domain/doctor/facts.ts'
import { isErrno } from '../../host/files.ts'

export async function lookAtDataDirectory(
  path: string,
  uid: number,
): Promise<HostFacts['dataDirectory']> {
  try {
    const found = await stat(path)
    if (!found.isDirectory()) return { path, state: 'no-directory' }
    if (found.uid !== uid) return { path, state: 'not-ours' }
    return { path, state: (found.mode & 0o077) === 0 ? 'private' : 'open' }
  } catch (thrown) {
    return { path, state: isErrno(thrown, 'ENOTDIR') ? 'no-directory' : 'absent' }
  }
}
