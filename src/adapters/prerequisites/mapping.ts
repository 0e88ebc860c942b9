import { stat } from 'node:fs/promises'
import type { HostFacts, MappingProgram } from '../../domain/doctor/facts.ts'
import type { RunChild } from '../../host/process.ts'
import { findProgram } from './programs.ts'

/** The programs that map ids, with what lets them: https://man7.org/linux/man-pages/man7/capabilities.7.html */
export async function lookAtMapping(
  run: RunChild,
  path: string,
  signal: AbortSignal,
): Promise<HostFacts['mapping']> {
  const look = (name: string) => lookAtProgram(run, path, name, signal)
  const [newuidmap, newgidmap] = await Promise.all([look('newuidmap'), look('newgidmap')])
  return { newuidmap, newgidmap }
}

async function lookAtProgram(
  run: RunChild,
  path: string,
  name: string,
  signal: AbortSignal,
): Promise<MappingProgram | null> {
  const file = await findProgram(path, name)
  if (file === null) return null
  const { mode, uid } = await stat(file)
  if (uid === 0 && (mode & 0o4000) !== 0) return { path: file, rights: 'setuid' }
  return { path: file, rights: await readCapabilities(run, file, signal) }
}

/** Node reads no extended attributes, and getcap lies where an ordinary user's PATH may not lead. */
async function readCapabilities(
  run: RunChild,
  file: string,
  signal: AbortSignal,
): Promise<MappingProgram['rights']> {
  for (const getcap of ['getcap', '/usr/sbin/getcap', '/sbin/getcap']) {
    const { outcome, exitCode, stdout } = await run(getcap, [file], { signal, timeout: 10_000 })
    if (outcome !== 'exited' || exitCode !== 0) continue
    return /cap_set[ug]id\S*e/.test(stdout) ? 'capability' : 'none'
  }
  return 'unseen'
}
