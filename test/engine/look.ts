import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { LabEngine } from '../lab/engine/start.ts'

const run = promisify(execFile)

export interface SeenContainer {
  readonly id: string
  /** Every digest that its image is known by. */
  readonly digests: readonly string[]
  readonly health: string
  readonly state: string
  readonly created: string
}

/** The containers of a compose project by service, asked of podman directly and not of our adapter. */
export async function containersOf(
  engine: LabEngine,
  project: string,
): Promise<Readonly<Record<string, SeenContainer>>> {
  const filter = `label=com.docker.compose.project=${project}`
  const ids = (await engine.cli(['ps', '-aq', '--no-trunc', '--filter', filter])).split('\n')
  const found: Record<string, SeenContainer> = {}
  for (const id of ids.filter((line) => line !== '')) {
    // One that is being replaced may be gone by now.
    const inspected = first(await engine.cli(['inspect', id]).catch(() => '[]'))
    if (inspected === undefined) continue
    const image = first(await engine.cli(['image', 'inspect', text(inspected, 'Image')]))
    const names = field(image, 'RepoDigests')
    found[text(inspected, 'Config', 'Labels', 'com.docker.compose.service')] = {
      id,
      digests: (Array.isArray(names) ? names : []).map((name) => String(name).replace(/^.*@/u, '')),
      health: text(inspected, 'State', 'Health', 'Status'),
      state: text(inspected, 'State', 'Status'),
      created: text(inspected, 'Created'),
    }
  }
  return found
}

function first(json: string): unknown {
  const parsed: unknown = JSON.parse(json)
  return Array.isArray(parsed) ? parsed[0] : parsed
}

function text(value: unknown, ...path: readonly string[]): string {
  const found = path.reduce(field, value)
  return typeof found === 'string' ? found : ''
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined
}

/** What native git says of a repository, bare or not. */
export async function git(path: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run('git', ['-C', path, ...args])
  return stdout.trimEnd()
}

/** Added and removed lines of a commit against its parent, without the headers. */
export async function changedLines(path: string, commit: string): Promise<readonly string[]> {
  const diff = await git(path, 'show', '--format=', '--unified=0', commit)
  return diff.split('\n').filter((line) => /^[+-](?![+-]{2} )/u.test(line))
}

/** Asks until it is so; rejects with the last answer when patience is over, in ms. */
export async function eventually<Answer>(
  ask: () => Promise<Answer> | Answer,
  fits: (answer: Answer) => boolean,
  patience = 30_000,
): Promise<Answer> {
  const late = Date.now() + patience
  for (;;) {
    const answer = await ask()
    if (fits(answer)) return answer
    if (Date.now() > late) throw new Error(`Never came to be: ${JSON.stringify(answer)}`)
    await new Promise((resolve) => {
      setTimeout(resolve, 100)
    })
  }
}
