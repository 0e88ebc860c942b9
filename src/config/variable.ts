import type { Place } from '../domain/error.ts'
import type { Dotenv } from './dotenv.ts'

/** Variables that hold a secret: each may also come from a file or a systemd credential. */
export const SECRET_VARIABLES = [
  'MD_WEBHOOK_SECRET',
  'MD_REGISTRY_WEBHOOK_SECRET',
  'GITHUB_APP_PRIVATE_KEY',
] as const

export const PLAIN_VARIABLES = [
  'MD_REPO',
  'MD_BRANCH',
  'MD_HOST',
  'MD_RUNTIME',
  'MD_CONFIG',
  'MD_DATA_DIR',
  'MD_LISTEN',
  'MD_POLL_INTERVAL',
  'MD_REGISTRY_AUTH_FILE',
  'MD_LOG_LEVEL',
  'GITHUB_APP_ID',
  'GITHUB_API_URL',
  'GITHUB_SERVER_URL',
] as const

/** SOPS's own, which mean here what they mean to it. https://getsops.io/docs/#encrypting-using-age */
export const KEY_VARIABLES = [
  'SOPS_AGE_KEY',
  'SOPS_AGE_KEY_FILE',
  'SOPS_AGE_KEY_CMD',
  'SOPS_AGE_SSH_PRIVATE_KEY_FILE',
  'SOPS_AGE_SSH_PRIVATE_KEY_CMD',
] as const

export type SecretVariable = (typeof SECRET_VARIABLES)[number]
export type PlainVariable = (typeof PLAIN_VARIABLES)[number]
export type KeyVariable = (typeof KEY_VARIABLES)[number]

/** A variable's value and where it was written. */
export interface Variable {
  readonly name: string
  readonly value: string
  /** null for a variable of the process itself. */
  readonly place: Place | null
}

/** The variables of the process over those of `.env`. An empty one counts as not set. */
export interface Variables {
  /** Every variable that is set. */
  readonly all: readonly Variable[]
  find(name: string): Variable | null
  /** The first layer, process before `.env`, that sets any of the names: all that it sets. */
  layer(names: readonly string[]): readonly Variable[]
}

export function layerVariables(
  environment: Readonly<Record<string, string | undefined>>,
  dotenv: Dotenv | null,
): Variables {
  const real = new Map<string, Variable>()
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && value !== '') real.set(name, { name, value, place: null })
  }
  const written = new Map<string, Variable>()
  for (const [name, entry] of dotenv?.entries ?? []) {
    if (entry.value !== '') written.set(name, entry)
  }
  return {
    all: [...new Map([...written, ...real]).values()],
    find: (name) => real.get(name) ?? written.get(name) ?? null,
    layer(names) {
      const ofLayer = (layer: ReadonlyMap<string, Variable>) =>
        names.flatMap((name) => layer.get(name) ?? [])
      const first = ofLayer(real)
      return first.length > 0 ? first : ofLayer(written)
    },
  }
}
