import { writeFile } from 'node:fs/promises'
import { startAbsentEngine } from '../lab/engine/absent.ts'
import { startHomelab, type Homelab } from '../lab/homelab.ts'
import { startRegistry } from '../lab/registry/registry.ts'
import type { BenchContext } from './context.ts'
import type { Form } from './forms.ts'
import { composeFile, until } from './served.ts'
import { median } from './statistics.ts'
import { startSubject } from './subject.ts'
import { milliseconds, ratio, type Table } from './table.ts'

const ROUNDS = 5

interface Round {
  /** Calls to GitHub's API from the webhook to the moved ref, as the lab wrote them down. */
  readonly calls: readonly string[]
  /** ms from the first call to the moved ref. */
  readonly ms: number
}

interface Calls {
  readonly lab: Homelab
  readonly signal: AbortSignal
  /** Patch of the last version. */
  version: number
}

/** Calls to GitHub between a decision and the moved ref. No engine is needed: the commit is made before anybody deploys. */
export async function benchCalls({ ground, forms, signal }: BenchContext): Promise<Table[]> {
  const registry = await startRegistry()
  const lab = await startHomelab({
    engine: () => startAbsentEngine({ parent: ground }),
    registry: async () => registry,
  })
  try {
    await writeFile(String(lab.environment()['MD_CONFIG']), 'debounce: 0s\n')
    await lab.push('app', '1.0.0')
    const annotated = `${lab.image('app')}:1.0.0  # {"magos": {"policy": "semver"}}`
    const content = composeFile(annotated, 8080)
    await lab.repository.commit([{ path: 'shop/compose.yaml', content }])
    const calls: Calls = { lab, signal, version: 0 }
    const release = await runForm(calls, forms.release)
    const source = await runForm(calls, forms.source)
    return [table(await runFloor(lab), release, source)]
  } finally {
    await lab.close()
  }
}

/** The first round is the warm-up. */
async function runForm(calls: Calls, { command, env }: Form): Promise<Round[]> {
  const { lab, signal } = calls
  const daemon = await startSubject({ command, env: lab.environment(env) })
  try {
    // At the first start the image is pinned to its digest.
    await until(async () => (await lab.repository.read('shop/compose.yaml'))?.includes('@'), signal)
    const rounds: Round[] = []
    for (let round = 0; round <= ROUNDS; round += 1) {
      const measured = await runRound(calls)
      if (round > 0) rounds.push(measured)
    }
    return rounds
  } finally {
    await daemon.stop()
  }
}

async function runRound(calls: Calls): Promise<Round> {
  const { lab, signal } = calls
  const { github, repository, registry } = lab
  calls.version += 1
  const tag = `1.0.${calls.version}`
  const digest = await lab.push('app', tag)
  const [seen, before] = [github.requests.length, pushes(lab).length]
  await github.publishPackage({ repository, name: 'app', tag, digest, registry: registry.host })
  const push = await until(() => pushes(lab)[before], signal)
  await github.settled()
  const requests = github.requests.slice(seen)
  const move = requests.findIndex(({ method }) => method === 'PATCH')
  const api = requests.slice(0, move + 1).filter(({ operation }) => operation !== null)
  return {
    calls: api.map(({ operation }) => String(operation)),
    ms: push.deliveredAt - (api[0]?.at ?? NaN),
  }
}

function pushes({ github }: Homelab) {
  return github.deliveries.log.filter(({ event }) => event === 'push')
}

/** Tree, commit and ref made by three bare requests, one after the other, as a person. */
async function runFloor({ github }: Homelab): Promise<number> {
  const files = [{ path: 'shop/compose.yaml', content: 'services: {}\n' }]
  const repository = await github.createRepository({ name: 'floor', files })
  const { owner, name } = repository
  const send = async (method: string, path: string, body: unknown) => {
    const response = await fetch(`${github.url}/repos/${owner}/${name}/git/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${github.state.personToken}`,
        'content-type': 'application/json',
        'user-agent': 'floor',
      },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`)
    const answer: unknown = await response.json()
    return typeof answer === 'object' && answer !== null && 'sha' in answer ? answer.sha : null
  }
  const times: number[] = []
  for (let round = 0; round <= ROUNDS; round += 1) {
    const { commit, tree: base } = await repository.head()
    const entry = {
      path: 'shop/compose.yaml',
      mode: '100644',
      type: 'blob',
      content: `# ${round}\n`,
    }
    const begun = performance.now()
    const tree = await send('POST', 'trees', { base_tree: base, tree: [entry] })
    const made = await send('POST', 'commits', { message: `${round}`, tree, parents: [commit] })
    await send('PATCH', 'refs/heads/main', { sha: made, force: false })
    if (round > 0) times.push(performance.now() - begun)
  }
  return median(times)
}

/** `POST …/git/trees`. */
function shortName(operation: string): string {
  return operation.replace('/repos/{owner}/{repo}', '…')
}

function table(floor: number, release: readonly Round[], source: readonly Round[]): Table {
  const forms = [
    ['release', release],
    ['source', source],
  ] as const
  const names = release.at(-1)?.calls ?? []
  return {
    title: 'Calls to GitHub between a decision and the moved ref',
    columns: ['', 'calls in a row', 'first call to moved ref', ''],
    rows: [
      ['three bare requests (floor)', '3', milliseconds(floor), ratio(floor, floor)],
      ...forms.map(([name, rounds]) => {
        const ms = median(rounds.map((round) => round.ms))
        const calls = String(Math.max(...rounds.map((round) => round.calls.length)))
        return [name, calls, milliseconds(ms), ratio(ms, floor)]
      }),
    ],
    notes: [
      `${names.map(shortName).join(', ')}. The head was read before, by git's own protocol.`,
      `Medians of ${ROUNDS} updates; of the calls the most. The GitHub is the lab's, on this machine.`,
    ],
  }
}
