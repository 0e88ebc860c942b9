import type { ComposeDocument } from './desired-state.ts'
import { members } from './members.ts'

/** Names at the engine of the networks that a service's containers are to hang on. */
export function networksOf(
  document: ComposeDocument,
  project: string,
  service: string,
): readonly string[] {
  const networks = members(document['networks'])
  return networkKeys(document.services[service] ?? {}).map((key) =>
    nameOf(key, members(networks[key]), project),
  )
}

/** A list of names, or a mapping by name; the project's own network where neither that nor a mode is said. */
function networkKeys({
  networks,
  network_mode: mode,
}: Readonly<Record<string, unknown>>): readonly string[] {
  if (networks === undefined || networks === null) {
    return mode === undefined || mode === null ? ['default'] : []
  }
  return Array.isArray(networks) ? networks.map(String) : Object.keys(members(networks))
}

/** As every provider names it. https://github.com/compose-spec/compose-spec/blob/main/06-networks.md#name */
function nameOf(
  key: string,
  { name, external }: Readonly<Record<string, unknown>>,
  project: string,
): string {
  const old = members(external)['name']
  if (typeof old === 'string') return plain(old)
  if (typeof name === 'string') return plain(name)
  return external === true ? key : `${project}_${key}`
}

/** A resolved document has every `$` doubled. */
function plain(text: string): string {
  return text.replaceAll('$$', '$')
}
