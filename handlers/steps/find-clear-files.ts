import type { ClearFile, SealedFile } from '../../src/domain/answer/secrets-check.ts'
import type { TreeEntry } from '../../src/domain/revision.ts'
import {
  readCreationRules,
  ruleFor,
  type CreationRules,
} from '../../src/domain/sops/creation-rules.ts'
import type { Source } from '../../src/ports.ts'

const RULES = '.sops.yaml'

/** The files in the clear that the repository's own rules of sops have encrypted; the nearest `.sops.yaml` above counts. */
export async function findClearFiles(
  { source }: { readonly source: Pick<Source, 'read'> },
  entries: readonly TreeEntry[],
  sealed: readonly SealedFile[],
  signal: AbortSignal,
): Promise<readonly ClearFile[]> {
  const files = entries.filter(({ mode }) => mode === '100644' || mode === '100755')
  const rules = new Map<string, CreationRules>()
  for (const entry of files.filter(({ path }) => nameOf(path) === RULES)) {
    const text = new TextDecoder().decode(await source.read(entry, signal))
    rules.set(folderOf(entry.path), readCreationRules(text))
  }
  const known = new Set(sealed.map(({ file }) => file))
  const inTheClear = files.filter(({ path }) => nameOf(path) !== RULES && !known.has(path))
  return [
    ...[...rules].flatMap(([folder, read]) => unreadable(folder, read)),
    ...inTheClear.flatMap(({ path }) => asked(path, rules)),
  ].toSorted((a, b) => (a.file < b.file ? -1 : 1))
}

function unreadable(folder: string, read: CreationRules): readonly ClearFile[] {
  if (read.outcome === 'read') return []
  const { reason, line } = read
  const file = `${folder}${RULES}`
  return [
    {
      file,
      reason: `Its rules count for nothing: ${reason}`,
      ...(line === undefined ? {} : { line }),
    },
  ]
}

function asked(file: string, rules: ReadonlyMap<string, CreationRules>): readonly ClearFile[] {
  for (let folder = folderOf(file); ; folder = folderOf(folder.slice(0, -1))) {
    const read = rules.get(folder)
    if (read !== undefined) {
      const rule = read.outcome === 'read' ? ruleFor(read.rules, file.slice(folder.length)) : null
      if (rule === null) return []
      return [
        {
          file,
          reason: `${folder}${RULES}:${rule.line} has it encrypted, and it stands in the clear`,
        },
      ]
    }
    if (folder === '') return []
  }
}

/** With its slash at the end; empty for the root. */
function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1)
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
