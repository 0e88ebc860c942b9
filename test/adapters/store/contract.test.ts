import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openStore, type StoreOptions } from '../../../src/adapters/store/store.ts'
import { historyContract } from '../../contracts/history.ts'
import { inboxContract } from '../../contracts/inbox.ts'
import { manifestsContract } from '../../contracts/manifests.ts'
import { memoryContract } from '../../contracts/memory.ts'
import { pulledImagesContract } from '../../contracts/pulled-images.ts'
import { tombstonesContract } from '../../contracts/tombstones.ts'
import { upkeepContract } from '../../contracts/upkeep.ts'
import { openMemoryStore } from '../../fakes/memory-store.ts'

const root = mkdtempSync(join(tmpdir(), 'magos-store-'))
let count = 0

function openSqlite(options: Omit<StoreOptions, 'path'>) {
  count += 1
  return openStore({ path: join(root, String(count), 'magos.db'), ...options })
}

afterAll(() => rmSync(root, { recursive: true }))

inboxContract('node:sqlite', openSqlite)
inboxContract('memory', openMemoryStore)
historyContract('node:sqlite', () => openSqlite({ now: () => 0 }))
historyContract('memory', () => openMemoryStore({ now: () => 0 }))
memoryContract('node:sqlite', () => openSqlite({ now: () => 0 }))
memoryContract('memory', () => openMemoryStore({ now: () => 0 }))
manifestsContract('node:sqlite', () => openSqlite({ now: () => 0 }))
manifestsContract('memory', () => openMemoryStore({ now: () => 0 }))
upkeepContract('node:sqlite', () => openSqlite({ now: () => 0 }))
upkeepContract('memory', () => openMemoryStore({ now: () => 0 }))
tombstonesContract('node:sqlite', () => openSqlite({ now: () => 0 }))
tombstonesContract('memory', () => openMemoryStore({ now: () => 0 }))
pulledImagesContract('node:sqlite', () => openSqlite({ now: () => 0 }))
pulledImagesContract('memory', () => openMemoryStore({ now: () => 0 }))
