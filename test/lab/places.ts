/** Texts of whatever may tell a secret, to search them. */
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import type { Place } from './planted.ts'
import type { Program } from './trace.ts'

const run = promisify(execFile)

/** What everybody on the machine can see of programs, each once. */
export function programPlaces(programs: readonly Program[]): readonly Place[] {
  const places = programs.flatMap(({ path, words, variables }) => [
    [`arguments of ${path}`, words.join(' ')] as const,
    ...variables.map((one) => [`environment of ${path}`, one] as const),
  ])
  return [...new Map(places.map((place) => [place.join('\0'), place])).values()]
}

/** Names and bytes of all that lies below a directory. */
export async function filesBelow(
  directory: string,
  without: readonly string[],
): Promise<readonly Place[]> {
  const places: Place[] = []
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (without.includes(path)) continue
    places.push([path, path])
    if (entry.isDirectory()) places.push(...(await filesBelow(path, without)))
    else if (entry.isFile()) places.push([path, await readFile(path, 'utf8')])
  }
  return places
}

/** Every row of every database, since a long text lies scattered over the file. */
export async function rowsBelow(directory: string): Promise<readonly Place[]> {
  const places: Place[] = []
  for (const name of (await readdir(directory)).filter((one) => one.endsWith('.db'))) {
    const database = new DatabaseSync(join(directory, name), { readOnly: true })
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    for (const { name: table } of tables) {
      const rows = database.prepare(`SELECT * FROM "${String(table)}"`).all()
      places.push([`${name}: ${String(table)}`, JSON.stringify(rows)])
    }
    database.close()
  }
  return places
}

/** All that a repository has ever been given, reachable or not. */
export async function objectsOf(repository: string): Promise<readonly Place[]> {
  const all = ['cat-file', '--batch-all-objects', '--batch']
  const { stdout } = await run('git', ['-C', repository, ...all], { maxBuffer: 64 << 20 })
  return [['objects of git', stdout]]
}
