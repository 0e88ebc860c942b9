import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { createLocalCommitter } from '../../../src/adapters/git/local-committer.ts'
import { createLocalSource } from '../../../src/adapters/git/local-source.ts'
import type { CommitOutcome, Committer } from '../../../src/ports.ts'
import { git, putCommit, run, temporaryDirectory, type TemporaryDirectory } from './repository.ts'

export const identity = { name: 'Magos Dominus', email: 'magos@test-host' }
export const compose = 'app/compose.yaml'
export const signal = (): AbortSignal => AbortSignal.timeout(30_000)

/** A checked-out repository of its own for every test, and a committer on it. */
export interface Scene {
  readonly root: string
  path: string
  committer: Committer
  /** Proposes one file on the head that is read now. */
  readonly propose: (
    content?: string,
    options?: { readonly by?: Committer; readonly file?: string },
  ) => Promise<CommitOutcome>
  readonly status: (place?: string) => Promise<string>
  readonly onDisk: (file?: string) => Promise<string>
  readonly tip: () => Promise<string>
  readonly shown: (file?: string) => Promise<string>
}

export function useScene(): Scene {
  let directory: TemporaryDirectory
  let count = 0
  beforeAll(async () => {
    directory = await temporaryDirectory()
  })
  afterAll(() => directory.dispose())
  beforeEach(async () => {
    scene.path = join(scene.root, `r${(count += 1)}`)
    await git(scene.root, 'init', '-q', '-b', 'main', scene.path)
    await putCommit(join(scene.path, '.git'), 'main', {
      [compose]: 'image: a\n',
      'other.yaml': 'other\n',
      'run.sh': { mode: '100755', content: 'exit 0\n' },
    })
    await git(scene.path, 'reset', '-q', '--hard')
    scene.committer = createLocalCommitter({ path: scene.path, branch: 'main', run, identity })
  })
  const scene: Scene = {
    get root() {
      return directory.path
    },
    path: '',
    committer: { commit: () => Promise.reject(new Error('No scene yet')) },
    async propose(content = 'image: b\n', { by = scene.committer, file = compose } = {}) {
      const source = createLocalSource({ path: scene.path, branch: 'main', run })
      const parent = await source.head(signal())
      const files = [{ path: file, mode: '100644' as const, content }]
      return await by.commit({ parent, message: 'chore: update\n\nWhy', files }, signal())
    },
    status: (place = scene.path) => git(place, 'status', '--porcelain', '--untracked-files=all'),
    onDisk: (file = compose) => readFile(join(scene.path, file), 'utf8'),
    tip: () => git(scene.path, 'rev-parse', 'main'),
    shown: (file = compose) => git(scene.path, 'show', `main:${file}`),
  }
  return scene
}
