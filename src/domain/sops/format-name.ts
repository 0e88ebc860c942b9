export const sopsFormats = ['yaml', 'json', 'dotenv', 'ini', 'binary'] as const

/** What a file of SOPS is written in: https://github.com/getsops/sops#supported-file-formats */
export type SopsFormat = (typeof sopsFormats)[number]

/** What sops takes a file for by its name. */
export function formatOfName(path: string): SopsFormat {
  return formatOfExtension(path) ?? 'binary'
}

/** Null where the name says nothing. */
export function formatOfExtension(path: string): SopsFormat | null {
  if (/\.ya?ml$/.test(path)) return 'yaml'
  if (path.endsWith('.json')) return 'json'
  if (path.endsWith('.env')) return 'dotenv'
  return path.endsWith('.ini') ? 'ini' : null
}
