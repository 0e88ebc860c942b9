/** What an unprivileged user's podman does: the suites of deploy, failure and rollback again, without root. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { DoctorAnswer } from '../../src/domain/doctor/check.ts'
import { programPath } from '../lab/engine/install.ts'
import { unprivileged } from '../lab/engine/unprivileged.ts'

const ROOT = join(import.meta.dirname, '../..')
const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs')

/** Only root can become somebody else; whoever is no root ran all suites as such already. */
const isDue = process.env['MAGOS_LONG'] === '1' && process.getuid?.() === 0

interface Repeated {
  readonly suite: string
  /** Programs that the user's machine lacks. */
  readonly without: readonly string[]
}

const REPEATED: readonly Repeated[] = [
  { suite: 'engine', without: [] },
  { suite: 'rollback', without: [] },
  { suite: 'podman-compose', without: [] },
  ...withoutPasta(),
]

/** podman 5 takes pasta and falls back to nothing by itself; older ones take the other one anyway. */
function withoutPasta(): readonly Repeated[] {
  const pasta = programPath('pasta')
  const canFallBack = pasta !== null && programPath('slirp4netns') !== null
  return canFallBack ? [{ suite: 'rollback', without: [pasta] }] : []
}

describe.each(isDue ? REPEATED : [])('as an unprivileged user', ({ suite, without }) => {
  const lack = without.map((path) => ` without ${basename(path)}`).join('')
  test(`suite ${suite} passes${lack}`, { timeout: 900_000 }, () => {
    // Its configuration is not bundled first, for the folder that takes the bundle is somebody else's.
    const run = ['run', '--root', ROOT, '--configLoader', 'native', '--project', 'engine']
    const command = [process.execPath, VITEST, ...run, `test/engine/${suite}.test.ts`]
    const { status, stdout } = spawnSync('env', unprivileged(command, { without }), {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, MAGOS_LONG: '0' },
      maxBuffer: 64 << 20,
    })
    expect({ status, said: status === 0 ? '' : stdout }).toEqual({ status: 0, said: '' })
  })
})

/** What the doctor says of the machine as that user has it, by names of checks; podman does not even start there. */
function diagnosed(command: readonly string[], without: readonly string[]) {
  const doctor = [...command, process.execPath, join(ROOT, 'src/main.ts'), 'doctor', '--json']
  const { stdout } = spawnSync('env', unprivileged(doctor, { without }), {
    cwd: '/',
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], MD_RUNTIME: 'podman', MD_REPO: '/nowhere' },
  })
  const { checks }: DoctorAnswer = JSON.parse(stdout)
  return Object.fromEntries(checks.map((one) => [one.name, one]))
}

const NEWUIDMAP = programPath('newuidmap')
const isRoot = process.getuid?.() === 0

test.runIf(isRoot && NEWUIDMAP !== null)('the doctor names what that user’s podman lacks', () => {
  const found = diagnosed(['setpriv', '--no-new-privs'], [NEWUIDMAP ?? ''])
  expect(found['engine']?.remedy).toBe('Install it: sudo apt install uidmap')
  expect(found['id-mapping']?.detail).toBe('newuidmap not found in the PATH')
  expect(found['no-new-privileges']?.status).toBe('fail')
  expect(found['subordinate-ids']?.status).toBe('ok')
})

test('the user is there for its command alone, and is not root', () => {
  const before = readFileSync('/etc/passwd', 'utf8')
  const asked = ['id', '-u']
  const command = process.getuid?.() === 0 ? unprivileged(asked) : asked
  const { stdout } = spawnSync('env', command, { encoding: 'utf8' })
  expect(stdout).toMatch(/^[1-9]\d*\n$/)
  expect(readFileSync('/etc/passwd', 'utf8')).toBe(before)
})
