import { readdirSync, rmSync } from 'node:fs'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MagosError } from '../domain/error.ts'
import { startTimeOf } from './process-group.ts'

/**
 * Gives `use` the real path of a fresh 0700 directory below `parent`, and removes it whatever becomes of `use`. Its
 * name tells which process made it, so that `sweepPrivateDirectories` finds what a killed one left. Throws `storage`
 * where it cannot be made.
 */
export async function withPrivateDirectory<Result>(
  parent: string,
  use: (directory: string) => Promise<Result>,
): Promise<Result> {
  const directory = await make(parent)
  try {
    return await use(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Removes private directories whose process is gone; those of living ones, ours and others', stay. */
export function sweepPrivateDirectories(parent: string): void {
  let names: string[]
  try {
    names = readdirSync(parent)
  } catch {
    // Nothing was ever made there.
    return
  }
  for (const name of names) {
    const [, pid, startTime] = /^magos-(\d+)-(\d+)-/.exec(name) ?? []
    if (pid === undefined || startTimeOf(Number(pid)) === Number(startTime)) continue
    rmSync(join(parent, name), { recursive: true, force: true })
  }
}

async function make(parent: string): Promise<string> {
  const prefix = `magos-${process.pid}-${startTimeOf(process.pid) ?? 0}-`
  try {
    return await realpath(await mkdtemp(join(parent, prefix)))
  } catch (cause) {
    throw new MagosError('storage', `Make a private directory in "${parent}": it cannot be made`, {
      cause,
      remedy: 'Give the daemon a runtime directory that it may write to',
    })
  }
}
