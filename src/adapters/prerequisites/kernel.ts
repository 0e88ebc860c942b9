import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HostFacts } from '../../domain/doctor/facts.ts'

/** https://docs.kernel.org/admin-guide/sysctl/user.html; the other is of Debian and others alone. */
export async function readUserNamespaces(root: string): Promise<HostFacts['userNamespaces']> {
  if ((await readNumber(root, 'user/max_user_namespaces')) === 0) return 'off'
  const isRefused = (await readNumber(root, 'kernel/unprivileged_userns_clone')) === 0
  return isRefused ? 'root-only' : 'allowed'
}

/** https://docs.kernel.org/networking/ip-sysctl.html */
export async function readFirstPort(root: string): Promise<number> {
  return (await readNumber(root, 'net/ipv4/ip_unprivileged_port_start')) ?? 1024
}

async function readNumber(root: string, parameter: string): Promise<number | null> {
  const text = await readFile(join(root, 'proc/sys', parameter), 'utf8').catch(() => '')
  return /^\d+$/.test(text.trim()) ? Number(text) : null
}
