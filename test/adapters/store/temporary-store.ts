import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openStore, type Store, type StoreOptions } from '../../../src/adapters/store/store.ts'

/** A directory for this test alone. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'magos-store-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Opens a store that is closed when the test ends. */
export function openForTest(path: string, options: Partial<StoreOptions> = {}): Store {
  const store = openStore({ path, now: Date.now, ...options })
  onTestFinished(() => store.close())
  return store
}
