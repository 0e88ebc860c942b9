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
    warnings: [],
  })
  expect(secrets.opened).toEqual(['a/ours.env'])
})

it('secretsCheckRequested() names what the rules of sops have encrypted, and stands in the clear', async () => {
  const source = createMemoryGit({
    '.sops.yaml': 'creation_rules:\n  - path_regex: \\.env$\n',
    'plain.env': 'A=1\n',
    'sealed.env': seal('A=planted\n'),
    'compose.yaml': 'services: {}\n',
    'own/.sops.yaml': 'creation_rules:\n  - path_regex: ^secret/\n',
    'own/plain.env': 'A=1\n',
    'own/deep/secret/key': 'x',
    'own/secret/key': 'x',
    'bad/.sops.yaml': 'creation_rules: [\n',
    'bad/plain.env': 'A=1\n',
    'link.env': { mode: '120000', content: 'plain.env' },
  })
  const { files, warnings } = await secretsCheckRequested(
    { source, secrets: createMemorySecrets() },
    signal,
  )
  expect(files).toEqual([{ file: 'sealed.env', outcome: 'opens' }])
  expect(warnings).toEqual([
    { file: 'bad/.sops.yaml', line: 2, reason: 'Its rules count for nothing: it is no YAML' },
    {
      file: 'own/secret/key',
      reason: 'own/.sops.yaml:2 has it encrypted, and it stands in the clear',
    },
    { file: 'plain.env', reason: '.sops.yaml:2 has it encrypted, and it stands in the clear' },
  ])
})

it('secretsCheckRequested() ends with an aborted signal', async () => {
  const source = createMemoryGit({ 'a.env': seal('A=1\n') })
  const ended = secretsCheckRequested(
    { source, secrets: createMemorySecrets() },
    AbortSignal.abort(),
  )
  await expect(ended).rejects.toThrow('interrupted')
})
