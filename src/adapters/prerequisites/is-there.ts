import { access } from 'node:fs/promises'

/** Whether anything is at the path, as far as this user may see. */
export async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
