import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import type { HostFacts } from '../../domain/doctor/facts.ts'

/** Rootless networks need it: https://docs.kernel.org/networking/tuntap.html */
export async function lookAtTun(root: string): Promise<HostFacts['tun']> {
  const path = join(root, 'dev/net/tun')
  if (await isUsable(path)) return 'usable'
  return access(path).then(
    () => 'forbidden',
    () => 'absent',
  )
}

/** Whether this user may read and write there. */
export async function isUsable(path: string): Promise<boolean> {
  return access(path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  )
}
