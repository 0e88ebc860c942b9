import { access, constants } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'

/** Where a program of that name would be started from; null where there is none. */
export async function findProgram(path: string, name: string): Promise<string | null> {
  for (const directory of path.split(delimiter).filter((one) => isAbsolute(one))) {
    const file = join(directory, name)
    const isProgram = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isProgram) return file
  }
  return null
}
