import { fail, ok, warn, type Check, type DoctorAnswer } from '../src/domain/doctor/check.ts'
import { judgeComplaints } from '../src/domain/doctor/complaints.ts'
import type { HostFacts } from '../src/domain/doctor/facts.ts'
import { judgeAsked, type Asked } from '../src/domain/doctor/outcome.ts'
import { judgeRootless, judgeSession } from '../src/domain/doctor/rootless.ts'
import { judgeSockets } from '../src/domain/doctor/sockets.ts'
import { judgeStorage } from '../src/domain/doctor/storage.ts'
import { judgeTime } from '../src/domain/doctor/time.ts'
import { MagosError } from '../src/domain/error.ts'
import type { EngineInfo, InstallationState, Provider } from '../src/ports.ts'
import type { DoctorContext } from './context.ts'
import { askWithin } from './steps/ask-within.ts'
import { scanStacks } from './steps/scan-stacks.ts'
import { examineHosts } from './steps/examine-hosts.ts'
import { examinePorts } from './steps/examine-ports.ts'
import { examineRegistries } from './steps/examine-registries.ts'
import { examineSecrets } from './steps/examine-secrets.ts'
import { viewRepository } from './steps/view-repository.ts'
import type { RepositoryView } from './views.ts'

/** Whether what may be put right without asking is put right. */
export type Treatment = 'look' | 'fix'

/**
 * Looks at everything that Magos stands on: this machine, its engine and provider, the repository, GitHub and registries.
 * What is missing or silent is a check that failed, never an error. `fix` closes the data directory and lets the user
 * linger, nothing else, and looks again.
 */
export async function doctorRequested(
  ctx: DoctorContext,
  treatment: Treatment,
  signal: AbortSignal,
): Promise<DoctorAnswer> {
  const found = await examine(ctx, signal)
  const fixed = treatment === 'look' ? [] : await mend(ctx, found, signal)
  const checks = fixed.length === 0 ? found.checks : (await examine(ctx, signal)).checks
  return { checks, fixed }
}

interface Examination {
  readonly checks: readonly Check[]
  readonly facts: HostFacts
}

async function examine(ctx: DoctorContext, signal: AbortSignal): Promise<Examination> {
  const ask = askWithin(ctx.patience(), signal)
  const [runtime, engine, provider, view, installation, skew] = await Promise.all([
    ask(async (asked) => (await ctx.openEngine(asked)).runtime),
    ask(async (asked) => (await ctx.openEngine(asked)).engine.info(asked)),
    ask(async (asked) => (await ctx.openEngine(asked)).compose.provider(null, asked)),
    ask((asked) => readView(ctx, asked)),
    ask(async (asked) => (await ctx.openRepository(asked)).installation?.state(asked) ?? null),
    ask(async (asked) =>
      ctx.clockUrl === null ? null : ctx.prerequisites.skew(ctx.clockUrl, asked),
    ),
  ])
  const info = engine.outcome === 'answered' ? engine.answer : null
  const [facts, registries, secrets, hosts] = await Promise.all([
    ctx.prerequisites.look(info?.images ?? null, signal),
    examineRegistries(ctx, ask, view),
    examineSecrets(ctx, ask, view),
    examineHosts(ctx, ask, view),
  ])
  const { firstPort } = facts
  const ports = await examinePorts(ctx, ask, { view, info, firstPort })
  const checks = [
    judgeAsked('engine', engine, (answer) => ok('engine', engineText(answer))),
    judgeAsked('provider', provider, (answer) => ok('provider', providerText(answer))),
    ...judgeComplaints(info?.complaints ?? []),
    ...judgeSockets(facts, {
      engine: runtime.outcome === 'answered' ? runtime.answer : null,
      engineAnswers: info === null ? 'no' : 'yes',
      provider: provider.outcome === 'answered' ? provider.answer.name : null,
    }),
    ...userChecks(runtime.outcome === 'answered' ? runtime.answer : null, info, facts),
    ...ports,
    ...judgeStorage(facts),
    judgeTime(facts, skew.outcome === 'answered' ? skew.answer : null),
    judgeAsked('repository', view, (answer) => repositoryCheck(ctx, answer)),
    ...installationChecks(view, installation),
    ...webhookChecks(ctx),
    ...hosts,
    ...secrets,
    ...registries,
  ]
  return { checks, facts }
}

