/**
 * `npm run bench`, or `npm run bench -- start webhooks --markdown`: figures of the release and the source form, each
 * beside a floor of the same minute and the same machine. Nothing here passes or fails by time.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { benchCalls } from './calls.ts'
import type { BenchContext } from './context.ts'
import { benchEdit } from './edit.ts'
import { layForms } from './forms.ts'
import { makeGround } from './ground.ts'
import { benchLoop } from './loop.ts'
import { loadLine, machineLine } from './machine.ts'
import { benchPolicy } from './policy.ts'
import { benchReconcile } from './reconcile.ts'
import { benchRegistries } from './registries.ts'
import { benchSecrets } from './secrets.ts'
import { benchStart } from './start.ts'
import { markdownTable, textTable, type Table } from './table.ts'
import { benchWebhooks } from './webhooks.ts'

type Bench = (context: BenchContext) => Promise<Table[]>

const BENCHES: ReadonlyMap<string, Bench> = new Map([
  ['start', benchStart],
  ['webhooks', benchWebhooks],
  ['loop', benchLoop],
  ['calls', benchCalls],
  ['registries', benchRegistries],
  ['policy', benchPolicy],
  ['edit', benchEdit],
  ['reconcile', benchReconcile],
  ['secrets', benchSecrets],
])

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { markdown: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const unknown = positionals.find((name) => !BENCHES.has(name))
  if (unknown !== undefined) {
    console.error(`Cannot run bench "${unknown}": there are ${[...BENCHES.keys()].join(', ')}`)
    return 2
  }
  const interrupt = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => interrupt.abort())
  }
  const ground = await makeGround()
  const print = values.markdown ? markdownTable : textTable
  console.log(`${machineLine(new Date())}\n`)
  try {
    const forms = await layForms(ground)
    for (const [name, bench] of BENCHES) {
      if (positionals.length > 0 && !positionals.includes(name)) continue
      const context = { ground: join(ground, name), forms, signal: interrupt.signal }
      await mkdir(context.ground)
      for (const table of await bench(context)) console.log(`${print(table)}\n`)
      console.error(`(${name}: ${loadLine()})\n`)
    }
    return 0
  } catch (thrown) {
    if (!interrupt.signal.aborted) throw thrown
    return 130
  }
}

process.exitCode = await main()
