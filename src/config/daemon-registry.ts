import { X509Certificate } from 'node:crypto'
import { dirname } from 'node:path'

import * as v from 'valibot'

import type { RegistrySettings } from './config.ts'
import { refuse, type Reading } from './daemon-reading.ts'
import { PLACE, registrySchema, type RegistryOutput } from './daemon-schema.ts'
import { expandPath } from './path.ts'
import { Secret } from './secret.ts'
import type { YamlText } from './yaml.ts'

/** The registries that are well written although something else is not: so their own problems are told as well. */
export function soundRegistries({ value }: YamlText): Record<string, RegistryOutput> {
  const whole = v.safeParse(v.object({ registries: v.record(v.string(), v.unknown()) }), value)
  const sound: Record<string, RegistryOutput> = {}
  for (const [host, each] of Object.entries(whole.success ? whole.output.registries : {})) {
    const parsed = v.safeParse(registrySchema, each)
    if (parsed.success) sound[host] = parsed.output
  }
  return sound
}

/** One registry's settings, or the login of a path there; what is wrong with them is refused, and left out. */
export function readRegistry(
  reading: Reading,
  host: string,
  output: RegistryOutput,
): RegistrySettings {
  const { plainHttp = null, mirrors = [], tokenServers = [], ca } = output
  if (host.includes('/') && PLACE.test(host)) refuseBesideLogin(reading, host, output)
  if (mirrors.some((mirror) => mirror.split('/')[0] === host)) {
    const message = `Cannot use ${JSON.stringify(host)} as a mirror of itself`
    refuse(reading, ['registries', host, 'mirrors'], message)
  }
  return {
    plainHttp,
    credential: readCredential(reading, host, output),
    ca: ca === undefined ? null : readAuthority(reading, host, ca),
    mirrors,
    tokenServers,
  }
}

/** How a registry is reached does not differ from path to path. */
function refuseBesideLogin(reading: Reading, place: string, output: RegistryOutput): void {
  const [host] = place.split('/')
  for (const key of Object.keys(output)) {
    if (key === 'username' || key === 'passwordFile') continue
    const message = `Cannot use ${key} for the path ${JSON.stringify(place)}: only a login counts for a path; say it of ${JSON.stringify(host)}`
    refuse(reading, ['registries', place, key], message, 'key')
  }
  if (output.username !== undefined || output.passwordFile !== undefined) return
  const message = `Cannot use the path ${JSON.stringify(place)}: expected its login, username and passwordFile`
  refuse(reading, ['registries', place], message, 'key')
}

function readCredential(
  reading: Reading,
  host: string,
  { username, passwordFile }: RegistryOutput,
): RegistrySettings['credential'] {
  if (username === undefined && passwordFile === undefined) return null
  if (username === undefined || passwordFile === undefined) {
    const absent = username === undefined ? 'username' : 'passwordFile'
    const message = `Cannot use the credential of ${JSON.stringify(host)}: ${absent} is missing`
    refuse(reading, ['registries', host], message, 'key')
    return null
  }
  const password = readPassword(reading, host, passwordFile)
  return password === null ? null : { username, password }
}

function readPassword(reading: Reading, host: string, file: string): Secret | null {
  const password = readBeside(reading, file)?.trim()
  if (password) return new Secret(password)
  // the value is never shown: it may be the password itself
  const state = password === undefined ? 'no such readable file' : 'it is empty'
  const message = `Cannot read the file that passwordFile names: ${state}`
  refuse(reading, ['registries', host, 'passwordFile'], message)
  return null
}

function readAuthority(reading: Reading, host: string, file: string): string | null {
  const text = readBeside(reading, file)
  if (text !== null && isCertificate(text)) return text
  const state = text === null ? 'no such readable file' : 'it holds no certificate in PEM'
  const message = `Cannot use ca ${JSON.stringify(file)}: ${state}`
  refuse(reading, ['registries', host, 'ca'], message)
  return null
}

/** A relative path counts from the YAML. */
function readBeside({ input }: Reading, file: string): string | null {
  const { homeDirectory, file: yaml, readFile } = input
  return readFile(expandPath(file, { homeDirectory, workingDirectory: dirname(yaml) }))
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).raw.length > 0
  } catch {
    return false
  }
}
