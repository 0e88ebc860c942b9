/**
 * `magos check` over the real adapter, in a process of its own: `node registry-check.ts PORT REPOSITORIES`. Every line of its input
 * is a round, every line of its output what it took.
 */
import { platformOf } from '../../src/domain/platform.ts'
import { noRules } from '../../src/domain/policy/rules.ts'
import { createInterface } from 'node:readline'
import type { HostSettings } from '../../handlers/context.ts'
import { createViews } from '../../handlers/views.ts'
import { checkRequested } from '../../handlers/check-requested.ts'
import { plainHttpRule } from '../../src/adapters/registry/endpoint.ts'
import { createRegistry } from '../../src/adapters/registry/registry.ts'
import { createHttp } from '../../src/host/http.ts'
import type { Log, Registry } from '../../src/ports.ts'
import { createMemoryGit } from '../fakes/memory-git.ts'
import { measured } from './registry-round.ts'

const [, , port = '', count = ''] = process.argv
const repositories = Number(count)
/** Services of one stack. */
const STACK = 10

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
let begin = () => {}
const registry: Registry = {
  ...asked,
  tags(name, signal) {
    begin()
    return asked.tags(name, signal)
  },
}
const host: HostSettings = {
  name: 'bench',
  repository: 'bench',
  rootStack: 'bench',
  settle: 0,
  settleUnchecked: 0,
  deadline: 0,
  allowPaths: [],
  allowHooks: [],
  directories: {},
  adopting: [],
  platform: platformOf('linux', 'amd64'),
  guards: noRules,
  drift: 'heal',
  revert: 'updates',
  drifts: {},
  grace: 0,
  keepImages: 1,
}
/** Nothing here has an age. */
const memory = { firstSeen: () => null }
const views = createViews()
const { signal } = new AbortController()

for await (const _ of createInterface({ input: process.stdin })) {
  const round = await measured(async (first) => {
    begin = first
    const answer = await checkRequested(
      { source, views, registry, host, log, memory, now: Date.now(), proposals: null },
      signal,
    )
    return { updates: answer.updates.length, held: answer.held.length }
  })
  console.log(JSON.stringify(round))
}
await http.close()
