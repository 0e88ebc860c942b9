import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CheckReport, DeploymentReport } from '../../../src/domain/event.ts'
import { hang } from '../../lab/github/faults.ts'
import { prepareLab } from '../../lab/github/lab.ts'
import type { LabParts } from '../../lab/github/lab.ts'
import { refusal, signal, startFixture } from './fixture.ts'
import type { Fixture } from './fixture.ts'

let parts: LabParts
let at: Fixture
let commit: string
beforeAll(async () => {
  parts = await prepareLab()
})
beforeEach(async () => {
  at = await startFixture(parts, { timeout: 1000 })
  await at.github.token(signal())
  at.asked()
  commit = (await at.repository.head()).commit
})
afterEach(async () => {
  await at.close()
})

const posts = (): readonly string[] => at.asked().filter((call) => call.startsWith('POST'))

const deployment = (changes: Partial<DeploymentReport> = {}): DeploymentReport => ({
  kind: 'deployment',
  commit,
  context: 'nas/shop',
  state: 'success',
  description: 'web is healthy',
  ...changes,
})

const tell = (changes: Partial<DeploymentReport> = {}, github = at.github) =>
  github.reports.deployment(deployment(changes), signal())

describe('createGitHub().reports.deployment()', () => {
  it('makes a deployment of the commit, with its outcome and a link', async () => {
    await tell()
    expect(at.repository.record.deployments).toMatchObject([
      {
        sha: commit,
        fields: {
          environment: 'nas/shop',
          auto_merge: false,
          required_contexts: [],
          transient_environment: false,
          production_environment: false,
        },
        statuses: [
          {
            state: 'success',
            fields: {
              description: 'web is healthy',
              log_url: `https://github.example/acme/homelab/commit/${commit}`,
            },
          },
        ],
      },
    ])
  })

  it('is made also where a status is red, and merges nothing', async () => {
    const { statuses } = at.repository.record
    const red = { id: 1, sha: commit, state: 'failure', context: 'ci', description: null }
    statuses.push({ ...red, targetUrl: null, creator: at.lab.state.person, at: 0 })
    await tell()
    expect(at.repository.record.deployments).toHaveLength(1)
    expect((await at.repository.head()).commit).toBe(commit)
  })

  it('tells nothing twice, also after a restart, and a new outcome in the same deployment', async () => {
    await tell({ state: 'failure', description: 'web is unhealthy' })
    await tell({ state: 'failure', description: 'web is unhealthy' })
    const restarted = at.connect()
    await tell({ state: 'failure', description: 'web is unhealthy' }, restarted)
    await tell({}, restarted)
    const { deployments } = at.repository.record
    expect(deployments.map(({ statuses }) => statuses.map(({ state }) => state))).toEqual([
      ['failure', 'success'],
    ])
  })

  it('takes up a deployment whose outcome a dead process did not tell', async () => {
    const path = /\/deployments\/\d+\/statuses$/u
    at.lab.faults.add({ method: 'POST', path, fault: hang('before') })
    expect(await refusal(tell())).toMatchObject({ code: 'network' })
    await tell()
    expect(at.repository.record.deployments).toHaveLength(1)
  })

  it('keeps a second between two deployments, and none within one', async () => {
    await tell()
    await tell({ context: 'nas/media' })
    expect(at.clock.slept).toEqual([1000])
  })

  it('keeps environments apart, and lets GitHub retire what was before', async () => {
    await tell()
    await tell({ context: 'nas/media' })
    const next = await at.repository.commit([{ path: 'x', content: 'x' }])
    await tell({ commit: next.commit })
    const { deployments } = at.repository.record
    expect(deployments.map((one) => one.statuses.at(-1)?.state)).toEqual([
      'inactive',
      'success',
      'success',
    ])
  })

  it('cuts what GitHub would refuse', async () => {
    await tell({ description: 'x'.repeat(200) })
    await tell({ description: 'x'.repeat(200) })
    expect(at.repository.record.deployments[0]?.statuses).toHaveLength(1)
  })

  it('says what the App lacks', async () => {
    at.lab.grant(at.installation, { metadata: 'read', contents: 'write' })
    expect(await refusal(tell())).toMatchObject({
      code: 'unauthorized',
      remedy: expect.stringContaining('deployments'),
    })
  })
})

const checkRun = (changes: Partial<CheckReport> = {}): CheckReport => ({
  kind: 'check-run',
  commit,
  context: 'magos/nas',
  conclusion: 'success',
  title: '1 of 2 services changes',
  summary: '| a |',
  annotations: [{ path: 'a.yaml', line: 3, level: 'failure', message: 'Broken' }],
  ...changes,
})

const tellRun = (changes: Partial<CheckReport> = {}, github = at.github) =>
  github.reports.checkRun(checkRun(changes), signal())

describe('createGitHub().reports.checkRun()', () => {
  it('makes a check run with annotations', async () => {
    await tellRun()
    expect(at.repository.record.checkRuns).toMatchObject([
      {
        sha: commit,
        fields: {
          name: 'magos/nas',
          status: 'completed',
          conclusion: 'success',
          output: {
            title: '1 of 2 services changes',
            summary: '| a |',
            annotations: [
              {
                path: 'a.yaml',
                start_line: 3,
                end_line: 3,
                annotation_level: 'failure',
                message: 'Broken',
              },
            ],
          },
        },
      },
    ])
  })

  it('tells nothing twice, also after a restart, and anew what changed', async () => {
    await tellRun()
    await tellRun()
    await tellRun({}, at.connect())
    expect(posts()).toHaveLength(2) // the other is the other process's token
    await tellRun({ conclusion: 'neutral' })
    expect(at.repository.record.checkRuns).toHaveLength(2)
  })

  it('stays within what GitHub takes', async () => {
    const [annotation] = checkRun().annotations
    if (annotation === undefined) throw new Error('No annotation')
    await tellRun({
      title: 't'.repeat(300),
      summary: 's'.repeat(70_000),
      annotations: Array.from({ length: 60 }, () => ({
        ...annotation,
        message: 'm'.repeat(9_000),
      })),
    })
    const output = JSON.stringify(at.repository.record.checkRuns[0]?.fields['output'])
    expect(output).toContain('… and 10 more problems')
    expect(output.match(/start_line/gu)).toHaveLength(50)
  })
})
