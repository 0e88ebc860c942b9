import type { LiveValues } from '../adapters/log/live-values.ts'
import type { Config } from '../config/config.ts'
import type { FollowChild } from '../host/follow-child.ts'
import type { RunChild } from '../host/process.ts'
import type { Http } from '../host/http.ts'
import type { Clock, Log } from '../ports.ts'
import type { Environment } from './settings.ts'

/** What every part of the world is made with. */
export interface Base {
  readonly config: Config
  readonly environment: Environment
  readonly workingDirectory: string
  readonly version: string
  readonly clock: Clock
  readonly log: Log
  /** What no log, answer or report may tell. */
  readonly liveValues: LiveValues
  readonly http: Http
  readonly run: RunChild
  readonly follow: FollowChild
}
