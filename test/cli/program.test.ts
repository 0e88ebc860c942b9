import { describe, expect, test } from 'vitest'
import type { Operations } from '../../src/cli/operations.ts'
import { runProgram } from '../../src/cli/program.ts'
import type { Io } from '../../src/cli/io.ts'
import type { HeldImage } from '../../src/domain/answer/check.ts'
import type { ExplainAnswer } from '../../src/domain/answer/explain.ts'
import type { PastDeployment } from '../../src/domain/answer/history.ts'
import type { RollbackAnswer } from '../../src/domain/answer/sync.ts'
import { MagosError } from '../../src/domain/error.ts'
import { refusingOperations } from './refusing-operations.ts'

async function run(args: readonly string[], over: Partial<Operations> = {}) {
  let out = ''
  let err = ''
  const io = (format: Io['format']): Io => ({
    format,
    columns: 0,
    write: (text) => {
      out += text
    },
    note: (text) => {
      err += text
    },
    readFile: () => Promise.resolve(''),
    replaceFile: () => Promise.resolve(),
    readBeside: () => Promise.resolve({ kind: 'absent' }),
    surroundings: () => Promise.resolve(null),
    namesIn: () => Promise.resolve([]),
    listFiles: () => Promise.resolve([]),
  })
  const operations = { ...refusingOperations, ...over }
  const bytes = { read: () => Promise.resolve(new Uint8Array()), write: () => undefined }
  const code = await runProgram({ version: '1.2.3', operations, io, bytes }, args)
  return { code, out, err }
}

describe('runProgram()', () => {
  test('prints its version and help on stdout and is done', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, out: '1.2.3\n', err: '' })
    const help = await run(['--help'])
    expect(help.code).toBe(0)
    for (const name of ['run', 'sync', 'check', 'scan', 'policy', 'image', 'set-image', 'plan']) {
      expect(help.out).toContain(`${name} `)
    }
  })

  test.each([
    ['no command', []],
    ['an unknown command', ['deploy']],
    ['an unknown option', ['check', '--fast']],
    ['a missing argument', ['set-image', 'compose.yaml']],
    ['an argument too many', ['status', 'web']],
    ['a missing option', ['policy', '--tags', '-']],
  ])('exits 2 for %s and says so on stderr', async (_title, args) => {
    const { code, out, err } = await run(args)
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toMatch(/\S/u)
  })

  test('names the help of the command that was meant', async () => {
    expect((await run(['deploy'])).err).toContain('See: magos --help\n')
    expect((await run(['policy'])).err).toContain('See: magos policy --help\n')
    expect((await run(['secrets', 'decrypt'])).err).toContain('See: magos secrets decrypt --help\n')
  })

  test('tells a wrong command line as JSON where JSON was asked for', async () => {
    const { code, out } = await run(['check', '--fast', '--json'])
    expect(code).toBe(2)
    const error = { code: 'usage', remedy: 'See: magos check --help' }
    expect(JSON.parse(out)).toMatchObject({ error })
  })

  test.each([
    ['network', 3],
    ['engine', 3],
    ['configuration', 2],
    ['stack', 1],
    ['interrupted', 130],
  ] as const)('exits for an error %s with %i', async (code, exit) => {
    const error = new MagosError(code, 'Cannot', { place: { file: 'a.yaml', line: 2, column: 3 } })
    const told = await run(['check'], { check: () => Promise.reject(error) })
    expect(told).toEqual({ code: exit, out: '', err: 'magos: a.yaml:2:3: Cannot\n' })
  })

  test.each([
    ['a range of another dialect', ['--policy', 'semver', '--range', '>=1, <2'], /commas/],
    ['a policy of no name', ['--policy', 'best'], /"best"/],
    ['an extract without its group', ['--policy', 'semver', '--extract', '(x)'], /"version"/],
    ['lookaround', ['--policy', 'semver', '--include', '(?=x)'], /"include"/],
    ['a flag of another policy', ['--policy', 'numeric', '--range', '^1'], /"semver"/],
  ])('exits 2 for %s, which is no hold, and tells it as JSON', async (_title, flags, message) => {
    const { code, out } = await run(['policy', ...flags, '--tags', '-', '--json'])
    expect(code).toBe(2)
    const { error } = JSON.parse(out)
    expect(error).toMatchObject({ code: 'policy', remedy: expect.any(String) })
    expect(error.message).toMatch(message)
  })

  test('hands the stack on, null for all of them', async () => {
    const asked: (string | null)[] = []
    const plan = (stack: string | null) => {
      asked.push(stack)
      return Promise.resolve({ revision: 'abc', stacks: [], refused: [] })
    }
    await run(['plan'], { plan })
    const { out } = await run(['plan', 'web', '--json'], { plan })
    expect(asked).toEqual([null, 'web'])
    expect(JSON.parse(out)).toEqual({ revision: 'abc', stacks: [], refused: [] })
  })

  test('sync exits 1 when a stack failed and 0 when images merely wait', async () => {
    const held = { file: 'a', line: 1, column: 1, image: 'x', reason: 'young' }
    const answer = { revision: 'abc', commits: [], deployments: [], held: [] }
    const sync = (over: object) => ({ sync: () => Promise.resolve({ ...answer, ...over }) })
    const failed = [{ stack: 'web', outcome: 'failed' as const, services: [], reason: 'down' }]
    const code = async (over: object) => (await run(['sync'], sync(over))).code
    expect(await code({})).toBe(0)
    expect(await code({ held: [{ ...held, kind: 'waits' }] })).toBe(0)
    expect(await code({ held: [{ ...held, kind: 'problem' }] })).toBe(1)
    expect(await code({ deployments: failed })).toBe(1)
  })
})

