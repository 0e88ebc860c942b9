import { userInfo } from 'node:os'

/** Who says so. A container's user may have a number and no name. */
export function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`
  }
}
