import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { StorageFacts } from '../../domain/doctor/facts.ts'

/** What the file system of the path has left, of the nearest folder where it is not there yet; null where nobody tells. */
export async function lookAtStorage(
  purpose: StorageFacts['purpose'],
  path: string,
): Promise<StorageFacts | null> {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      const { bavail, blocks, bsize, ffree, files } = await statfs(folder)
      return {
        purpose,
        path,
        free: bavail * bsize,
        size: blocks * bsize,
        freeFiles: ffree,
        files,
      }
    } catch {
      if (folder === dirname(folder)) return null
    }
  }
}
