import { copyFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { type OnStep, syncDirectory } from '../../host/files.ts'
import { indexInfo, type StoredFile } from './commit-objects.ts'
import type { WorkTree } from './work-tree.ts'

/**
 * Puts the entries into the index and leaves all others as they stand. Built on a copy and renamed: what git reads is
 * the old index or the whole new one. The caller holds the lock.
 */
export async function stageEntries(
  { gitDir, git }: WorkTree,
  token: string,
  entries: readonly StoredFile[],
  signal: AbortSignal,
  onStep: OnStep,
): Promise<void> {
  const draft = join(gitDir, `magos-${token}.index`)
  const env = { ...(await withoutFilters(git, signal)), GIT_INDEX_FILE: draft }
  await onStep('copy index')
  await copyFile(join(gitDir, 'index'), draft)
  const present = entries.filter((entry) => entry.mode !== '0').map((entry) => entry.path)
  if (present.length > 0) {
    // Reads the file, so that the entry carries its size and time, and nobody takes it for changed.
    const input = present.map((path) => `${path}\0`).join('')
    await git(['update-index', '--add', '-z', '--stdin'], { signal, env, input })
  }
  const { stdout } = await git(['ls-files', '-s', '-z'], { signal, env, maxOutput: 256 << 20 })
  const records = new Set(stdout.split('\0'))
  const wrong = entries.filter(({ mode, oid, path }) => !records.has(`${mode} ${oid} 0\t${path}`))
  if (wrong.length > 0) {
    await git(['update-index', '-z', '--index-info'], { signal, env, input: indexInfo(wrong) })
  }
  await onStep('index')
  await rename(draft, join(gitDir, 'index'))
  await syncDirectory(gitDir)
}

/** Settings that leave every filter driver without a program: git would run them while it writes an index. */
async function withoutFilters(
  git: WorkTree['git'],
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const options = ['-z', '--name-only', '--get-regexp', String.raw`^filter\.`]
  const { stdout } = await git(['config', ...options], { signal, accept: [0, 1] })
  const keys = stdout.split('\0').filter((key) => key !== '')
  const drivers = new Set(keys.map((key) => key.slice(0, key.lastIndexOf('.'))))
  const settings = [...drivers].flatMap((driver) => [
    [`${driver}.clean`, ''],
    [`${driver}.process`, ''],
    [`${driver}.required`, 'false'],
  ])
  const numbered = settings.flatMap(([key = '', value = ''], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ])
  return { ...Object.fromEntries(numbered), GIT_CONFIG_COUNT: String(settings.length) }
}
