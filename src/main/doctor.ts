import { userInfo } from 'node:os'
import type { DoctorContext } from '../../handlers/context.ts'
import { doctorRequested, type Treatment } from '../../handlers/doctor-requested.ts'
import { createViews } from '../../handlers/views.ts'
import { createPrerequisites } from '../adapters/prerequisites/prerequisites.ts'
import { createRedactor } from '../adapters/log/redact.ts'
import { fail, type DoctorAnswer } from '../domain/doctor/check.ts'
import { MagosError } from '../domain/error.ts'
import type { Base } from './base.ts'
import { redacted } from './redact-answers.ts'
import { openRepository, openSource } from './repository.ts'
import { openRegistry } from './registry.ts'
import { openSecrets } from './secrets.ts'
import { openDeploying } from './deploying.ts'
import { hostSettings } from './host-settings.ts'
import { machinePlatform } from './platform.ts'

/** ms after which what did not answer counts as silent. */
const PATIENCE = 15_000

export async function examineHost(
  base: Base,
  treatment: Treatment,
  signal: AbortSignal,
): Promise<DoctorAnswer> {
  try {
    const redact = createRedactor(() => base.liveValues.all())
    return await redacted(redact, () => doctorRequested(doctorContext(base), treatment, signal))
  } finally {
    await base.http.close()
  }
}

function doctorContext(base: Base): DoctorContext {
  const { config, environment, run, clock, http } = base
  return {
    prerequisites: createPrerequisites({
      run,
      http,
      now: () => clock.now(),
      user: user(),
      dataDirectory: config.dataDirectory,
      runtimeDirectory: environment['XDG_RUNTIME_DIR'] || usualRuntimeDirectory(),
      environment,
    }),
    registry: openRegistry(base),
    secrets: openSecrets(base, 'pretend'),
    views: createViews(),
    host: hostSettings(base, machinePlatform()),
    ...githubContext(base),
    openEngine: once((asked) => openDeploying(base, 'pretend', asked)),
    openRepository: once(async () =>
      config.repository === null
        ? { source: await openSource(base), installation: null, reporters: null }
        : openRepository(base),
    ),
    patience: () => AbortSignal.timeout(PATIENCE),
  }
}

function githubContext({ config }: Base): Pick<DoctorContext, 'clockUrl' | 'webhook'> {
  const { repository, github, webhookSecret } = config
  if (repository?.kind !== 'github') return { clockUrl: null, webhook: 'unneeded' }
  return { clockUrl: github.apiUrl, webhook: webhookSecret === null ? 'unset' : 'set' }
}

/** What is wrong with the configuration is an answer too; nothing else can be looked at without it. */
export function unconfigured(thrown: unknown): DoctorAnswer {
  if (!(thrown instanceof MagosError) || thrown.code !== 'configuration') throw thrown
  const { message, remedy = 'Correct it, then look again' } = thrown
  // Several problems stand below their number, a line each.
  const [first = '', ...rest] = message.split('\n')
  const problems = rest.length === 0 ? [first] : rest
  return {
    checks: problems.map((problem) => fail('configuration', problem.trim(), remedy)),
    fixed: [],
  }
}

function usualRuntimeDirectory(): string {
  const uid = process.getuid?.() ?? 0
  return uid === 0 ? '/run' : `/run/user/${uid}`
}

/** A container's user may have a number and no name. */
function user(): { readonly name: string; readonly uid: number } {
  const uid = process.getuid?.() ?? 0
  try {
    return { name: userInfo().username, uid }
  } catch {
    return { name: String(uid), uid }
  }
}

/** Several checks stand on one thing, which is opened once. */
function once<Result>(
  open: (signal: AbortSignal) => Promise<Result>,
): (signal: AbortSignal) => Promise<Result> {
  let opened: Promise<Result> | undefined
  return (signal) => (opened ??= open(signal))
}
