import { createHmac } from 'node:crypto'
import { MagosError } from '../../src/domain/error.ts'
import type { Secrets } from '../../src/ports.ts'

export interface MemorySecrets extends Secrets {
  /** Paths that were opened, in order. */
  readonly opened: readonly string[]
  /** Loses this host's key: nothing opens any more. */
  lose(): void
}

/** A file that `createMemorySecrets` opens, and nobody takes for anything but a file of SOPS. */
export function seal(plain: string, recipient: 'ours' | 'theirs' = 'ours'): string {
  const data = `ENC[AES256_GCM,data:${Buffer.from(plain).toString('base64')},iv:AA==,tag:AA==,type:str]`
  const mac = 'ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]'
  const age = [{ recipient: `age1${recipient}`, enc: '' }]
  const sops = { age, lastmodified: '2026-01-01T00:00:00Z', mac, version: '3.13.3' }
  return `${JSON.stringify({ data, sops }, null, '\t')}\n`
}

/** Opens what `seal` made; its values are what stands behind `=` or `:` on each line, else the line. */
export function createMemorySecrets({
  key = 'ours',
}: { readonly key?: string } = {}): MemorySecrets {
  const opened: string[] = []
  let hasKey = true
  return {
    opened,
    lose: () => {
      hasKey = false
    },
    async decrypt({ path, content }, signal) {
      await Promise.resolve()
      signal.throwIfAborted()
      const text = Buffer.from(content).toString('utf8')
      const data = /ENC\[AES256_GCM,data:([A-Za-z0-9+/=]*)/.exec(text)?.[1]
      if (data === undefined || !text.includes('"mac"')) throw refusal('bad-metadata', path)
      if (!hasKey || text.includes('age1theirs')) throw refusal('no-identity', path)
      const plain = Buffer.from(data, 'base64')
      if (plain.toString('base64') !== data) throw refusal('corrupt-value', path)
      opened.push(path)
      return { content: plain, values: valuesIn(plain.toString('utf8')) }
    },
    digest: (content) => createHmac('sha256', key).update(content).digest('hex'),
  }
}

function valuesIn(text: string): readonly string[] {
  const lines = text.split('\n').map((line) => line.replace(/^[\w.-]+[=:]\s*/, ''))
  return lines.filter((line) => line !== '')
}

function refusal(code: 'bad-metadata' | 'no-identity' | 'corrupt-value', file: string): MagosError {
  return new MagosError(code, `Open "${file}": ${code}`, { place: { file } })
}
