import { fail, ok, warn, type Check } from './check.ts'
import type { HostFacts, StorageFacts } from './facts.ts'

export function judgeStorage({ storage, dataDirectory }: HostFacts): readonly Check[] {
  return [judgeDataDirectory(dataDirectory), ...storage.map(judgeRoom)]
}

function judgeDataDirectory({ path, state }: HostFacts['dataDirectory']): Check {
  const name = 'data-directory'
  switch (state) {
    case 'private':
      return ok(name, `${path} is this user's alone`)
    case 'absent':
      return ok(name, `${path} is not there yet: the first run makes it`)
    case 'open':
      return fail(name, `${path} may be read by others`, `chmod 700 ${path}`)
    case 'not-ours':
      return fail(name, `${path} belongs to another user`, `sudo chown $(id -u) ${path}`)
    case 'no-directory':
      return fail(name, `${path} is no directory`, 'Move it away, or name another by MD_DATA_DIR')
  }
}

const MIB = 1024 * 1024
const GIB = 1024 * MIB
/** Below these an update or a deployment is about to fail. */
const LEAST = { data: 100 * MIB, images: 1024 * MIB, runtime: 16 * MIB } as const
const SHARE = 0.05

function judgeRoom({ purpose, path, free, size, freeFiles, files }: StorageFacts): Check {
  const name = `disk ${purpose}`
  const remedy =
    purpose === 'images'
      ? 'podman image prune --all, or give the storage more room'
      : `Make room on the file system of ${path}`
  const [unit, bytes] = size < 10 * GIB ? (['MiB', MIB] as const) : (['GiB', GIB] as const)
  const left = (free / bytes).toFixed(unit === 'GiB' && free < 10 * GIB ? 1 : 0)
  const detail = `${left} of ${(size / bytes).toFixed(0)} ${unit} are free in ${path}`
  if (free < LEAST[purpose]) return fail(name, detail, remedy)
  if (files > 0 && freeFiles < files * SHARE) {
    const some = `${freeFiles} of ${files} files can still be made in ${path}`
    return freeFiles === 0 ? fail(name, some, remedy) : warn(name, some, remedy)
  }
  return free < size * SHARE ? warn(name, detail, remedy) : ok(name, detail)
}
