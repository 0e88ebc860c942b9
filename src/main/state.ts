import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { takeLock, type Lock } from '../adapters/store/lock.ts'
import { openStore, type Store } from '../adapters/store/store.ts'
import { createFollowChild } from '../host/follow-child.ts'
import { createRunChild, endLeftovers } from '../host/process.ts'
import { MagosError } from '../domain/error.ts'
import type { History, Manifests, Memory, Tombstones, Upkeep } from '../ports.ts'
import type { Base } from './base.ts'

/** This host's memory in its data directory. */
export interface State {
  readonly store: Store
  /** Tries to take the right to work the data directory; null while another process has it. */
  takeLock(): Lock | null
  /** Whether some process has it. To find out it is taken for a moment. */
  worker(): 'running' | 'none'
  close(): void
}

export function openState({ config, clock }: Base): State {
  const directory = config.dataDirectory
  const store = openStore({ path: join(directory, 'magos.db'), now: () => clock.now() })
  const take = () => takeLock(join(directory, 'lock.db'))
  return {
    store,
    takeLock: take,
    worker() {
      const lock = take()
      lock?.release()
      return lock === null ? 'running' : 'none'
    },
    close: () => store.close(),
  }
}

export interface Recollection {
  readonly memory: Pick<Memory, 'firstSeen'>
  /** Keeps nothing new. */
  readonly manifests: Manifests
  readonly history: Pick<History, 'proven' | 'failed' | 'aside' | 'isOurs'>
  readonly upkeep: Pick<Upkeep, 'standing' | 'trouble'>
  readonly tombstones: Pick<Tombstones, 'all'>
  close(): void
}

/** What this host saw and proved so far, for a command that must not fail or write where there is nothing yet. */
export function recall(base: Base): Recollection {
  const nothing = {
    memory: { firstSeen: () => null },
    manifests: { find: () => null, keep: () => undefined },
    history: { proven: () => null, failed: () => null, aside: () => null, isOurs: () => false },
    upkeep: { standing: () => null, trouble: () => null },
    tombstones: { all: () => [] },
    close: () => undefined,
  }
  if (!existsSync(join(base.config.dataDirectory, 'magos.db'))) return nothing
  try {
    const state = openState(base)
    const { memory, history, upkeep, tombstones } = state.store
    const manifests = { ...state.store.manifests, keep: () => undefined }
    return { memory, manifests, history, upkeep, tombstones, close: () => state.close() }
  } catch (error) {
    if (!(error instanceof MagosError)) throw error
    base.log.warn({ error }, 'Cannot read what this host saw and proved: everything counts as new')
    return nothing
  }
}

/** The same base with every child journalled, so that a next start can end what this process leaves running. */
export function journalled(base: Base, { store }: State): Base {
  const { environment } = base
  const children = { environment, journal: store.children }
  return { ...base, run: createRunChild(children), follow: createFollowChild(children) }
}

/** Ends the children of a dead process and tells which deployments it left open, before anything is applied. */
export async function cleanUpAfterDeath({ clock, log }: Base, { store }: State): Promise<void> {
  const leftovers = store.children.leftovers()
  for (const { pid, command } of await endLeftovers(leftovers)) {
    log.warn({ pid, command }, 'Ended a child that an earlier process left running')
  }
  for (const { pid } of leftovers) store.children.ended(pid)
  for (const { stack, commit } of store.history.interrupted(clock.now())) {
    log.warn({ stack, commit }, 'Deployment was interrupted: the stack is looked at anew')
  }
}
