/**
 * Every program that something starts, with all its arguments and its whole environment, recorded by strace and not
 * sampled. A seccomp filter stops processes only where they start another, so that all else keeps its speed.
 */
import { readFile } from 'node:fs/promises'

export interface Program {
  readonly pid: number
  readonly path: string
  readonly words: readonly string[]
  readonly variables: readonly string[]
  /** A container's processes begin behind the runtime's own last step, and have what the container is given. */
  readonly place: 'host' | 'container'
}

/**
 * What a command is to be started under. The tracer is a grandchild, so that the command keeps its parent and can be
 * killed; it ends when nothing of what was started is left, which is after the last container.
 */
export function tracedInto(file: string): readonly string[] {
  const calls = 'trace=execve,execveat,clone,clone3,fork,vfork'
  const flags = ['-D', '-f', '-q', '--seccomp-bpf', '--decode-pids=pidns', '-e', 'signal=none']
  // The kernel takes no longer string than this.
  return ['strace', ...flags, '-e', calls, '-v', '-s', String(128 << 10), '-o', file]
}

/** In the order in which they were started. Throws where the record is not whole. */
export async function readTrace(file: string): Promise<readonly Program[]> {
  const calls = readCalls(await readFile(file, 'latin1'))
  const parents = new Map(
    calls.flatMap((call) => (call.kind === 'clone' ? [[call.child, call.parent]] : [])),
  )
  const inits = new Set<string>()
  const root = calls.find((call) => call.kind === 'exec')?.process
  const isInside = (process: string, variables: readonly string[]): boolean => {
    let one = process
    for (let next: string | undefined = one; next !== undefined; next = parents.get(next)) {
      if (inits.has(next)) return true
      one = next
    }
    // A child that is gone before its parent is told of it cannot be translated from its namespace any more.
    return one !== root && variables.includes('container=podman')
  }
  return calls.flatMap((call): Program[] => {
    if (call.kind !== 'exec') return []
    const { process, pid, path, words, variables } = call
    const isInit = words[1] === 'init' && /(?:^|\/)runc$/u.test(words[0] ?? '')
    const place = !isInit && isInside(process, variables) ? 'container' : 'host'
    if (isInit) inits.add(process)
    return [{ pid, path, words, variables, place }]
  })
}

/** Processes are told by `PID#COUNT`, since a number is used again once its process is gone. */
type Call =
  | { readonly kind: 'clone'; readonly parent: string; readonly child: string }
  | ({ readonly kind: 'exec'; readonly process: string } & Omit<Program, 'place'>)

const CLONED =
  /^(?:<\.\.\. )?(?:clone3?|v?fork)\b.* = (\d+)(?: \/\* (\d+) in strace's PID NS \*\/)?$/u

function readCalls(text: string): readonly Call[] {
  const gone = new Map<string, number>()
  const named = (pid: string) => `${pid}#${gone.get(pid) ?? 0}`
  return text.split('\n').flatMap((line): Call[] => {
    const [, pid = '', said = ''] = /^(\d+) +(.*)$/u.exec(line) ?? []
    if (/^\+\+\+ (?:exited|killed|superseded)/u.test(said)) gone.set(pid, (gone.get(pid) ?? 0) + 1)
    if (/^execve(?:at)?\(/u.test(said)) {
      return [
        {
          kind: 'exec',
          process: named(pid),
          pid: Number(pid),
          ...readProgram(said.replace(/ <unfinished \.{3}>$/u, '')),
        },
      ]
    }
    const [, own, seen = own] = CLONED.exec(said) ?? []
    return seen === undefined ? [] : [{ kind: 'clone', parent: named(pid), child: named(seen) }]
  })
}

/** `execve("PATH", ["WORD", …], ["NAME=VALUE", …]`, with C's escapes. */
function readProgram(call: string): Pick<Program, 'path' | 'words' | 'variables'> {
  const lists: string[][] = []
  const alone: string[] = []
  let depth = 0
  for (const [token, text, cut] of call.matchAll(/"((?:[^"\\]|\\.)*)"(\.{3})?|[[\]]|\.{3}/gu)) {
    if (cut !== undefined || token === '...') throw new Error(`A cut record: ${call.slice(0, 200)}`)
    if (token === '[' && ++depth === 1) lists.push([])
    else if (token === ']') depth -= 1
    else if (text !== undefined) (depth === 0 ? alone : lists.at(-1))?.push(unescaped(text))
  }
  const [words, variables] = lists
  if (words === undefined || variables === undefined) {
    throw new Error(`An unreadable record: ${call.slice(0, 200)}`)
  }
  return { path: alone[0] ?? '', words, variables }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', v: '\v', f: '\f' }

function unescaped(text: string): string {
  const bytes = text.replaceAll(/\\([0-7]{1,3}|.)/gu, (_all, code: string) =>
    /^[0-7]/u.test(code) ? String.fromCharCode(Number.parseInt(code, 8)) : (ESCAPES[code] ?? code),
  )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
