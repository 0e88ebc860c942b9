import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a directory and those above it that are not there, one by one: Node's own `recursive` never ends where a file
 * system has no such directory and makes none, as below /proc. Throws what the system says.
 */
export function makeDirectories(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode })
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : null
    if (code === 'EEXIST' && statSync(path).isDirectory()) return
    const parent = dirname(path)
    if (code !== 'ENOENT' || parent === path) throw thrown
    makeDirectories(parent, mode)
    mkdirSync(path, { mode })
  }
}
