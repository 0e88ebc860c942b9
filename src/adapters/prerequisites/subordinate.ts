import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { IdRange } from '../../domain/doctor/facts.ts'

/** The user's lines, by name or by id: https://man7.org/linux/man-pages/man5/subuid.5.html */
export async function readRanges(
  root: string,
  file: string,
  { name, uid }: { readonly name: string; readonly uid: number },
): Promise<readonly IdRange[]> {
  const text = await readFile(join(root, file), 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => {
    const [who, first, count] = line.split(':').map((part) => part.trim())
    const range = { first: Number(first), count: Number(count) }
    const isRange = Number.isSafeInteger(range.first) && Number.isSafeInteger(range.count)
    return isRange && (who === name || who === String(uid)) ? [range] : []
  })
}
