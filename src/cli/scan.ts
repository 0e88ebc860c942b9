import { mergeScans } from '../domain/compose/merge-scans.ts'
import { noCompose } from '../domain/compose/no-compose.ts'
import { scanProject, type ScannedImage, type ScannedProject } from '../domain/compose/scan.ts'
import { parentOf } from '../domain/compose/tree-path.ts'
import { MagosError } from '../domain/error.ts'
import type { Problem } from '../domain/problem.ts'
import type { RepositorySettings } from '../domain/repository-settings.ts'
import { unfitSettings } from '../domain/settings/unfit-settings.ts'
import type { Stack } from '../domain/stack.ts'
import { findFiles, readSettings, type HowFound } from './compose-files.ts'
import type { ExitCode, Io, Surroundings } from './io.ts'
import { lookAround } from './project-files.ts'
import { writeProblems } from './problems.ts'
import { readStack } from './read-stack.ts'
import { readRepository, type Repository } from './repository.ts'
import { roomsOf, type Room } from './rooms.ts'
import { table } from './table.ts'

/**
 * Lists the images of compose files; 1 when something is wrong with them. A folder is walked for the names that Compose
 * knows, a file is read whatever its name. What belongs to a stack is read as the daemon would, with the other files of
 * the stack and what `.magos.yaml` says of it.
 */
export async function scanCommand(io: Io, paths: readonly string[]): Promise<ExitCode> {
  const asked = await findFiles(io, paths)
  const problems = [...asked.problems]
  const scans: ScannedProject[] = []
  for (const room of await roomsOf(io, asked)) {
    const found = await scanRoom(io, room)
    problems.push(...found.problems)
    scans.push(...found.scans)
  }
  const found = mergeScans(scans)
  problems.push(...found.problems)
  if (io.format === 'json') {
    io.write(`${JSON.stringify({ images: found.images.map(toJson), problems })}\n`)
  } else {
    writeText(io, found.images, problems)
  }
  return problems.some(({ severity }) => severity === 'error') ? 1 : 0
}

interface ScannedRoom {
  readonly scans: readonly ScannedProject[]
  /** Of the settings. */
  readonly problems: readonly Problem[]
}

async function scanRoom(io: Io, { around, files, all }: Room): Promise<ScannedRoom> {
  const scans: ScannedProject[] = []
  if (around === null) {
    const { settings, problems } = await readSettings(io)
    for (const { file, how } of files.values()) scans.push(await scanFile(io, file, how, settings))
    return { scans, problems }
  }
  const repository = await readRepository(io, around, { files: [...files.keys()], all })
  const { settings, problems } = repository
  const groups = Map.groupBy(files, ([path]) => repository.stackOf(path))
  for (const [stack, group] of groups) {
    if (stack === null) {
      for (const [, { file, how }] of group) scans.push(await scanFile(io, file, how, settings))
    } else {
      const names = new Map(group.map(([path, { file }]) => [path, file]))
      scans.push(await scanStack(io, { around, repository, stack, names }))
    }
  }
  return { scans, problems }
}

interface AskedStack {
  readonly around: Surroundings
  readonly repository: Repository
  readonly stack: Stack
  /** Those of its files that were asked for, by their paths from the root. */
  readonly names: ReadonlyMap<string, string>
}

async function scanStack(
  io: Io,
  { around, repository, stack, names }: AskedStack,
): Promise<ScannedProject> {
  const { source, unread } = await readStack(io, around, stack, names)
  const asked = new Set(names.values())
  const [beside = ''] = asked
  const found = await lookAround(io, beside, (files) =>
    scanProject(source, files, repository.settings),
  )
  const others = new Set(source.files.map(({ path }) => path).filter((path) => !asked.has(path)))
  const held = new Set(found.images.map(({ file }) => file))
  const odd = source.files.flatMap(({ path, text }) =>
    held.has(path) ? [] : (noCompose(path, text) ?? []),
  )
  const services = unread.size === 0 ? found.services : null
  return {
    ...found,
    images: inOrder([...asked], found.images).filter(({ file }) => !others.has(file)),
    problems: [
      ...[...unread].map(([file, error]) => unreadable(file, error)),
      ...found.problems,
      // Beside others, a file may well be there for its networks alone.
      ...odd.filter(({ severity }) => severity === 'error'),
      ...unfitSettings(stack, { services, paths: repository.paths }),
    ],
  }
}

/** As they were asked for; what those lead to comes behind. */
function inOrder(
  files: readonly string[],
  images: readonly ScannedImage[],
): readonly ScannedImage[] {
  const rank = new Map(files.map((file, index) => [file, index]))
  const rankOf = ({ file }: ScannedImage) => rank.get(file) ?? files.length
  return images.toSorted((a, b) => rankOf(a) - rankOf(b))
}

async function scanFile(
  io: Io,
  file: string,
  how: HowFound,
  settings: RepositorySettings,
): Promise<ScannedProject> {
  try {
    const text = await io.readFile(file)
    const source = { files: [{ path: file, text }], directory: parentOf(file) }
    const found = await lookAround(io, file, (files) => scanProject(source, files, settings))
    const odd = found.images.length > 0 ? null : noCompose(file, text)
    // What nobody named may well be there for its networks alone.
    if (odd === null || (odd.severity === 'warning' && how === 'walked')) return found
    return { ...found, problems: [...found.problems, odd] }
  } catch (error) {
    if (!(error instanceof MagosError)) throw error
    const problems = [unreadable(file, error)]
    return { images: [], problems, texts: new Map(), services: null }
  }
}

function unreadable(file: string, error: MagosError): Problem {
  const { code, message, remedy = 'Make it a readable UTF-8 file' } = error
  return { file, line: 1, column: 1, severity: 'error', code, message, remedy }
}

function toJson({ image, text, policy, held, target, ...place }: ScannedImage): unknown {
  const { file, line, column, services, origin } = place
  return {
    file,
    line,
    column,
    services,
    image: text,
    policy: policy?.kind ?? null,
    held,
    reference: image?.text ?? null,
    origin,
    written: { file: target.file, line: target.line, column: target.column },
  }
}

function writeText(io: Io, images: readonly ScannedImage[], problems: readonly Problem[]): void {
  const rows = images.map(({ file, line, column, services, text, policy, held }) => [
    `${file}:${line}:${column}`,
    services.join(', '),
    text,
    policy?.kind ?? '-',
    held ?? '',
  ])
  if (rows.length > 0) io.write(table(io, ['PLACE', 'SERVICES', 'IMAGE', 'POLICY', 'HELD'], rows))
  else io.note('No images found\n')
  writeProblems(io, problems)
}
