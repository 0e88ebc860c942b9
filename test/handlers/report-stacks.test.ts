import { describe, expect, it } from 'vitest'
import { compose, createWorld, deploy, digest } from './world.ts'

const web = (number: number) => compose(`web: {image: "ghcr.io/o/web:1@${digest(number)}"}`)

describe('deploymentReport()', () => {
  it('is told of a deployment that did something, and of none that changed nothing', async () => {
    const world = createWorld({ 'shop/compose.yaml': web(1), 'blog/compose.yaml': web(1) })
    const first = await deploy(world)
    const deployments = (told: typeof first.told) =>
      told.flatMap((report) =>
        report.kind === 'deployment' ? [`${report.context} ${report.state}`] : [],
      )
    expect(deployments(first.told)).toEqual(['nas/blog success', 'nas/shop success'])
    world.git.change({ 'shop/compose.yaml': web(2) })
    expect(deployments((await deploy(world)).told)).toEqual(['nas/shop success'])
    world.git.change({ 'README.md': 'x' })
    expect(deployments((await deploy(world)).told)).toEqual([])
    expect(deployments((await deploy(world)).told)).toEqual([])
  })
})
