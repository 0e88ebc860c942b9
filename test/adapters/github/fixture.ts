import { setTimeout } from 'node:timers/promises'
import { expect } from 'vitest'
import { createGitHub } from '../../../src/adapters/github/github.ts'
import type { GitHub, GitHubOptions } from '../../../src/adapters/github/github.ts'
import { MagosError } from '../../../src/domain/error.ts'
import type { Clock, Log, LogFields } from '../../../src/ports.ts'
import { startGitHub } from '../../lab/github/lab.ts'
import type { LabGitHub, LabParts, LabRepository } from '../../lab/github/lab.ts'
import type { TreeChange } from '../../lab/github/git-objects.ts'
import type { AppRecord, Hook, InstallationRecord } from '../../lab/github/state.ts'

/** A clock whose pauses take no time and are written down. */
export interface TestClock extends Clock {
  readonly slept: number[]
  advance(ms: number): void
}

function createTestClock(): TestClock {
  let now = Date.now()
  const slept: number[] = []
  return {
    slept,
    now: () => now,
    advance(ms) {
      now += ms
    },
    async sleep(ms, signal) {
      signal.throwIfAborted()
      slept.push(ms)
      now += ms
      await setTimeout(0, undefined, { signal })
    },
  }
}

/** Keeps every line, so that a test can look for secrets in them. */
export function createMemoryLog(): Log & { readonly lines: string[] } {
  const lines: string[] = []
  const write = (level: string) => (fields: LogFields, message: string) => {
    lines.push(`${level} ${message} ${JSON.stringify(fields)}`)
  }
  const log: Log & { readonly lines: string[] } = {
    lines,
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  }
  return log
}

/** A lab with one repository, an App that is installed on it, and the adapter that speaks to it. */
export interface Fixture {
  readonly lab: LabGitHub
  readonly repository: LabRepository
  readonly app: AppRecord
  readonly installation: InstallationRecord
  readonly clock: TestClock
  readonly log: ReturnType<typeof createMemoryLog>
  readonly github: GitHub
  /** Another adapter, as another process has it. */
  connect(options?: Partial<GitHubOptions>): GitHub
  /** What was asked since the last time: `METHOD path status`, without the repository's own prefix. */
  asked(): readonly string[]
  close(): Promise<void>
}

const firstFiles: readonly TreeChange[] = [
  { path: 'app/compose.yaml', content: 'image: a\n' },
  { path: 'README.md', content: 'hello\n' },
]

export async function startFixture(
  parts: LabParts,
  {
    files = firstFiles,
    timeout,
    hook,
    time = 'apart',
  }: {
    files?: readonly TreeChange[]
    timeout?: number
    hook?: Hook
    /** `shared`: GitHub’s limits go by the test’s own clock. */
    time?: 'apart' | 'shared'
  } = {},
): Promise<Fixture> {
  const clock = createTestClock()
  const lab = await startGitHub({ parts, ...(time === 'shared' ? { now: () => clock.now() } : {}) })
  const repository = await lab.createRepository({ files })
  const app = await lab.createApp(hook === undefined ? {} : { hook })
  const installation = lab.install(app, [repository])
  const log = createMemoryLog()
  const connect = (options: Partial<GitHubOptions> = {}): GitHub =>
    createGitHub({
      apiUrl: lab.url,
      serverUrl: 'https://github.example/',
      appId: app.id,
      privateKey: app.privateKey,
      owner: repository.owner,
      repo: repository.name,
      branch: () => repository.branch,
      clock,
      log,
      ...(timeout === undefined ? {} : { timeout }),
      ...options,
    })
  let seen = 0
  return {
    lab,
    repository,
    app,
    installation,
    clock,
    log,
    github: connect(),
    connect,
    asked() {
      const fresh = lab.requests.slice(seen)
      seen = lab.requests.length
      return fresh.map(({ method, path, status }) => {
        const short = path.replace(`/repos/${repository.owner}/${repository.name}`, '')
        return `${method} ${short} ${status}`
      })
    },
    async close() {
      await lab.close()
      expect(lab.violations).toEqual([])
    },
  }
}

export const signal = (): AbortSignal => AbortSignal.timeout(20_000)

/** The `MagosError` with which a promise rejects. */
export async function refusal(promise: Promise<unknown>): Promise<MagosError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof MagosError) return error
    throw error
  }
  throw new Error('It was not refused')
}
