import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments, visit } from 'yaml'
import { MagosError } from '../../domain/error.ts'
import type { Recipient } from '../../domain/sops/metadata.ts'
import type { SopsFormat } from '../../domain/sops/format-name.ts'
import type { SopsFile } from '../../domain/sops/sops-file.ts'
import { withPrivateDirectory } from '../../host/private-directory.ts'
import type { ChildResult, RunChild } from '../../host/process.ts'
import type { OpenedSecrets } from '../../ports.ts'

/** Opens a file that no age key opens. */
export type SopsProgram = (
  file: SopsFile,
  sealed: { readonly content: Uint8Array; readonly printAs: SopsFormat },
  signal: AbortSignal,
) => Promise<OpenedSecrets>

export interface SopsProgramOptions {
  /** Absolute, as the owner of this host named it. */
  readonly path: string
  readonly run: RunChild
  readonly environment: Readonly<Record<string, string | undefined>>
  /** In memory. */
  readonly runtimeDirectory: string
}

/** Longest time, ms: an agent may ask somebody for a PIN. */
const DEADLINE = 60_000

/** The variables that a kind of recipient needs, by how they begin. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  pgp: ['GNUPGHOME', 'GPG_', 'SOPS_GPG_EXEC'],
  kms: ['AWS_'],
  gcp_kms: ['GOOGLE_', 'CLOUDSDK_'],
  azure_kv: ['AZURE_'],
  hc_vault: ['VAULT_'],
  hckms: ['HUAWEICLOUD_'],
}

/**
 * The program of sops, for PGP and the key services of clouds. It gets the ciphertext by a file of its own, and of the
 * environment what its recipients need; no word that it says is repeated, for it quotes values.
 */
export function createSopsProgram(options: SopsProgramOptions): SopsProgram {
  const { path, run, runtimeDirectory } = options
  return async ({ file, format, metadata }, { content, printAs }, signal) =>
    await withPrivateDirectory(runtimeDirectory, async (directory) => {
      const copy = join(directory, 'file')
      await writeFile(copy, content, { mode: 0o600, flag: 'wx' })
      const types = ['--input-type', format, '--output-type', printAs]
      const env = environmentFor(options, metadata.keys.groups.flat())
      const asked = { cwd: directory, env, timeout: DEADLINE, signal }
      const result = await run(path, ['decrypt', ...types, copy], asked)
      signal.throwIfAborted()
      if (result.exitCode !== 0) throw refusal(path, file, result)
      return { content: result.stdoutBytes, values: valuesIn(result.stdout, printAs) }
    })
}

function environmentFor(
  { environment }: SopsProgramOptions,
  recipients: readonly Recipient[],
): Record<string, string> {
  const starts = recipients.flatMap((one) => (one.kind === 'other' ? (NEEDED[one.name] ?? []) : []))
  const needed = Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined && starts.some((start) => name.startsWith(start)) ? [[name, value]] : [],
  )
  // A file must not make it call whatever address stands in it.
  return { SOPS_HC_VAULT_ALLOWLIST: environment['VAULT_ADDR'] ?? '', ...Object.fromEntries(needed) }
}

/** By sops's own exit codes: https://github.com/getsops/sops/blob/main/cmd/sops/codes/codes.go */
function refusal(path: string, file: string, { outcome, exitCode }: ChildResult): MagosError {
  const place = { file }
  if (outcome === 'absent') {
    return new MagosError('unsupported-recipient', `Run "${path}": there is no such program`, {
      place,
      remedy: 'Correct secrets.sops in the daemon’s YAML',
    })
  }
  const ended = outcome === 'exited' ? `exited with ${exitCode ?? 'no code'}` : `was ${outcome}`
  const code =
    exitCode === 51
      ? 'mac-mismatch'
      : exitCode === 52
        ? 'mac-missing'
        : exitCode === 25
          ? 'corrupt-value'
          : 'no-identity'
  return new MagosError(code, `Open "${file}" by "${path}": it ${ended}`, {
    place,
    remedy: `Run it by hand as this user, and see what it says: ${path} decrypt ${file}`,
  })
}

/** Too many rather than too few: what was in the clear before is not told apart. */
function valuesIn(text: string, format: SopsFormat): readonly string[] {
  if (format === 'yaml' || format === 'json') return scalarsIn(text)
  const lines = text.split(/\r?\n/)
  const values = lines.map((line) => line.slice(line.indexOf('=') + 1).trim())
  return format === 'binary' ? [text, ...lines] : values
}

function scalarsIn(text: string): readonly string[] {
  const found: string[] = []
  const documents = parseAllDocuments(text)
  for (const document of 'empty' in documents ? [] : documents) {
    visit(document, {
      Scalar: (key, { value }) => {
        const isTold = typeof value === 'string' || typeof value === 'number'
        if (key !== 'key' && isTold) found.push(String(value))
      },
    })
  }
  return found
}
