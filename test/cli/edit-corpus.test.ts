import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { annotateCommand } from '../../src/cli/annotate.ts'
import type { Io } from '../../src/cli/io.ts'
import { scanCommand } from '../../src/cli/scan.ts'
import { setImageCommand } from '../../src/cli/set-image.ts'
import { terminal } from '../../src/main/terminal.ts'
import { MagosError } from '../../src/domain/error.ts'
import { exactCases, refusedCases } from './edit-corpus.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'magos-corpus-'))
  await mkdir(join(root, '.git'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

type Files = Readonly<Record<string, string>>

async function lay(files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
    await chmod(join(root, path), 0o640)
  }
}

/** Every file below the root with its mode and its bytes. */
async function standing(): Promise<Files> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const found: Record<string, string> = {}
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const mode = ((await stat(path)).mode & 0o7777).toString(8)
    found[path.slice(root.length + 1)] = `${mode} ${(await readFile(path)).toString('latin1')}`
  }
  return found
}

function asStanding(files: Files): Files {
  return Object.fromEntries(
    Object.entries(files).map(([path, text]) => [
      path,
      `640 ${Buffer.from(text).toString('latin1')}`,
    ]),
  )
}

const replaced = (files: Files, by: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(files).map(([path, text]) => [path, text.replace(/⟪(.*)⟫/u, by)]),
  )

async function answerOf(act: (io: Io) => Promise<unknown>) {
  let written = ''
  const write = (text: string): void => {
    written += text
  }
  await act({ ...terminal('json'), write, note: () => {} })
  return JSON.parse(written)
}

/** The file that a person would name: the one that all begins with. */
function mainOf(files: Files): string {
  const [main] = Object.keys(files)
  if (main === undefined) throw new Error('A case has files')
  return main
}

/** Where the reference begins, which is before the mark where only its tag is written. */
function markedPlace(files: Files, to: string) {
  const [owner, text] = Object.entries(files).find(([, it]) => it.includes('⟪')) ?? ['', '']
  const lines = text.slice(0, text.indexOf('⟪')).split('\n')
  const head = lines.at(-1) ?? ''
  const lead = to === 'nginx:1.3' || owner.endsWith('env') ? head.length : head.indexOf('nginx:')
  return { owner, line: lines.length, column: lead + 1 }
}

describe('setImageCommand() changes the marked bytes and no others', () => {
  test.each(exactCases)('of $title', async ({ files, service, to = 'nginx:1.3' }) => {
    await lay(replaced(files, '$1'))
    const { owner, line, column } = markedPlace(files, to)
    const main = join(root, mainOf(files))
    const scanned = await answerOf((io) => scanCommand(io, [main]))
    const answer = await answerOf((io) => setImageCommand(io, main, service, 'nginx:1.3'))
    expect(await standing()).toEqual(asStanding(replaced(files, to)))
    expect(answer).toEqual({
      file: join(root, owner),
      line,
      column,
      before: 'nginx:1.2',
      after: 'nginx:1.3',
      services: expect.arrayContaining([service]),
    })

    // What scan lists is what was edited, at the same place.
    expect(scanned.problems).toEqual([])
    expect(scanned.images).toContainEqual(
      expect.objectContaining({
        services: answer.services,
        reference: 'nginx:1.2',
        held: null,
        written: expect.objectContaining({ file: join(root, owner), line }),
      }),
    )

    // A second time it stands there already; set back, every byte is the first one again.
    await answerOf((io) => setImageCommand(io, main, service, 'nginx:1.3'))
    expect(await standing()).toEqual(asStanding(replaced(files, to)))
    await answerOf((io) => setImageCommand(io, main, service, 'nginx:1.2'))
    expect(await standing()).toEqual(asStanding(replaced(files, '$1')))
  })
})

describe('setImageCommand() refuses and leaves everything as it was', () => {
  test.each(refusedCases)('with $title', async (one) => {
    const { files, service, ref = 'nginx:1.3', place, reason } = one
    await lay(files)
    const error = await setImageCommand(
      { ...terminal('json'), write: () => {}, note: () => {} },
      join(root, mainOf(files)),
      service,
      ref,
    ).then(
      () => null,
      (thrown: unknown) => (thrown instanceof MagosError ? thrown : Promise.reject(thrown)),
    )
    expect(await standing()).toEqual(asStanding(files))
    expect(error).toMatchObject({ code: 'edit' })
    const { file = '', line, column } = error?.place ?? {}
    expect(`${file.slice(root.length + 1)}:${line}:${column}`).toBe(place)
    expect(error?.message).toContain(reason)
    expect(error?.remedy).toBeTruthy()
  })
})

/** The lines that differ, by what was put behind them; a line that differs otherwise is told whole. */
function addedTo(before: Files, after: Files): readonly string[] {
  return Object.entries(before).flatMap(([path, text]) => {
    const now = (after[path] ?? '').split('\n')
    const old = text.split('\n')
    if (now.length !== old.length) return [`${path} has ${now.length} lines`]
    return old.flatMap((line, index) => {
      const [bare, other = ''] = [line.replace(/\r$/u, ''), now[index]]
      const end = line.slice(bare.length)
      if (other === line) return []
      const behind = other.startsWith(bare) && other.endsWith(end)
      return [behind ? other.slice(bare.length, other.length - end.length).trim() : other]
    })
  })
}

describe('annotateCommand() adds comments and no other byte', () => {
  test.each(exactCases)('to $title', async ({ files }) => {
    const before = replaced(files, '$1')
    await lay(before)
    const main = join(root, mainOf(files))
    const { proposals, problems } = await answerOf((io) => annotateCommand(io, [main], 'write'))
    const after = await standing()
    expect(problems).toEqual([])
    const comments = proposals.map(({ comment }: { comment: string }) => comment)
    expect(addedTo(asStanding(before), after).toSorted()).toEqual(comments.toSorted())
    // Each is read as it was proposed, and nothing is proposed twice.
    const scanned = await answerOf((io) => scanCommand(io, [main]))
    for (const { line, services } of proposals) {
      expect(scanned.images).toContainEqual(
        expect.objectContaining({ line, services, policy: expect.any(String), held: null }),
      )
    }
    const again = await answerOf((io) => annotateCommand(io, [main], 'write'))
    expect(again.proposals).toEqual([])
    expect(await standing()).toEqual(after)
  })
})
