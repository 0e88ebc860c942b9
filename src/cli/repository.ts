import { parentOf } from '../domain/compose/tree-path.ts'
import { discoverStacks } from '../domain/discover-stacks.ts'
import type { Problem } from '../domain/problem.ts'
import { refusalProblems } from '../domain/refusal-problems.ts'
import type { RepositorySettings } from '../domain/repository-settings.ts'
import { normalPath } from '../domain/settings/inside.ts'
import type { RefusedStack, Stack } from '../domain/stack.ts'
import { readSettings } from './compose-files.ts'
import type { Io, Surroundings } from './io.ts'

/** A repository on this disk as the daemon would see it, as far as somebody asked. */
export interface Repository {
  readonly settings: RepositorySettings
  /** Of `.magos.yaml`, and of stacks that it is wrong about where the whole repository was looked at. */
  readonly problems: readonly Problem[]
  /** Paths from the root, where the whole repository was looked at. */
  readonly paths: readonly string[] | null
  /** The stack that a file is one of the compose files of, by its path from the root. */
  stackOf(path: string): Stack | null
}

/** What of a repository was asked for. */
export interface Asked {
  /** Compose files, from the root. */
  readonly files: readonly string[]
  /** Every file of the repository, from its root; null where only a part was asked for. */
  readonly all: readonly string[] | null
}

/** Reads the stacks around some compose files. Of a part, nobody can say which stacks there are besides. */
export async function readRepository(
  io: Io,
  around: Surroundings,
  { files, all }: Asked,
): Promise<Repository> {
  const { settings, problems } = await readSettings(io, around.given('.magos.yaml'))
  const known = all === null ? orderless(settings) : settings
  const paths = new Set(all ?? [...files, ...(await besides(io, around, known, files))])
  const entries = [...paths].map((path) => ({ path, mode: '100644', oid: '' }) as const)
  const { stacks, refused } = discoverStacks(entries, known, rootName(around))
  const told =
    all === null
      ? []
      : refusalProblems(
          refused.map((one) => placed(around, one)),
          problems,
        )
  return {
    settings,
    problems: [...problems, ...told],
    paths: all,
    stackOf: (path) => stacks.find((stack) => stack.files.includes(path)) ?? null,
  }
}

/** Which stack comes after which is no matter of how one is read. */
function orderless(settings: RepositorySettings): RepositorySettings {
  const stacks = [...settings.stacks].map(
    ([key, one]) => [key, { ...one, options: { ...one.options, after: [] } }] as const,
  )
  return { ...settings, stacks: new Map(stacks) }
}

/** What lies beside the files, and where `.magos.yaml` says that stacks are. */
async function besides(
  io: Io,
  around: Surroundings,
  { stacks }: RepositorySettings,
  files: readonly string[],
): Promise<readonly string[]> {
  const declared = [...stacks].flatMap(([key, { directory, files: own }]) =>
    (own ?? ['compose.yaml']).map((file) => parentOf(normalPath(`${directory ?? key}/${file}`))),
  )
  const found: string[] = []
  for (const directory of new Set([...files.map(parentOf), ...declared])) {
    if (directory === '..' || directory.startsWith('../')) continue
    const names = await io.namesIn(around.given(directory))
    found.push(...names.map((name) => (directory === '' ? name : `${directory}/${name}`)))
  }
  return found
}

function rootName({ root }: Surroundings): string {
  return root.slice(root.lastIndexOf('/') + 1)
}

/** What the settings say knows how they are named from here, everything else is named from the root. */
function placed(around: Surroundings, refused: RefusedStack): RefusedStack {
  const { file } = refused
  return file === around.given('.magos.yaml') ? refused : { ...refused, file: around.given(file) }
}
