import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HostFacts } from '../../domain/doctor/facts.ts'
import type { RunChild } from '../../host/process.ts'

interface Asking {
  readonly run: RunChild
  readonly root: string
  readonly uid: number
  readonly systemd: boolean
}

/** What the unit's lines imply stands in no property of it, so the process that runs is asked. */
export async function readNoNewPrivileges(
  { run, root, uid, systemd }: Asking,
  signal: AbortSignal,
): Promise<HostFacts['noNewPrivileges']> {
  const here = (await readFlag(root, 'self')) ?? 'no'
  if (!systemd) return { here, service: null }
  const whose = uid === 0 ? [] : ['--user']
  const args = [...whose, 'show', '--property=MainPID', '--value', 'magos-dominus.service']
  const { exitCode, stdout } = await run('systemctl', args, { signal, timeout: 10_000 })
  const pid = /^[1-9]\d*$/.exec(stdout.trim())?.[0]
  return {
    here,
    service: exitCode === 0 && pid !== undefined ? await readFlag(root, pid) : null,
  }
}

/** https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
async function readFlag(root: string, pid: string): Promise<'yes' | 'no' | null> {
  const text = await readFile(join(root, 'proc', pid, 'status'), 'utf8').catch(() => '')
  const flag = /^NoNewPrivs:\s*([01])$/m.exec(text)?.[1]
  if (flag === undefined) return null
  return flag === '1' ? 'yes' : 'no'
}
