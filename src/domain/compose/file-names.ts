import type { TreeEntry } from '../revision.ts'

/** Directories with a compose file, each with the files that Compose would choose there, the root first. */
export function composeFiles(entries: Iterable<TreeEntry>): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, Set<string>>()
  for (const { path, mode } of entries) {
    const slash = path.lastIndexOf('/')
    const name = path.slice(slash + 1)
    const directory = path.slice(0, Math.max(slash, 0))
    const hidden = directory.split('/').some((part) => part.startsWith('.'))
    if (mode === '160000' || hidden || !isComposeFile(name)) continue
    names.set(directory, (names.get(directory) ?? new Set()).add(name))
  }
  const chosen = new Map<string, readonly string[]>()
  for (const directory of [...names.keys()].toSorted()) {
    const own = names.get(directory)
    const main = mainNames.find((name) => own?.has(name))
    const override = overrideNames.find((name) => own?.has(name))
    if (main === undefined) continue
    const files = override === undefined ? [main] : [main, override]
    chosen.set(
      directory,
      files.map((name) => (directory === '' ? name : `${directory}/${name}`)),
    )
  }
  return chosen
}

/** Whether Compose looks for a file of this name by itself. */
export function isComposeFile(name: string): boolean {
  return composeNames.includes(name)
}

// https://github.com/compose-spec/compose-go/blob/main/cli/options.go: the first one there is taken
const mainNames: readonly string[] = [
  'compose.yaml',
  'compose.yml',
  'docker-compose.yml',
  'docker-compose.yaml',
]
const overrideNames: readonly string[] = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
]

/** What Compose looks for by itself. */
export const composeNames: readonly string[] = [...mainNames, ...overrideNames]
