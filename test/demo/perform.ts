/** Plays the demo from beginning to end and takes everything down again. Started by `run.ts`, not by hand. */
import { parseArgs } from 'node:util'
import { play } from './play.ts'
import { must } from './must.ts'
import { createScreen } from './screen.ts'
import { openStage, tellStage, tookSince, type Stage, type StageOptions } from './stage.ts'

const screen = createScreen(process.stdout)

/** 0 where every step held, 1 where one did not, 130 where it was interrupted. */
async function main(): Promise<number> {
  const interrupt = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => interrupt.abort(new Error('Interrupted')))
  }
  const { signal } = interrupt
  let stage: Stage | null = null
  let code = 0
  try {
    screen.heading('The lab')
    const began = performance.now()
    stage = await openStage({ ...readOptions(), screen, signal })
    signal.throwIfAborted()
    await tellStage(stage)
    screen.fact('up after', tookSince(began))
    await play(stage)
    tellHonesty(stage)
  } catch (error) {
    code = signal.aborted ? 130 : 1
    if (code === 1) tellError('Step failed', error)
    // Beside it stands the terminal's echo of Ctrl-C.
    else screen.line()
  }
  return stage === null ? code : await takeDown(stage, code)
}

function readOptions(): Pick<StageOptions, 'registry' | 'noEngine'> {
  const { values } = parseArgs({
    options: { registry: { type: 'string' }, 'no-engine': { type: 'string' } },
  })
  return {
    registry: values.registry === 'docker-registry' ? 'docker-registry' : 'in-process',
    noEngine: values['no-engine'] ?? null,
  }
}

/** The double is only worth something while it answers as GitHub does. */
function tellHonesty({ lab }: Stage): void {
  const { requests, violations, deliveries } = lab.github
  must(violations.length === 0, `the lab left GitHub's own description: ${violations.join('; ')}`)
  const api = requests.filter(({ operation }) => operation !== null).length
  screen.heading('The end')
  const checked = `${api} API calls and ${deliveries.log.length} webhooks, all as GitHub's own description says`
  screen.fact('GitHub', checked)
}

async function takeDown(stage: Stage, code: number): Promise<number> {
  const began = performance.now()
  try {
    await stage.close()
    const what = 'processes, containers, networks and files are gone'
    screen.fact('taken down', `${what}, after ${tookSince(began)}`)
    return code
  } catch (error) {
    tellError('Taking down failed', error)
    return code === 0 ? 1 : code
  }
}

function tellError(what: string, error: unknown): void {
  screen.line()
  screen.line(`${what}: ${error instanceof Error ? error.message : String(error)}`, ['bold', 'red'])
}

process.exitCode = await main()
