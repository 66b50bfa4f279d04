import type { Frame } from './backend.ts'

/**
 * What a client without any Markdown of its own has, from the frames of a stream with `?render=org`: the Org of each message
 * and of its thinking, put together as the contract says, in characters as Emacs counts them.
 */
export class OrgClient {
  private readonly texts = new Map<string, string[]>()
  private taken = 0

  take(frames: readonly Frame[]): this {
    for (; this.taken < frames.length; this.taken++) this.apply(frames[this.taken]!)
    return this
  }

  message(id: string): string | undefined {
    return this.texts.get(`message.delta ${id}`)?.join('')
  }
  thinking(id: string): string | undefined {
    return this.texts.get(`thinking.delta ${id}`)?.join('')
  }

  private apply({ event, data }: Frame) {
    if (event !== 'message.delta' && event !== 'thinking.delta') return
    const key = `${event} ${data.message_id}`
    const characters = this.texts.get(key) ?? []
    this.texts.set(key, characters)
    if (typeof data.org !== 'string') throw new Error(`No Org on ${JSON.stringify(data)}`)
    if (data.replace && data.org_from !== 0) throw new Error(`A delta that replaces has org_from 0: ${data.org_from}`)
    if (data.org_from > characters.length) throw new Error(`org_from ${data.org_from} of ${characters.length}`)
    if (data.org_from !== undefined) characters.length = data.org_from
    for (const character of data.org) characters.push(character)
  }
}
