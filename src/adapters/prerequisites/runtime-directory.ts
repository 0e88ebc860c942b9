import { stat } from 'node:fs/promises'
import type { HostFacts } from '../../domain/doctor/facts.ts'
import { isErrno } from '../../host/files.ts'
import { isUsable } from './device.ts'
import { nameOfUser } from './names.ts'

export async function lookAtRuntimeDirectory(
  root: string,
  path: string,
  uid: number,
): Promise<HostFacts['runtimeDirectory']> {
  try {
    const found = await stat(path)
    const owner = await nameOfUser(root, found.uid)
    if (!found.isDirectory()) return { path, state: 'no-directory', owner }
    if (found.uid !== uid) return { path, state: 'not-ours', owner }
    return { path, state: (await isUsable(path)) ? 'usable' : 'forbidden', owner }
  } catch (thrown) {
    return { path, state: isErrno(thrown, 'ENOTDIR') ? 'no-directory' : 'absent', owner: null }
  }
}
