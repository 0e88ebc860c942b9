import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** How often a group that was told to end is looked at, in ms. */
const LOOK = 25

/** Ticks between boot and the start of the process; null when there is none. A zombie counts as none. */
export function startTimeOf(pid: number): number | null {
  const fields = statOf(pid)
  return fields === null || fields.state === 'Z' ? null : fields.startTime
}

/** TERM to the whole group, then KILL to what of it is still there after the grace. */
export async function endGroup(pid: number, grace: number): Promise<void> {
  if (!signalGroup(pid, 'SIGTERM')) return
  const deadline = performance.now() + grace
  while (performance.now() < deadline) {
    await sleep(LOOK)
    if (!isAlive(pid)) return
  }
  signalGroup(pid, 'SIGKILL')
}

/** A group of zombies alone is over: under an init that reaps late they would linger for seconds. */
function isAlive(group: number): boolean {
  if (!signalGroup(group, 0)) return false
  return readdirSync('/proc').some((name) => {
    const fields = /^\d+$/.test(name) ? statOf(Number(name)) : null
    return fields !== null && fields.group === group && fields.state !== 'Z'
  })
}

/** Whether there was such a group. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal)
    return true
  } catch {
    return false
  }
}

/** See proc_pid_stat(5): state, process group and start time are fields 3, 5 and 22. */
function statOf(pid: number): { state: string; group: number; startTime: number } | null {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return null
  }
  // The second field is the program's name in parentheses and may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', group: Number(fields[2]), startTime: Number(fields[19]) }
}
