import { startDocker } from './docker.ts'
import { startEngine } from './start.ts'
import type { LabEngine, LabEngineOptions } from './start.ts'

/** Set to `docker` where suites that are podman's by default shall run on docker. */
export const RUNTIME = 'MAGOS_LAB_RUNTIME'

export function chosenRuntime(): LabEngine['runtime'] {
  return process.env[RUNTIME] === 'docker' ? 'docker' : 'podman'
}

/** The engine that this run of the suites is about. */
export async function startChosen(options: LabEngineOptions = {}): Promise<LabEngine> {
  return await (chosenRuntime() === 'docker' ? startDocker(options) : startEngine(options))
}
