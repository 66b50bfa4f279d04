import type { Asked } from './model-server.ts'

/** What each family refuses in a history: returns what is wrong with a request, in words; empty when nothing is. */
export function flawsOf({ path, body }: Pick<Asked, 'path' | 'body'>): string[] {
  if (path.includes('/messages')) return anthropic(body)
  if (path.includes('/responses')) return responses(body)
  if (path.includes('Content')) return gemini(body)
  return chat(body)
}

const list = (value: unknown): any[] => (Array.isArray(value) ? value : [])

function anthropic({ messages, system }: any): string[] {
  const flaws: string[] = []
  const blocks = [...list(system), ...messages.flatMap((message: any) => list(message.content))]
  const inner = blocks.flatMap(block => [block, ...list(block.content)])
  if (messages[0]?.role !== 'user') flaws.push('does not begin with the user')
  if (messages.at(-1)?.role !== 'user') flaws.push('does not end with the user')
  if (inner.some(block => block.type === 'text' && !block.text.trim())) flaws.push('an empty text')
  if (inner.filter(block => block.cache_control).length > 4) flaws.push('more than 4 cache breakpoints')
  for (const [i, message] of messages.entries()) {
    if (message.content.length === 0) flaws.push(`message ${i} is empty`)
    if (i > 0 && message.role === messages[i - 1].role) flaws.push(`two of ${message.role} in a row`)
    const calls = list(message.content).filter(block => block.type === 'tool_use')
    const next = list(messages[i + 1]?.content)
    const answers = next.slice(0, calls.length).map(block => block.tool_use_id)
    if (message.role === 'assistant' && String(answers) !== String(calls.map(call => call.id)))
      flaws.push(`the calls of message ${i} are not answered at once: ${answers}`)
    if (next.filter(block => block.type === 'tool_result').length !== calls.length && message.role === 'assistant')
      flaws.push(`results without calls behind message ${i}`)
  }
  const ids = inner.flatMap(block => (block.type === 'tool_use' ? [block.id] : []))
  if (new Set(ids).size !== ids.length) flaws.push('an id of a call twice')
  return flaws
}

function chat({ messages }: any): string[] {
  const flaws: string[] = []
  const spoken = messages[0]?.role === 'system' ? messages.slice(1) : messages
  if (spoken[0]?.role !== 'user') flaws.push('does not begin with the user')
  if (spoken.at(-1)?.role === 'assistant') flaws.push('ends with the assistant')
  for (const [i, message] of spoken.entries()) {
    const calls = list(message.tool_calls)
    const answers = spoken.slice(i + 1, i + 1 + calls.length).map((each: any) => each.tool_call_id)
    if (String(answers) !== String(calls.map((call: any) => call.id))) flaws.push(`calls of message ${i} unanswered`)
    if (message.role === 'assistant' && !message.content && calls.length === 0) flaws.push(`message ${i} is empty`)
    if (message.role === 'user' && message.content.length === 0) flaws.push(`message ${i} is empty`)
  }
  const called = spoken.flatMap((message: any) => list(message.tool_calls)).length
  if (called !== spoken.filter((message: any) => message.role === 'tool').length) flaws.push('results without calls')
  return flaws
}

function responses({ input }: any): string[] {
  const flaws: string[] = []
  if (input[0]?.role !== 'user') flaws.push('does not begin with the user')
  if (input.at(-1)?.role === 'assistant') flaws.push('ends with the assistant')
  const calls = input.flatMap((item: any) => (item.type === 'function_call' ? [item.call_id] : []))
  const answers = input.flatMap((item: any) => (item.type === 'function_call_output' ? [item.call_id] : []))
  if (String(calls) !== String(answers)) flaws.push('calls and results differ')
  for (const [i, item] of input.entries()) {
    const next = input[i + 1]
    if (
      item.type === 'reasoning' &&
      next?.role !== 'assistant' &&
      next?.type !== 'function_call' &&
      next?.type !== 'reasoning'
    )
      flaws.push('reasoning without what follows from it')
    if (item.type === 'function_call_output' && !input.slice(0, i).some((each: any) => each.call_id === item.call_id))
      flaws.push('a result before its call')
  }
  return flaws
}

function gemini({ contents }: any): string[] {
  const flaws: string[] = []
  if (contents[0]?.role !== 'user') flaws.push('does not begin with the user')
  if (contents.at(-1)?.role !== 'user') flaws.push('does not end with the user')
  const count = (content: any, part: string) => list(content?.parts).filter(each => part in each).length
  for (const [i, content] of contents.entries()) {
    if (content.parts.length === 0) flaws.push(`content ${i} is empty`)
    if (content.role === 'model' && count(content, 'functionCall') !== count(contents[i + 1], 'functionResponse'))
      flaws.push(`calls of content ${i} unanswered`)
    if (content.role === 'user' && count(content, 'functionResponse') !== count(contents[i - 1], 'functionCall'))
      flaws.push(`results of content ${i} without calls`)
    if (
      content.role === 'model' &&
      count(content, 'functionCall') > 0 &&
      !JSON.stringify(content).includes('thoughtSignature')
    )
      flaws.push(`calls of content ${i} without a signature`)
  }
  return flaws
}
