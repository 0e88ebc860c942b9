import { readdirSync, readFileSync } from 'node:fs'

/** MB of memory of a process; NaN where no /proc tells. */
export interface Memory {
  readonly resident: number
  /** Resident, with what is shared with other processes divided by their number. */
  readonly proportional: number
  readonly peak: number
}

export function memoryOf(pid: number): Memory {
  const rollup = readText(`/proc/${pid}/smaps_rollup`)
  return {
    resident: megabytes(rollup, 'Rss'),
    proportional: megabytes(rollup, 'Pss'),
    peak: megabytes(readText(`/proc/${pid}/status`), 'VmHWM'),
  }
}

/** ms that the threads of a process have computed so far: unlike a clock it does not count what others do meanwhile. */
export function computedBy(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const spent = threads.map((thread) => readText(`/proc/${pid}/task/${thread}/schedstat`))
    return spent.reduce((total, text) => total + Number(text.split(' ')[0]) / 1e6, 0)
  } catch {
    return NaN
  }
}

function megabytes(text: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)
  return Number(found?.[1] ?? NaN) / 1024
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