async function readView(ctx: DoctorContext, signal: AbortSignal): Promise<RepositoryView> {
  const { source } = await ctx.openRepository(signal)
  const view = await viewRepository({ ...ctx, source }, await source.head(signal), signal)
  await scanStacks({ ...ctx, source }, view, signal)
  return view
}

function engineText({ name, version, rootless, os, architecture }: EngineInfo): string {
  return `${name} ${version}, ${rootless ? 'rootless' : 'rootful'}, ${os}/${architecture}`
}

function providerText({ name, version, path }: Provider): string {
  return `${name} ${version}: ${path}`
}

/** What an ordinary user's daemon stands on. An engine that does not answer may not answer for want of some of it. */
function userChecks(
  runtime: EngineInfo['name'] | null,
  info: EngineInfo | null,
  facts: HostFacts,
): readonly Check[] {
  if (facts.user.uid === 0 && info?.rootless !== true) return []
  if (runtime === 'docker') return judgeSession(facts, info?.rootless === true)
  return info?.rootless === false ? [] : judgeRootless(facts, info?.network ?? null)
}

function repositoryCheck(
  { host }: DoctorContext,
  { revision, stacks, refused, problems }: RepositoryView,
): Check {
  const name = 'repository'
  if (host.repository === '') {
    const detail = `MD_REPO is not set: ${counted(stacks)} in the working directory`
    return warn(name, detail, 'Set MD_REPO to owner/name or to a local path')
  }
  const detail = `${counted(stacks)} of this host at ${revision.commit.slice(0, 12)}`
  const first = problems.find(({ severity }) => severity === 'error')
  return refused.length === 0 && first === undefined
    ? ok(name, detail)
    : warn(
        name,
        `${detail}, ${refused.length} refused${first === undefined ? '' : `; ${first.file}:${first.line}: ${first.message}`}`,
        'See: magos scan, magos plan',
      )
}

function counted({ length }: readonly unknown[]): string {
  return length === 1 ? '1 stack' : `${length} stacks`
}

/** A repository that could not be opened is told of already. */
function installationChecks(
  view: Asked<RepositoryView>,
  asked: Asked<InstallationState | null>,
): readonly Check[] {
  const isLocal = asked.outcome === 'answered' && asked.answer === null
  if (isLocal || (asked.outcome !== 'answered' && view.outcome !== 'answered')) return []
  const name = 'github-app'
  return [
    judgeAsked(name, asked, (state) => {
      if (state !== null && state.outcome !== 'ready') return fail(name, state.reason, state.remedy)
      const warning = state?.warning
      return warning === undefined
        ? ok(name, 'it is installed and has what it needs')
        : warn(name, warning.reason, warning.remedy)
    }),
  ]
}

function webhookChecks({ webhook }: DoctorContext): readonly Check[] {
  const name = 'webhook'
  switch (webhook) {
    case 'unneeded':
      return []
    case 'set':
      return [ok(name, 'its secret is set')]
    case 'unset':
      return [
        warn(
          name,
          'it has no secret: deliveries are refused, and polling finds the work',
          'Set MD_WEBHOOK_SECRET to what the GitHub App’s settings have',
        ),
      ]
  }
}

async function mend(
  { prerequisites }: DoctorContext,
  { checks, facts }: Examination,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const fixed: string[] = []
  const due = [
    ...(facts.dataDirectory.state === 'open' ? (['data-directory'] as const) : []),
    ...(checks.some(({ name, status }) => name === 'linger' && status === 'fail')
      ? (['linger'] as const)
      : []),
  ]
  for (const what of due) {
    const done = await prerequisites.mend(what, signal).catch(refusedOnly)
    if (done !== null) fixed.push(done)
  }
  return fixed
}

/** What may not be put right stays a check that fails, with its remedy. */
function refusedOnly(thrown: unknown): null {
  if (thrown instanceof MagosError && thrown.code !== 'interrupted') return null
  throw thrown
}
