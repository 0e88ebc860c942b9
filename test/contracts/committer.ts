import { execa } from 'execa'
import { afterEach, describe, expect, it } from 'vitest'
import type { Revision } from '../../src/domain/revision.ts'
import type { CommitFile, CommitOutcome, Committer } from '../../src/ports.ts'

/** A repository whose branch holds `files` in one commit, and the committer under test on that branch. */
export interface CommitterFixture {
  readonly committer: Committer
  /** The repository that holds the truth: a bare one, or a `.git` directory. Read with native git. */
  readonly gitDir: string
  readonly branch: string
  /** Somebody else commits these files on the branch. */
  advance(files: readonly CommitFile[]): Promise<Revision>
  dispose(): Promise<void>
}

export type MakeCommitter = (files: readonly CommitFile[]) => Promise<CommitterFixture>

/** What every `Committer` must do: one commit on its parent, or nothing at all. */
export function committerContract(name: string, make: MakeCommitter): void {
  describe(`Committer contract: ${name}`, () => {
    let fixture: CommitterFixture | null = null
    const start = async (files: readonly CommitFile[] = base): Promise<CommitterFixture> => {
      fixture = await make(files)
      return fixture
    }
    afterEach(async () => {
      await fixture?.dispose()
      fixture = null
    })

    it('commit() moves the branch to one commit on its parent', async () => {
      const at = await start()
      const parent = await head(at)
      const outcome = await commit(at, parent, [text('app/compose.yaml', 'image: b\n')])
      const made = committed(outcome)
      expect(await head(at)).toEqual(made)
      expect(await git(at, 'rev-list', '--parents', '-n1', made.commit)).toBe(
        `${made.commit} ${parent.commit}`,
      )
      expect(await git(at, 'diff', '--raw', '--no-abbrev', parent.commit, made.commit)).toMatch(
        /^:100644 100644 [0-9a-f]{40} [0-9a-f]{40} M\tapp\/compose\.yaml$/u,
      )
      expect(await git(at, 'show', `${made.commit}:app/compose.yaml`)).toBe('image: b')
    })

    it('commit() keeps the message with its trailers', async () => {
      const at = await start()
      const message = 'chore(app): update x 1 → 2\n\nWhy\n\nMagos-Image: x\nMagos-Host: h'
      const made = committed(
        await at.committer.commit(
          { parent: await head(at), message, files: [text('a', '1')] },
          signal(),
        ),
      )
      expect(await git(at, 'show', '-s', '--format=%B', made.commit)).toBe(message)
      expect(
        await git(at, 'show', '-s', '--format=%(trailers:key=Magos-Host,valueonly)', made.commit),
      ).toBe('h')
    })

    it.each([
      ['CRLF line ends', 'a: 1\r\nb: 2\r\n'],
      ['no line end at the end', 'a: 1'],
      ['a byte order mark', '\u{FEFF}a: 1\n'],
      ['characters of every plane', 'a: ü → 漢 🛠️\u0000\u0085\n'],
      ['nothing at all', ''],
      ['200 KB', 'line\n'.repeat(40_000)],
    ])('commit() writes content byte for byte: %s', async (_title, content) => {
      const at = await start()
      const made = committed(await commit(at, await head(at), [text('file.yaml', content)]))
      expect(await bytes(at, `${made.commit}:file.yaml`)).toEqual(Buffer.from(content, 'utf8'))
    })

    it.each([
      'with space.yaml',
      'deep/er/than/before.yaml',
      'ünï/côde.yaml',
      'a#b?c%20d&e.yaml',
      '-dash.yaml',
    ])('commit() creates %j', async (path) => {
      const at = await start()
      const made = committed(await commit(at, await head(at), [text(path, 'x\n')]))
      expect(await paths(at, made.commit)).toEqual(
        [...base.map((file) => file.path), path].toSorted(),
      )
    })

    it('commit() writes the modes that it is given and touches no other file', async () => {
      const at = await start()
      const made = committed(
        await commit(at, await head(at), [{ path: 'run.sh', mode: '100755', content: 'exit 0\n' }]),
      )
      expect(await git(at, 'ls-tree', made.commit, 'run.sh')).toMatch(/^100755 /u)
      expect(await paths(at, made.commit)).toEqual(base.map((file) => file.path).toSorted())
    })

    it('commit() puts several files into one commit', async () => {
      const at = await start()
      const parent = await head(at)
      const files = [text('app/compose.yaml', 'b\n'), text('README.md', 'c\n'), text('new', 'd\n')]
      const made = committed(await commit(at, parent, files))
      expect(await git(at, 'rev-list', '--count', `${parent.commit}..${made.commit}`)).toBe('1')
      const changed = await git(at, 'diff', '--name-only', parent.commit, made.commit)
      expect(changed.split('\n')).toEqual(['README.md', 'app/compose.yaml', 'new'])
    })

    it('commit() builds on the revision that it returned', async () => {
      const at = await start()
      const first = committed(await commit(at, await head(at), [text('a', '1\n')]))
      const second = committed(await commit(at, first, [text('b', '2\n')]))
      expect(await head(at)).toEqual(second)
      expect(await git(at, 'rev-list', '--count', second.commit)).toBe('3')
    })

    it('commit() says that the branch moved and leaves it alone', async () => {
      const at = await start()
      const parent = await head(at)
      const other = await at.advance([text('README.md', 'theirs\n')])
      expect(await commit(at, parent, [text('app/compose.yaml', 'ours\n')])).toEqual({
        outcome: 'moved',
      })
      expect(await head(at)).toEqual(other)
    })

    it('commit() makes no commit of what is there already', async () => {
      const at = await start()
      const parent = await head(at)
      const same = base.map((file) => ({ ...file }))
      expect(await commit(at, parent, same)).toEqual({ outcome: 'empty' })
      expect(await head(at)).toEqual(parent)
    })

    it('commit() does nothing when it is interrupted beforehand', async () => {
      const at = await start()
      const parent = await head(at)
      const proposal = { parent, message: 'x', files: [text('a', '1')] }
      await expect(at.committer.commit(proposal, AbortSignal.abort())).rejects.toMatchObject({
        name: 'MagosError',
        code: 'interrupted',
      })
      expect(await head(at)).toEqual(parent)
    })

    it(
      'commit() lets eight writers converge when each plans again',
      { timeout: 60_000 },
      async () => {
        const at = await start()
        const writers = Array.from({ length: 8 }, (_, index) => `writer-${index}.yaml`)
        await Promise.all(writers.map((path) => writeUntilCommitted(at, path)))
        const last = await head(at)
        expect(await git(at, 'rev-list', '--count', last.commit)).toBe('9')
        expect(await git(at, 'rev-list', '--count', '--merges', last.commit)).toBe('0')
        expect(await paths(at, last.commit)).toEqual(
          [...base.map((file) => file.path), ...writers].toSorted(),
        )
        await git(at, 'fsck', '--strict', '--no-dangling')
      },
    )
  })
}