describe('runProgram() on holds', () => {
  const held = {
    stack: 'shop',
    outcome: 'held',
    reason: 'held by ada: moving',
    before: null,
  } as const

  test('hold takes a stack and a reason, and prints what is held', async () => {
    const asked: unknown[] = []
    const hold: Operations['hold'] = async (...args) => {
      asked.push(args)
      return await Promise.resolve(held)
    }
    const { code, out } = await run(['hold', 'shop', '--reason', 'moving'], { hold })
    expect({ code, out }).toEqual({ code: 0, out: 'stack "shop" is held by ada: moving\n' })
    const json = await run(['hold', 'shop', '--json'], { hold })
    expect(JSON.parse(json.out)).toEqual(held)
    expect(asked).toEqual([
      ['shop', 'moving'],
      ['shop', ''],
    ])
  })

  test('hold says that a stack was held already', async () => {
    const answer = { ...held, before: held.reason }
    const { code, out } = await run(['hold', 'shop'], { hold: () => Promise.resolve(answer) })
    const text = 'stack "shop" was held already; it is held by ada: moving\n'
    expect({ code, out }).toEqual({ code: 0, out: text })
  })

  test('release says why each version was held', async () => {
    const versions = [
      { tag: '1.27', digest: null, reason: 'bad' },
      { tag: '1.28', digest: null, reason: '' },
    ]
    const answer = { revision: 'r', commits: ['c'], image: 'i', outcome: 'released', versions }
    const releaseVersions = () => Promise.resolve({ ...answer, outcome: 'released' as const })
    expect((await run(['release', 'i:1'], { releaseVersions })).out).toBe(
      'committed c\ni:1.27 is released; it was held: bad\ni:1.28 is released; it was held\n',
    )
  })

  test.each([
    ['released', 'stack "shop" is released; it was held by ada\n'],
    ['not-held', 'stack "shop" was not held\n'],
  ] as const)('release is done either way: %s', async (outcome, out) => {
    const release = () => Promise.resolve({ stack: 'shop', outcome, reason: 'held by ada' })
    expect(await run(['release', 'shop'], { release })).toMatchObject({ code: 0, out })
  })

  test.each([
    ['operator', 0],
    ['stopped-by-hand', 0],
    [undefined, 1],
  ] as const)('sync of a held stack needs a person or nobody: %s', async (hold, code) => {
    const deployment = { stack: 'shop', outcome: 'held', services: [], reason: 'r', remedy: 'do' }
    const sync = () =>
      Promise.resolve({
        revision: 'c',
        commits: [],
        held: [],
        deployments: [{ ...deployment, outcome: 'held' as const, ...(hold ? { hold } : {}) }],
      })
    expect((await run(['sync'], { sync })).code).toBe(code)
  })

  test.each(['nginx:1.27', 'ghcr.io/o/app', 'nginx@sha256:abc', 'registry.lan'])(
    'holds and releases versions of an image where the name is one: %s',
    async (name) => {
      const asked: unknown[] = []
      const answer = {
        revision: 'r',
        commits: ['c1'],
        image: 'docker.io/library/nginx',
        outcome: 'held',
        versions: [{ tag: '1.27', digest: null, reason: 'bad' }],
      } as const
      const holdVersions = async (...words: unknown[]) => {
        asked.push(words)
        return answer
      }
      const done = await run(['hold', name, '--reason', 'bad'], { holdVersions })
      expect(done).toMatchObject({
        code: 0,
        out: 'committed c1\ndocker.io/library/nginx:1.27 is held: bad\n',
      })
      const releaseVersions = holdVersions
      expect((await run(['release', name, '--json'], { releaseVersions })).out).toBe(
        `${JSON.stringify(answer)}\n`,
      )
      expect(asked).toEqual([
        [name, 'bad'],
        [name, ''],
      ])
    },
  )

  const rolledBack: RollbackAnswer = {
    stack: 'shop',
    to: 'c0',
    revision: 'c2',
    commits: ['c2'],
    lines: [{ file: 'shop/compose.yaml', line: 3, services: ['web'], from: 'a:2', to: 'a:1' }],
    held: [],
    deployments: [{ stack: 'shop', outcome: 'succeeded', services: [], reason: 'steady' }],
  }
  const heldLine: HeldImage = {
    file: 'f',
    line: 1,
    column: 2,
    image: 'a',
    reason: 'r',
    kind: 'problem',
  }

  test.each<[string, Partial<RollbackAnswer>, number]>([
    ['what was deployed', {}, 0],
    ['nothing to commit', { commits: [] }, 1],
    ['a line that stays', { held: [heldLine] }, 1],
  ])('rolls a stack back and tells %s', async (_, changes, expected) => {
    const asked: unknown[] = []
    const rollback = async (...words: unknown[]) => {
      asked.push(words)
      return { ...rolledBack, ...changes }
    }
    const { code, out } = await run(['rollback', 'shop'], { rollback })
    expect({ code, lines: out.split('\n')[0] }).toEqual({
      code: expected,
      lines: 'shop/compose.yaml:3: a:2 → a:1',
    })
    const json = await run(['rollback', 'shop', '--to', 'abc1234', '--json'], { rollback })
    expect(JSON.parse(json.out)).toEqual({ ...rolledBack, ...changes })
    expect(asked).toEqual([
      ['shop', null],
      ['shop', 'abc1234'],
    ])
  })

  const past: PastDeployment = {
    stack: 'shop',
    commit: 'c'.repeat(40),
    outcome: 'succeeded',
    reason: '',
    startedAt: '2026-01-02T03:04:05.678Z',
    endedAt: null,
    event: 'the poll',
    delivery: null,
    services: [
      {
        name: 'web',
        action: 'recreate',
        reasons: ['its image changes'],
        from: 'ghcr.io/o/app:1',
        to: `ghcr.io/o/app:2@sha256:${'a'.repeat(64)}`,
      },
      { name: 'db', action: 'keep', reasons: [], from: 'db:1', to: 'db:1' },
    ],
  }

  test('prints the history, and asks for no more than was wanted', async () => {
    const asked: unknown[] = []
    const history = async (...words: unknown[]) => {
      asked.push(words)
      return { deployments: [past] }
    }
    const { code, out } = await run(['history'], { history })
    expect(code).toBe(0)
    expect(out.split('\n')[1]?.split(/ {2,}/u)).toEqual([
      '2026-01-02T03:04:05Z',
      'shop',
      'cccccccccccc',
      'succeeded',
      'web: app:1 → app:2@aaaaaaaaaaaa',
      'the poll',
    ])
    const json = await run(['history', 'shop', '--limit', '3', '--json'], { history })
    expect(JSON.parse(json.out)).toEqual({ deployments: [past] })
    expect(asked).toEqual([
      [null, 50],
      ['shop', 3],
    ])
    expect((await run(['history', '--limit', '0'], { history })).code).toBe(2)
  })

  const nothingToExplain: ExplainAnswer = {
    stack: 'shop',
    state: 'proven',
    reason: '',
    commit: 'c1',
    revision: null,
    deployments: [],
    words: '',
    mended: null,
    held: [],
    updates: [],
    current: [],
    refused: [],
    unknown: [],
    remedies: [],
  }

  test('explains a stack: what changed it, what it said, what waits and what to do', async () => {
    const answer: ExplainAnswer = {
      stack: 'shop',
      state: 'rolled-back',
      reason: 'service "web" is unhealthy',
      commit: 'c1',
      revision: null,
      deployments: [past],
      words: 'cannot bind\n\u001B[31mred',
      mended: null,
      held: [heldLine],
      updates: [],
      current: [],
      refused: [{ stack: 'shop', reason: 'no', remedy: 'do', file: '.magos.yaml', line: 2 }],
      unknown: ['the repository was not asked: refused'],
      remedies: ['Wait'],
    }
    const explain = async () => await Promise.resolve(answer)
    const { code, out } = await run(['explain', 'shop'], { explain })
    expect(code).toBe(0)
    expect(out).toContain('stack "shop" is rolled-back: service "web" is unhealthy\n')
    expect(out).toContain('  recreate web: its image changes\n  keep db\n')
    expect(out).toContain('  cannot bind\n  \\u{1b}[31mred\n')
    expect(out).toContain(
      '.magos.yaml:2: refused: no. Do\nf:1: a is held: r\nthe repository was not asked: refused\n',
    )
    expect(out.endsWith('what you can do:\n  Wait\n')).toBe(true)
    expect(JSON.parse((await run(['explain', 'shop', '--json'], { explain })).out)).toEqual(answer)
  })

  test('explains what was put right since', async () => {
    const mended = { since: '2026-01-01', at: '2026-01-02', reason: 'service "web": it died' }
    const told = async (times: number) => {
      const explain = async () =>
        await Promise.resolve({ ...nothingToExplain, mended: { ...mended, times } })
      return (await run(['explain', 'shop'], { explain })).out
    }
    expect(await told(1)).toContain('\nput right at 2026-01-02: service "web": it died\n')
    expect(await told(3)).toContain(
      '\nput right 3 times since 2026-01-01, last at 2026-01-02: service "web": it died\n',
    )
  })

  async function first(state: ExplainAnswer['state'], reason: string) {
    const answer = { ...nothingToExplain, state, reason }
    const explain = async () => await Promise.resolve(answer)
    return (await run(['explain', 'shop'], { explain })).out.split('\n')[0]
  }

  test('explains a state in the words of its reason where they name it', async () => {
    expect(await first('held', 'held by ada')).toBe('stack "shop" is held by ada')
    expect(await first('rolled-back', 'rolled back, git ahead: r')).toBe(
      'stack "shop" is rolled back, git ahead: r',
    )
    expect(await first('failed', 'r')).toBe('stack "shop" is failed: r')
    expect(await first('proven', '')).toBe('stack "shop" is proven')
    expect(await first('unknown', '')).toBe('stack "shop" is unknown: it was never deployed here')
  })
})
