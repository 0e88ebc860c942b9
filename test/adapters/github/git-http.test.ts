import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serveGit } from '../../lab/git-http.ts'

const env = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.org',
}
const git = (args: readonly string[], cwd: string) =>
  execa('git', args, { cwd, env, reject: false })

describe('serveGit()', () => {
  let root: string
  let server: Server
  let origin: string
  const asked: string[] = []

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'magos-git-http-'))
    await git(['init', '--bare', '--initial-branch=main', 'o/r.git'], root)
    server = createServer(
      serveGit({
        root,
        authorize(username, password, repoPath, service) {
          asked.push(`${service} ${repoPath} ${username}`)
          return username === 'u' && password === 'secret'
        },
      }),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    origin = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  })
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await rm(root, { recursive: true, force: true })
    asked.length = 0
  })

  it('asks for credentials, then serves clone and push', async () => {
    const clone = await git(['clone', `http://u:secret@${origin}/o/r.git`, 'work'], root)
    expect(clone).toMatchObject({ exitCode: 0 })
    const work = join(root, 'work')
    // Big enough that git sends it chunked and compressed.
    await writeFile(join(work, 'big.txt'), 'magos dominus\n'.repeat(200_000))
    await git(['add', '.'], work)
    await git(['commit', '-m', 'one'], work)
    const push = await git(['push', 'origin', 'HEAD:main'], work)
    expect(push).toMatchObject({ exitCode: 0 })
    const again = await git(['clone', `http://u:secret@${origin}/o/r`, 'second'], root)
    expect(again).toMatchObject({ exitCode: 0 })
    const heads = await git(['rev-parse', 'HEAD'], join(root, 'second'))
    expect(heads.stdout).toBe((await git(['rev-parse', 'HEAD'], work)).stdout)
    expect(asked[0]).toBe('git-upload-pack o/r.git ')
    expect(asked).toContain('git-receive-pack o/r.git u')
  })

  it('answers 401 to a wrong password and 404 to a path that is no repository', async () => {
    const wrong = await git(['clone', `http://u:wrong@${origin}/o/r.git`, 'x'], root)
    expect(wrong.exitCode).not.toBe(0)
    const missing = await git(['clone', `http://u:secret@${origin}/o/none.git`, 'y'], root)
    expect(missing.stderr).toContain('not found')
    const outside = await fetch(`http://${origin}/../etc/info/refs?service=git-upload-pack`)
    expect(outside.status).toBe(401)
    const none = await fetch(`http://${origin}/`)
    expect(none.status).toBe(404)
  })

  it('ends its work when whoever asked goes away before the answer', async () => {
    const listener = serveGit({ root, authorize: () => true })
    const ended = Promise.withResolvers<void>()
    server.removeAllListeners('request')
    server.on('request', (request, response) => {
      ended.resolve(listener(request, response))
      request.socket.destroy()
    })
    const url = `http://${origin}/o/r.git/info/refs?service=git-upload-pack`
    await expect(fetch(url)).rejects.toThrow('fetch failed')
    await ended.promise
  })
})
