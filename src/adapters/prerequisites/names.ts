import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A user as people call them; `uid N` where only their number is known. */
export async function nameOfUser(root: string, uid: number): Promise<string> {
  const line = await findLine(root, 'etc/passwd', uid)
  return line?.[0] ?? `uid ${uid}`
}

/** A group with those that are listed in it: https://man7.org/linux/man-pages/man5/group.5.html */
export async function readGroup(
  root: string,
  gid: number,
): Promise<{ readonly name: string; readonly members: readonly string[] }> {
  const line = await findLine(root, 'etc/group', gid)
  const members = (line?.[3] ?? '').split(',').map((member) => member.trim())
  return { name: line?.[0] ?? String(gid), members: members.filter((member) => member !== '') }
}

async function findLine(
  root: string,
  file: string,
  id: number,
): Promise<readonly string[] | undefined> {
  const text = await readFile(join(root, file), 'utf8').catch(() => '')
  const lines = text.split('\n').map((line) => line.split(':'))
  return lines.find((parts) => parts[2] === String(id))
}
