import { expect, it } from 'vitest'
import { createSlots } from '../../../src/adapters/registry/slots.ts'

const never = new AbortController().signal
const settle = () => new Promise((resolve) => void setImmediate(resolve))

it('acquire() lets in as many as the limit, then whoever waited longest', async () => {
  const acquire = createSlots(() => 2)
  const first = await acquire('a', never)
  await acquire('a', never)
  const order: number[] = []
  const enter = async (number: number) => {
    const release = await acquire('a', never)
    order.push(number)
    return release
  }
  const third = enter(3)
  const fourth = enter(4)
  await Promise.resolve()
  expect(order).toEqual([])
  first()
  const release = await third
  expect(order).toEqual([3])
  release()
  await fourth
  expect(order).toEqual([3, 4])
})

it('acquire() holds up no other host', async () => {
  const acquire = createSlots(() => 1)
  await acquire('a', never)
  expect(acquire('b', never)).toBeTypeOf('function')
})

it('acquire() lets a waiter go when its signal says so, and loses no place', async () => {
  const acquire = createSlots(() => 1)
  const release = await acquire('a', never)
  const controller = new AbortController()
  const reason = new Error('enough')
  const left = acquire('a', controller.signal)
  const stayed = acquire('a', never)
  controller.abort(reason)
  await expect(left).rejects.toBe(reason)
  release()
  const releaseStayed = await stayed
  releaseStayed()
  expect(acquire('a', never)).toBeTypeOf('function')
})

it('acquire() lets nobody out of the line for the signal of one who is in', async () => {
  const acquire = createSlots(() => 1)
  const release = await acquire('a', never)
  const controller = new AbortController()
  const entering = acquire('a', controller.signal)
  const waiting = acquire('a', never)
  release()
  const releaseEntered = await entering
  controller.abort()
  releaseEntered()
  expect(await waiting).toBeTypeOf('function')
})

it('acquire() lets in fewer while the limit is low, and more again when it rises', async () => {
  let limit = 2
  const acquire = createSlots(() => limit)
  const releases = [await acquire('a', never), await acquire('a', never)]
  let entered = 0
  const waiting = Promise.all(
    [1, 2, 3].map(async () => {
      const release = await acquire('a', never)
      entered += 1
      return release
    }),
  )
  limit = 1
  releases[0]?.()
  await settle()
  expect(entered).toBe(0)
  limit = 3
  releases[1]?.()
  await waiting
  expect(entered).toBe(3)
})
