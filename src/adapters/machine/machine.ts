import { readFileSync } from 'node:fs'
import type { RunChild } from '../../host/process.ts'
import type { Machine } from '../../ports.ts'
import { ownContainer } from './own-container.ts'

export interface MachineOptions {
  readonly run: RunChild
  readonly user: number
  readonly hostname: string
  /** Reads a file of /proc; null where there is none. Default: from the disk. */
  readonly read?: (path: string) => string | null
}

/** This machine, by what Linux and systemd tell of it. */
export function createMachine({ run, user, hostname, read = readText }: MachineOptions): Machine {
  // Another at every boot (random(4)).
  const boot = read('/proc/sys/kernel/random/boot_id')?.trim() ?? ''
  return {
    boot,
    container: ownContainer({
      hostname,
      cgroup: read('/proc/self/cgroup') ?? '',
      mounts: read('/proc/self/mountinfo') ?? '',
    }),
    firstPort() {
      const said = read('/proc/sys/net/ipv4/ip_unprivileged_port_start')?.trim() ?? ''
      return /^\d+$/.test(said) ? Number(said) : 1024
    },
    async isEnding(signal) {
      // A user's manager ends with the last session where nobody lingers, and the user's containers with it.
      const managers = user === 0 ? [[]] : [[], ['--user']]
      for (const manager of managers) {
        const { stdout } = await run('systemctl', [...manager, 'is-system-running'], {
          signal,
          timeout: 5_000,
        })
        if (stdout.trim() === 'stopping') return true
      }
      return false
    },
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
