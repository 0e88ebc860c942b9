import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, onTestFinished, test } from 'vitest'
import { takeLock } from '../../../src/adapters/store/lock.ts'
import { startWorker } from './start-worker.ts'
import { temporaryDirectory } from './temporary-store.ts'

describe('takeLock()', () => {
  test('gives the lock to one at a time, also within a process', () => {
    const path = join(temporaryDirectory(), 'data', 'lock.db')
    const lock = takeLock(path)
    expect(lock).not.toBeNull()
    expect(takeLock(path)).toBeNull()
    lock?.release()
    lock?.release()
    const next = takeLock(path)
    expect(next).not.toBeNull()
    next?.release()
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
  })

  test('keeps another process out, even after a second try here has failed', async () => {
    const path = join(temporaryDirectory(), 'lock.db')
    const lock = takeLock(path)
    expect(takeLock(path)).toBeNull()
    const worker = startWorker('lock', path)
    onTestFinished(() => worker.kill())

    expect(await worker.line('')).toBe('refused')
    lock?.release()
  })

  test('is free at once when the holder is killed', async () => {
    const path = join(temporaryDirectory(), 'lock.db')
    const worker = startWorker('lock', path)
    onTestFinished(() => worker.kill())
    expect(await worker.line('')).toBe('locked')
    expect(takeLock(path)).toBeNull()
    await worker.kill()

    const lock = takeLock(path)
    expect(lock).not.toBeNull()
    lock?.release()
  })

  test('is not lost to the garbage collector', async () => {
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const path = join(temporaryDirectory(), 'lock.db')
    // Nothing but a boolean of it is kept here.
    const taken = takeLock(path) !== null
    for (let turn = 0; turn < 20; turn += 1) {
      collect()
      await new Promise((resolve) => void setTimeout(resolve, 2))
    }

    expect(taken).toBe(true)
    expect(takeLock(path)).toBeNull()
  })

  test('says what is wrong with a file that cannot be locked', () => {
    const directory = temporaryDirectory()
    const path = join(directory, 'lock.db')
    mkdirSync(path)
    expect(() => takeLock(path)).toThrow(
      expect.objectContaining({ code: 'storage', message: expect.stringContaining(path) }),
    )
    const file = join(directory, 'file')
    writeFileSync(file, '')
    expect(() => takeLock(join(file, 'lock.db'))).toThrow(
      expect.objectContaining({ code: 'storage', remedy: expect.stringContaining('MD_DATA_DIR') }),
    )
  })
})
