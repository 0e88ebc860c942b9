import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HostFacts } from '../../domain/doctor/facts.ts'
import { isThere } from './is-there.ts'

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#mounting */
export async function readCgroups(root: string): Promise<HostFacts['cgroups']> {
  if (await isThere(join(root, 'sys/fs/cgroup/cgroup.controllers'))) return 'v2'
  return (await isThere(join(root, 'sys/fs/cgroup/unified'))) ? 'hybrid' : 'v1'
}

/** What systemd lets the user's own services divide; null where it keeps none for that user. */
export async function readDelegated(root: string, uid: number): Promise<readonly string[] | null> {
  const slice = `sys/fs/cgroup/user.slice/user-${uid}.slice/user@${uid}.service/cgroup.controllers`
  try {
    const text = await readFile(join(root, slice), 'utf8')
    return text.split(/\s+/).filter((name) => name !== '')
  } catch {
    return null
  }
}
