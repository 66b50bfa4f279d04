import { once } from './once.ts'

/** How many items two lists have in common at their beginning, by identity. */
export function commonLength(a: readonly unknown[], b: readonly unknown[]): number {
  const most = Math.min(a.length, b.length)
  let same = 0
  while (same < most && a[same] === b[same]) same++
  return same
}

/**
 * The sum of `measure` over a list. Each item is measured once, and a list that begins with all of one that was summed before
 * costs its new items: for what is asked again whenever a list has grown.
 */
export function summing<K extends object>(measure: (item: K) => number): (list: readonly K[]) => number {
  const measured = once(measure)
  const sums = new WeakMap<K, { list: readonly K[]; sum: number }>()
  return list => {
    const [first] = list
    if (!first) return 0
    const before = sums.get(first)
    const isLonger = before !== undefined && commonLength(before.list, list) === before.list.length
    let sum = isLonger ? before.sum : 0
    for (let i = isLonger ? before.list.length : 0; i < list.length; i++) sum += measured(list[i]!)
    sums.set(first, { list, sum })
    return sum
  }
}
