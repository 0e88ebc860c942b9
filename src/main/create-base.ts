import { createLiveValues } from '../adapters/log/live-values.ts'
import { logFormat, type LogSink } from '../adapters/log/log-format.ts'
import { createLog } from '../adapters/log/log.ts'
import { createHttp } from '../host/http.ts'
import { createFollowChild } from '../host/follow-child.ts'
import { createRunChild } from '../host/process.ts'
import { proxySettings } from '../host/proxy.ts'
import { configuredAuthorities } from './authorities.ts'
import type { Base } from './base.ts'
import { systemClock } from './clock.ts'
import { configuredSecrets, readSettings, type Environment } from './settings.ts'

export interface BaseOptions {
  readonly environment: Environment
  readonly workingDirectory: string
  readonly version: string
  /** Where log lines go. */
  readonly output: Omit<LogSink, 'journalStream'> & { write(line: string): void }
  /** For commands whose answer says it all: no lines below this level, unless fewer are configured. */
  readonly quiet?: 'warn'
}

/** Reads the configuration and opens this machine. Throws `configuration` with everything that is wrong at once. */
export function createBase(options: BaseOptions): Base {
  const { environment, workingDirectory, version, output, quiet } = options
  const config = readSettings(environment, workingDirectory)
  const liveValues = createLiveValues(configuredSecrets(config))
  const journalStream = environment['JOURNAL_STREAM']
  return {
    config,
    environment,
    workingDirectory,
    version,
    clock: systemClock,
    liveValues,
    log: createLog({
      level: quiet === undefined || config.logLevel === 'error' ? config.logLevel : quiet,
      format: logFormat({ ...output, journalStream }),
      destination: output,
      redact: () => liveValues.all(),
    }),
    http: createHttp({
      proxy: proxySettings(environment),
      authorities: configuredAuthorities(config),
      userAgent: `magos-dominus/${version}`,
    }),
    run: createRunChild({ environment }),
    follow: createFollowChild({ environment }),
  }
}
