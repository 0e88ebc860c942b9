import { expect, it } from 'vitest'
import { secretsCheckRequested } from '../../handlers/secrets-check-requested.ts'
import { createMemoryGit } from '../fakes/memory-git.ts'
import { createMemorySecrets, seal } from '../fakes/memory-secrets.ts'

const signal = new AbortController().signal

it('secretsCheckRequested() tries every encrypted file, and tells nothing of what is in them', async () => {
  const source = createMemoryGit({
    'b/theirs.txt': seal('planted', 'theirs'),
    'a/ours.env': seal('A=planted\n'),
    'plain.env': 'A=1\n',
    'bytes.bin': new Uint8Array([0xff, 0xfe, 0]),
    link: { mode: '120000', content: seal('planted') },
  })
  const secrets = createMemorySecrets()
  const answer = await secretsCheckRequested({ source, secrets }, signal)
  expect(answer).toEqual({
    revision: (await source.head(signal)).commit,
    files: [
      { file: 'a/ours.env', outcome: 'opens' },
      {
        file: 'b/theirs.txt',
        outcome: 'refused',
        code: 'no-identity',
        reason: 'Open "b/theirs.txt": no-identity',
      },
    ],
  })
  expect(secrets.opened).toEqual(['a/ours.env'])
})

it('secretsCheckRequested() ends with an aborted signal', async () => {
  const source = createMemoryGit({ 'a.env': seal('A=1\n') })
  const ended = secretsCheckRequested(
    { source, secrets: createMemorySecrets() },
    AbortSignal.abort(),
  )
  await expect(ended).rejects.toThrow('interrupted')
})
