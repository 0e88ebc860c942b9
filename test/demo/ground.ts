import { existsSync } from 'node:fs'
import { listCandidates } from '../../src/adapters/compose/candidate.ts'
import { dockerRegistryInstalled } from '../lab/registry/docker-registry.ts'
import {
  busyboxPath,
  composePath,
  install,
  missingPackages,
  programPath,
  type Consent,
} from '../lab/engine/install.ts'
import { isolationTrouble } from '../lab/engine/isolate.ts'

/** What this machine lets the demo stand on. */
export interface Ground {
  readonly registry: 'docker-registry' | 'in-process'
  /** Why no container can run here; null where they can. */
  readonly noEngine: string | null
  /** What was brought onto the machine for it. */
  readonly installed: readonly string[]
  /** What is not here and was not brought, with the reason. */
  readonly missing: string | null
}

/** Looks what is here, and brings what is missing where that is possible and allowed. */
export async function findGround(consent: Consent, say: (line: string) => void): Promise<Ground> {
  const before = missingPackages()
  const brought = await install({ consent, say })
  const after = new Set(missingPackages())
  return {
    registry: (await dockerRegistryInstalled()) ? 'docker-registry' : 'in-process',
    noEngine: engineTrouble() ?? isolationTrouble(),
    installed: before.filter((name) => !after.has(name)),
    missing:
      brought.outcome === 'ready' ? null : `${brought.missing.join(' ')} (${brought.reason})`,
  }
}

/** What no container of the demo can do without; null where it is all there. Whether it works is tried later. */
function engineTrouble(): string | null {
  const parts = [
    [programPath('podman') !== null, 'podman'],
    [composePath() !== null || hasProvider(), 'compose provider'],
    [busyboxPath() !== null, 'static busybox'],
    [existsSync('/dev/shm'), '/dev/shm'],
  ] as const
  const absent = parts.filter(([isHere]) => !isHere).map(([, name]) => name)
  return absent.length === 0 ? null : `this machine has no ${absent.join(', no ')}`
}

function hasProvider(): boolean {
  return listCandidates({ runtime: 'podman', environment: process.env }).length > 0
}
