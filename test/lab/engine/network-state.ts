/** What an engine does to the network namespace that it runs in, so that it can be taken back when it is gone. */
import { execFileSync } from 'node:child_process'

export interface NetworkState {
  readonly links: readonly string[]
  readonly rules: string
}

/** The chains that each table of an empty namespace has. */
const TABLES: Readonly<Record<string, readonly string[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
}

export function rememberNetwork(): NetworkState {
  return { links: links(), rules: execFileSync('iptables-save', { encoding: 'utf8' }) }
}

/** Links that came since go, and the rules are those from before. */
export function forgetNetwork({ links: known, rules }: NetworkState): void {
  for (const name of links()) {
    if (!known.includes(name)) execFileSync('ip', ['link', 'delete', name])
  }
  const others = Object.keys(TABLES).filter((table) => !rules.includes(`*${table}\n`))
  execFileSync('iptables-restore', { input: `${rules}${others.map(emptyTable).join('')}` })
}

function emptyTable(table: string): string {
  const chains = (TABLES[table] ?? []).map((chain) => `:${chain} ACCEPT [0:0]\n`)
  return `*${table}\n${chains.join('')}COMMIT\n`
}

function links(): readonly string[] {
  const lines = execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' }).split('\n')
  return lines.flatMap((line) => /^\d+: ([^:@]+)/.exec(line)?.[1] ?? [])
}
