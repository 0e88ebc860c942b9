import { changedLines, containersOf } from '../engine/look.ts'
import { eventually } from './evidence.ts'
import { must } from './must.ts'
import type { Release } from './release.ts'
import { APP, CONTAINER, type Stage } from './stage.ts'

/** Shows the diff of the release's commit, and that it is one line. */
export async function showDiff({ lab, screen }: Stage, { commit }: Release): Promise<void> {
  const lines = await changedLines(lab.repository.gitDir, commit)
  screen.line(`\n  git show ${commit.slice(0, 12)} -- ${APP}/compose.yaml`)
  screen.diff(lines)
  const signs = lines.map(([sign]) => sign).join('')
  must(signs === '-+', `the commit changes more than one line: ${lines.length} in its diff`)
}

/** Shows what runs, and that it is that release and nothing else. */
export async function showContainer(
  { engine, lab, screen, port, signal }: Stage,
  { digest, tag }: Pick<Release, 'digest' | 'tag'>,
): Promise<void> {
  if (engine === 'absent') return
  const { web } = await containersOf(lab.engine, APP)
  must(web !== undefined, 'no container runs')
  must(web.digests.includes(digest), `the container runs ${web.digests.join(', ')}, not ${digest}`)
  const all = await lab.engine.cli(['ps', '-aq'])
  must(all.split('\n').length === 1, 'another container is left')
  const url = `http://127.0.0.1:${port}/`
  const answer = await eventually('an answer of the container', () => ask(url, signal), signal)
  must(answer === `${APP} ${tag}`, `the container answers "${answer}"`)
  screen.line('\n  What runs')
  const style = web.health === 'healthy' ? 'green' : 'red'
  screen.fact(CONTAINER, `${web.state}, ${web.health}`, style)
  screen.fact('image', `${lab.image(APP)}@${digest}`)
  screen.fact('answers', `${url} → "${answer}"`)
}

async function ask(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal })
    return (await response.text()).trim()
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}