const base: readonly CommitFile[] = [
  { path: 'README.md', mode: '100644', content: 'hello\n' },
  { path: 'app/compose.yaml', mode: '100644', content: 'image: a\n' },
  { path: 'run.sh', mode: '100755', content: '#!/bin/sh\n' },
]

const text = (path: string, content: string): CommitFile => ({ path, mode: '100644', content })

const signal = (): AbortSignal => AbortSignal.timeout(30_000)

async function commit(
  { committer }: CommitterFixture,
  parent: Revision,
  files: readonly CommitFile[],
): Promise<CommitOutcome> {
  return await committer.commit({ parent, message: 'chore: test', files }, signal())
}

function committed(outcome: CommitOutcome): Revision {
  if (outcome.outcome !== 'committed') throw new Error(`Not committed: ${JSON.stringify(outcome)}`)
  return outcome.revision
}

async function writeUntilCommitted(at: CommitterFixture, path: string): Promise<void> {
  for (let attempt = 0; attempt < 40; attempt++) {
    const { outcome } = await commit(at, await head(at), [text(path, `${path}\n`)])
    if (outcome === 'committed') return
    expect(outcome).toBe('moved')
  }
  throw new Error(`${path} was not committed in 40 attempts`)
}

async function head(at: CommitterFixture): Promise<Revision> {
  const name = `refs/heads/${at.branch}`
  const lines = (await git(at, 'rev-parse', `${name}^{commit}`, `${name}^{tree}`)).split('\n')
  return { commit: lines[0] ?? '', tree: lines[1] ?? '' }
}

async function paths(at: CommitterFixture, commitId: string): Promise<string[]> {
  const listed = await git(at, 'ls-tree', '-r', '-z', '--name-only', commitId)
  return listed
    .split('\0')
    .filter((path) => path !== '')
    .toSorted()
}

async function git({ gitDir }: CommitterFixture, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execa('git', ['--git-dir', gitDir, ...args])
  return stdout.trimEnd()
}

async function bytes({ gitDir }: CommitterFixture, object: string): Promise<Uint8Array> {
  const { stdout } = await execa('git', ['--git-dir', gitDir, 'cat-file', 'blob', object], {
    encoding: 'buffer',
    stripFinalNewline: false,
  })
  return Buffer.from(stdout)
}
