import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Ids of the processes of this name that can be seen from here. */
export function processesNamed(name: string): readonly string[] {
  return readFolder('/proc').filter(
    (pid) => /^\d+$/.test(pid) && readText(`/proc/${pid}/comm`).trim() === name,
  )
}

/** Processes come and go while one looks, and many are somebody else's. */
export function readFolder(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

export function readLink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
