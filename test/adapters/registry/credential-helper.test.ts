import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  createCredentialHelpers,
  type CredentialHelpers,
} from '../../../src/adapters/registry/credential-helper.ts'
import type { MagosError } from '../../../src/domain/error.ts'
import { type ChildResult, createRunChild, type RunChild } from '../../../src/host/process.ts'

const secret = 'planted-secret-31'

let directory: string
let now: number
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'magos-helper-'))
  now = 0
})
afterEach(async () => {
  await rm(directory, { recursive: true })
})

/** Real programs in a PATH of their own. Each notes what it was asked. */
async function install(name: string, script: string): Promise<CredentialHelpers> {
  const program = join(directory, `docker-credential-${name}`)
  const note = `echo "$1 $(cat)" >> "${join(directory, 'asked')}"`
  await writeFile(program, `#!/bin/sh\n${note}\n${script}\n`)
  await chmod(program, 0o755)
  const PATH = `${directory}:/usr/bin:/bin`
  return createCredentialHelpers(createRunChild({ environment: { PATH } }), () => now)
}

function says(username: string): string {
  return `printf '%s' '{"ServerURL":"ghcr.io","Username":"${username}","Secret":"${secret}"}'`
}

async function asked(): Promise<readonly string[]> {
  return (await readFile(join(directory, 'asked'), 'utf8')).trim().split('\n')
}

function signal(): AbortSignal {
  return AbortSignal.timeout(10_000)
}

async function failure(promise: Promise<unknown>): Promise<MagosError> {
  return promise.then(
    () => Promise.reject(new Error('It did not fail')),
    (thrown: MagosError) => thrown,
  )
}

it('get() asks the program by its protocol, once for five minutes, and anew when it was told to forget', async () => {
  const helpers = await install('lab', says('alice'))
  const login = { username: 'alice', password: secret }
  const both = [helpers.get('lab', 'ghcr.io', signal()), helpers.get('lab', 'ghcr.io', signal())]
  expect(await Promise.all(both)).toEqual([login, login])
  expect(await asked()).toEqual(['get ghcr.io'])
  now = 299_000
  await helpers.get('lab', 'ghcr.io', signal())
  expect(await asked()).toHaveLength(1)
  helpers.forget()
  await helpers.get('lab', 'ghcr.io', signal())
  expect(await asked()).toHaveLength(2)
  now += 300_001
  await helpers.get('lab', 'ghcr.io', signal())
  expect(await asked()).toHaveLength(3)
})

it('get() keeps an identity token as one', async () => {
  const helpers = await install('lab', says('<token>'))
  const login = { username: '<token>', password: secret }
  expect(await helpers.get('lab', 'x.azurecr.io', signal())).toEqual(login)
})

it('get() returns null for a login that is not there', async () => {
  const absent = 'echo "credentials not found in native keychain"; exit 1'
  expect(await (await install('lab', absent)).get('lab', 'ghcr.io', signal())).toBeNull()
  expect(await (await install('lab', says(''))).get('lab', 'ghcr.io', signal())).toBeNull()
})

for (const [title, script, reason] of [
  ['fails', `echo "${secret}"; echo "${secret}" >&2; exit 3`, /exit code 3/],
  ['says nonsense', `echo '{"Username": "${secret}'`, /no login/],
  ['leaves the secret out', `echo '{"Username": "${secret}"}'`, /no login/],
  ['never stops talking', `yes ${secret} | head -c 200000`, /no login/],
  ['dies', 'kill -9 $$', /killed/],
] as const) {
  it(`get() says why a program that ${title} tells nothing, and nothing of what it said`, async () => {
    const helpers = await install('lab', script)
    const error = await failure(helpers.get('lab', 'ghcr.io', signal()))
    expect(error).toMatchObject({ code: 'unauthorized', message: expect.stringMatching(reason) })
    expect(`${JSON.stringify(error)} ${error.stack}`).not.toContain(secret)
  })
}

it('get() says that there is no such program', async () => {
  const helpers = await install('lab', says('alice'))
  const error = await failure(helpers.get('other', 'ghcr.io', signal()))
  expect(error.message).toMatch(/"docker-credential-other".*no such program in PATH/)
})

const runNothing: RunChild = () => Promise.reject(new Error('It was run'))

for (const name of ['../lab', '/bin/sh', 'a b', '', '-x', 'lab;id', 'x'.repeat(65)]) {
  it(`get() runs nothing for the name ${JSON.stringify(name)}`, async () => {
    const helpers = createCredentialHelpers(runNothing, () => now)
    const error = await failure(helpers.get(name, 'ghcr.io', signal()))
    expect(error).toMatchObject({
      code: 'unauthorized',
      message: expect.stringContaining('bare word'),
    })
  })
}

it('get() gives a program ten seconds and 64 KiB, and rejects with the reason of its signal', async () => {
  const seen: unknown[] = []
  const late: ChildResult = {
    outcome: 'timed-out',
    exitCode: null,
    stdout: '',
    stderr: '',
    stdoutBytes: new Uint8Array(),
  }
  const run: RunChild = async (command, args, { timeout, maxOutput }) => {
    seen.push([command, args, timeout, maxOutput])
    return late
  }
  const helpers = createCredentialHelpers(run, () => now)
  const error = await failure(helpers.get('lab', 'ghcr.io', signal()))
  expect(error.message).toContain('did not end within 10 s')
  expect(seen).toEqual([['docker-credential-lab', ['get'], 10_000, 65_536]])
  const reason = new Error('enough')
  await expect(helpers.get('lab', 'ghcr.io', AbortSignal.abort(reason))).rejects.toBe(reason)
})
