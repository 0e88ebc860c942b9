/**
 * One request a repository by a bare undici pool of as many connections as a check has, in a process of its own:
 * `node registry-floor.ts PORT REPOSITORIES`. Every line of its input is a round, every line of its output what it took.
 */
import { createInterface } from 'node:readline'
import { Pool } from 'undici'
import { measured } from './registry-round.ts'

const [, , port = '', count = ''] = process.argv
const repositories = Number(count)
const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 8 })
const headers = { accept: 'application/json', authorization: 'Bearer bench' }

async function ask(index: number): Promise<void> {
  const path = `/v2/bench/app-${index}/tags/list?n=1000`
  const { body } = await pool.request({ path, method: 'GET', headers })
  await body.text()
}

for await (const _ of createInterface({ input: process.stdin })) {
  const round = await measured(async (begin) => {
    begin()
    await Promise.all(Array.from({ length: repositories }, (__, index) => ask(index)))
    return null
  })
  console.log(JSON.stringify(round))
}
await pool.close()
