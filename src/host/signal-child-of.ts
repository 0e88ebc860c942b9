import { readFileSync } from 'node:fs'

export interface Signalled {
  readonly pid: number
  /** Stands on the command line of its parent as one word: a pid alone may be somebody else's by now. */
  readonly word: string
}

/** Sends a signal to a process, if its parent was started with that word and this user may; whether it was sent. */
export function signalChildOf({ pid, word }: Signalled, name: NodeJS.Signals): boolean {
  if (word === '') return false
  try {
    // What is no process has no folder there. Nothing waits between the look and the signal, so that no other process can have become this one.
    const words = readFileSync(`/proc/${parentOf(pid)}/cmdline`, 'utf8').split('\0')
    return words.includes(word) && process.kill(pid, name)
  } catch {
    return false
  }
}

/** proc_pid_stat(5), field 4; the name before it may hold spaces and parentheses. */
function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}
