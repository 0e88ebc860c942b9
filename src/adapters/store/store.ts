import type {
  History,
  Inbox,
  Manifests,
  Memory,
  PulledImages,
  Tombstones,
  Upkeep,
} from '../../ports.ts'
import { type Children, createChildren } from './children.ts'
import { openDatabase } from './database.ts'
import { createHistory, type HistoryOptions } from './history.ts'
import { createInbox, type InboxOptions } from './inbox.ts'
import { createMemory } from './memory.ts'
import { createManifests } from './manifests.ts'
import { createPulledImages } from './pulled-images.ts'
import { createTombstones } from './tombstones.ts'
import { createUpkeep } from './upkeep.ts'

/** The one SQLite file of a data directory. */
export interface Store {
  readonly inbox: Inbox
  readonly history: History
  readonly memory: Memory
  readonly upkeep: Upkeep
  readonly tombstones: Tombstones
  readonly pulledImages: PulledImages
  readonly manifests: Manifests
  readonly children: Children
  /** Writes what waits; what is accepted afterwards is refused. */
  close(): void
}

export interface StoreOptions extends Omit<InboxOptions, 'keep'>, HistoryOptions {
  readonly path: string
}

/**
 * Opens the file, or creates it in a directory that only its owner may enter. Several processes may have it open: the one
 * that holds the lock works, the others leave requests and read. Throws `storage` with the remedy when the file is broken,
 * unreadable or from a newer Magos.
 */
export function openStore({ path, ...options }: StoreOptions): Store {
  const database = openDatabase(path)
  try {
    const inbox = createInbox(database, options)
    return {
      inbox,
      history: createHistory(database, options),
      memory: createMemory(database),
      upkeep: createUpkeep(database),
      tombstones: createTombstones(database),
      pulledImages: createPulledImages(database),
      manifests: createManifests(database),
      children: createChildren(database),
      close() {
        if (!database.connection.isOpen) return
        inbox.close()
        database.close()
      },
    }
  } catch (thrown) {
    database.close()
    throw thrown
  }
}
