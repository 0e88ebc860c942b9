import type { FoundFiles, HowFound } from './compose-files.ts'
import type { Io, Surroundings } from './io.ts'

/** What was asked for of one repository. */
export interface Room {
  /** null for stdin, and for files that lie in no repository. */
  readonly around: Surroundings | null
  /** By the path from the root, with the name that it was given. */
  readonly files: Map<string, { readonly file: string; readonly how: HowFound }>
  /** Every file of it, where all of it was asked for. */
  all: readonly string[] | null
}

/** Sorts what was found by the repositories that it lies in. */
export async function roomsOf(io: Io, { files, folders }: FoundFiles): Promise<readonly Room[]> {
  const rooms = new Map<string, Room>()
  const roomOf = (around: Surroundings | null): Room => {
    const root = around?.root ?? ''
    const room = rooms.get(root) ?? { around, files: new Map(), all: null }
    rooms.set(root, room)
    return room
  }
  for (const [folder, found] of folders) {
    const around = await io.surroundings(folder)
    const room = roomOf(around)
    if (around?.path === '') room.all = found.map((file) => fromRoot(around, file))
  }
  for (const [file, how] of files) {
    const around = await io.surroundings(file)
    roomOf(around).files.set(around?.path ?? file, { file, how })
  }
  return [...rooms.values()]
}

function fromRoot(around: Surroundings, file: string): string {
  const root = around.given('')
  return file.startsWith(`${root}/`) ? file.slice(root.length + 1) : file
}
