/** Our own check, in a process of its own: `node registry-check.ts PORT REPOSITORIES ROUNDS`: cold, warm rounds, one changed. */
import { checkRequested } from '../../handlers/check-requested.ts'
import { plainHttpRule } from '../../src/adapters/registry/endpoint.ts'
import { createRegistry } from '../../src/adapters/registry/registry.ts'
import { createHttp } from '../../src/host/http.ts'
import type { Log, Registry } from '../../src/ports.ts'
import { createMemoryGit } from '../fakes/memory-git.ts'

const [, , port = '', count = '', rounds = ''] = process.argv
const repositories = Number(count)
/** Services of one stack. */
const STACK = 10

/** What one check took, ms: all, and from its first question to its last decision. */
export interface Round {
  readonly name: 'cold' | 'warm' | 'changed'
  readonly whole: number
  readonly asking: number
  readonly updates: number
  readonly held: number
  readonly unchanged: number
  readonly requests: number
}

const log: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: (_fields, message) => console.error(message),
  error: (_fields, message) => console.error(message),
  child: () => log,
}

function composeFiles(): Record<string, string> {
  const files: Record<string, string> = {}
  for (let from = 0; from < repositories; from += STACK) {
    const lines = Array.from({ length: Math.min(STACK, repositories - from) }, (_, one) => {
      const newest = from + one === 0 && repositories > 20 ? 9_999 : 49
      const image = `127.0.0.1:${port}/bench/app-${from + one}:1.0.${newest}@sha256:${'0'.repeat(64)}`
      return `  app-${one}:\n    image: ${image} # {"magos": {"policy": "semver", "range": "^1"}}\n`
    })
    files[`stack-${from / STACK}/compose.yaml`] = `services:\n${lines.join('')}`
  }
  return files
}

const source = createMemoryGit(composeFiles())
const http = createHttp()
const asked = createRegistry({
  http,
  credentials: { find: async () => null, consulted: () => [], refused: () => undefined },
  plainHttp: plainHttpRule(),
  now: Date.now,
  log,
})
let first = 0
const registry: Registry = {
  ...asked,
  tags(name, signal) {
    first ||= performance.now()
    return asked.tags(name, signal)
  },
}
const host = {
  name: 'bench',
  repository: 'bench',
  rootStack: 'bench',
  settle: 0,
  deadline: 0,
  allowPaths: [],
  directories: {},
}

async function check(name: Round['name']): Promise<Round> {
  first = 0
  const begun = performance.now()
  const answer = await checkRequested({ source, registry, host, log }, signal)
  const ended = performance.now()
  return {
    name,
    whole: ended - begun,
    asking: ended - first,
    updates: answer.updates.length,
    held: answer.held.length,
    unchanged: answer.unchanged,
    requests: answer.requests,
  }
}

const signal = new AbortController().signal
const control = async (query: string): Promise<unknown> => {
  const url = new URL(`http://127.0.0.1:${port}/bench?${query}`)
  const { body } = await http.request({ url, maxBody: 1000, signal })
  return JSON.parse(Buffer.from(body).toString())
}

await control(`large=${repositories > 20 ? 0 : -1}&changed=-1`)
const results: (Round & { readonly traffic: unknown })[] = []
const run = async (name: Round['name']) => {
  const round = await check(name)
  results.push({ ...round, traffic: await control('') })
}
await run('cold')
for (let round = 0; round < Number(rounds); round += 1) await run('warm')
await control('changed=5')
await run('changed')
console.log(JSON.stringify({ rounds: results, peak: process.resourceUsage().maxRSS / 1024 }))
await http.close()
