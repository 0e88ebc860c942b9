import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../../src/adapters/store/database.ts'
import { createLogSync } from '../../../src/adapters/store/log-sync.ts'
import { temporaryDirectory } from './temporary-store.ts'

function open() {
  const database = openDatabase(join(temporaryDirectory(), 'magos.db'))
  const disk = createLogSync(database)
  onTestFinished(() => {
    disk.close()
    database.close()
  })
  return { database, disk }
}

describe('createLogSync()', () => {
  test('commits wait for the disk again after unsynced(), also when that throws', () => {
    const { database, disk } = open()
    const synchronous = () =>
      Number(database.connection.prepare('PRAGMA synchronous').get()?.['synchronous'])
    const [normal, full] = [1, 2]

    expect(synchronous()).toBe(full)
    expect(disk.unsynced(synchronous)).toBe(normal)
    expect(synchronous()).toBe(full)
    const fail = () =>
      disk.unsynced(() => {
        throw new Error('disk full')
      })
    expect(fail).toThrow('disk full')
    expect(synchronous()).toBe(full)
  })

  test('syncs while others do, and lets the last one finish after close()', async () => {
    const { database, disk } = open()
    disk.unsynced(() => database.transaction('Write', () => undefined))
    const syncs = [disk.sync(), disk.sync()]
    disk.syncNow()
    disk.close()

    await expect(Promise.all(syncs)).resolves.toHaveLength(2)
  })
})
