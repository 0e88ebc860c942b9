/**
 * `npm run demo`: the whole loop in a homelab in a box, from a pushed image to a healthy container. `-- --yes` agrees
 * beforehand to install what is missing. What happens is played by `perform.ts` in a process group of its own, so that a
 * terminal's Ctrl-C reaches us alone and the cleaning up is not interrupted by it.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import type { Consent } from '../lab/engine/install.ts'
import { ISOLATED } from '../lab/engine/isolate.ts'
import { findGround, type Ground } from './ground.ts'
import { createScreen } from './screen.ts'
import { formatTook } from './timeline.ts'

const PERFORM = join(import.meta.dirname, 'perform.ts')
const ISOLATE = join(import.meta.dirname, '../lab/engine/isolate.ts')

const screen = createScreen(process.stdout)

async function main(): Promise<number> {
  const consent = readConsent()
  screen.line(
    'Magos Dominus: behold the Rite of Deployment, from forge to healthy machine spirit',
    'bold',
  )
  const ground = await findGround(consent, (line) => screen.line(`\n${line}`))
  tellGround(ground)
  const began = performance.now()
  const code = await perform(ground)
  const took = formatTook(performance.now() - began)
  screen.line()
  if (code === 0)
    screen.line(`Done in ${took}: every step held, and nothing of the lab is left.`, 'green')
  else if (code === 130) screen.line(`Interrupted after ${took}.`, 'yellow')
  else screen.line(`Failed after ${took}: exit code ${code}.`, ['bold', 'red'])
  if (ground.installed.length > 0) {
    screen.line(`Left on this machine, as said above: ${ground.installed.join(' ')}`)
  }
  return code
}

function readConsent(): Consent {
  try {
    const { values } = parseArgs({ options: { yes: { type: 'boolean', default: false } } })
    if (values.yes) return 'given'
    return process.stdin.isTTY && process.stdout.isTTY ? ask : 'forbidden'
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    console.error('Usage: npm run demo [-- --yes]   --yes agrees to install what is missing')
    process.exit(2)
  }
}

/** By the terminal's own line editing: there Ctrl-C ends us as it should. */
async function ask(): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stdout, terminal: false })
  try {
    const answer = await lines.question('Install it now? [y/N] ')
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    lines.close()
  }
}

function tellGround({ missing, noEngine }: Ground): void {
  if (missing === null && noEngine === null) return
  screen.line()
  if (missing !== null) screen.line(`Not on this machine: ${missing}`, 'yellow')
  const fate =
    noEngine === null
      ? 'It runs real containers all the same'
      : `It goes on without an engine (${noEngine}): everything up to it is real`
  screen.line(`${fate}.`, 'yellow')
  const agreed = missing === null || !missing.includes('nobody agreed')
  if (!agreed) screen.line('To agree beforehand: npm run demo -- --yes', 'yellow')
}

/** Root's engine lives in namespaces of its own; everybody else's has them by itself. */
async function perform({ registry, noEngine }: Ground): Promise<number> {
  const play = [
    PERFORM,
    '--registry',
    registry,
    ...(noEngine === null ? [] : ['--no-engine', noEngine]),
  ]
  const isApart = process.getuid?.() !== 0 || process.env[ISOLATED] === '1' || noEngine !== null
  const args = isApart ? play : [ISOLATE, '--', process.execPath, ...play]
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => child.kill('SIGINT'))
  }
  await once(child, 'exit')
  return child.exitCode ?? 130
}

process.exitCode = await main()
