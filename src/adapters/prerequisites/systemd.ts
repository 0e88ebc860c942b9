import { join } from 'node:path'
import type { RunChild } from '../../host/process.ts'
import { isThere } from './is-there.ts'

/** https://www.freedesktop.org/software/systemd/man/latest/sd_booted.html */
export async function runsSystemd(root: string): Promise<boolean> {
  return isThere(join(root, 'run/systemd/system'))
}

/** `loginctl enable-linger` leaves a file of the user's name. */
export async function readLinger(root: string, user: string): Promise<'yes' | 'no'> {
  return (await isThere(join(root, 'var/lib/systemd/linger', user))) ? 'yes' : 'no'
}

export async function readTimeSync(
  run: RunChild,
  signal: AbortSignal,
): Promise<'yes' | 'no' | null> {
  const args = ['show', '--property=NTPSynchronized', '--value']
  const { exitCode, stdout } = await run('timedatectl', args, { signal, timeout: 10_000 })
  const said = stdout.trim()
  return exitCode === 0 && (said === 'yes' || said === 'no') ? said : null
}
