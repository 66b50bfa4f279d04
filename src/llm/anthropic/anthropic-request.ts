import type {
  BetaContentBlockParam as ContentBlockParam,
  BetaImageBlockParam as ImageBlockParam,
  MessageCreateParamsStreaming as MessageBody,
  BetaTextBlockParam as TextBlockParam,
  BetaTool as Tool,
  BetaToolResultBlockParam as ToolResultBlockParam,
  BetaToolUseBlockParam as ToolUseBlockParam,
} from '@anthropic-ai/sdk/resources/beta/messages/messages'
import { defined } from '../../base/defined.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Image, ModelRequest } from '../provider.ts'
import type { Unsupported } from '../refusal.ts'
import type { Step } from '../wire/conversation.ts'
import { toSteps, writeSteps } from '../wire/conversation.ts'

type MessageParam = { role: 'user' | 'assistant'; content: string | ContentBlockParam[] }

export type AnthropicBlock =
  | { type: 'thinking'; thinking: string; signature: string }
  | { type: 'redacted_thinking'; data: string }
  | { type: 'text'; text: string }
  | { type: 'tool_use'; tool_call_id: string }

/** Room for an answer when nobody asked for less. More costs nothing unless it is used, but counts against the window. */
const MOST_OUTPUT = 32_000
/** What every Claude can do. */
const LEAST_OUTPUT = 8_192

/** Manual thinking, of models before 4.6: tokens by effort. */
const BUDGETS = { low: 2_048, medium: 8_192, high: 16_384, xhigh: 32_768, max: 65_536 }

/**
 * The body of `POST /v1/messages`. What stays the same from round to round comes first, and the messages last, so that the
 * second request begins with the bytes of the first. `refused` is what this server has turned down.
 */
export function anthropicBody(
  endpoint: Endpoint,
  request: ModelRequest,
  refused: ReadonlySet<Unsupported>,
): MessageBody {
  const steps = toSteps(request.messages, endpoint, 'anthropic', refused)
  const written = writeSteps(steps, some => toMessages(some, !refused.has('reasoning_history')))
  const max_tokens = request.max_output_tokens ?? Math.min(endpoint.info.max_output ?? LEAST_OUTPUT, MOST_OUTPUT)
  return defined<MessageBody>({
    model: endpoint.model,
    max_tokens,
    stream: true,
    ...thinking(endpoint, request, steps, max_tokens, refused),
    tools:
      request.tools.length > 0
        ? request.tools.map(
            ({ name, description, parameters }): Tool => ({
              name,
              description,
              input_schema: { ...parameters, type: 'object' },
            }),
          )
        : undefined,
    system: request.system ? systemOf(request.system, refused) : undefined,
    messages: plain(withBreakpoints(written, refused), refused),
  })
}

const EPHEMERAL = { type: 'ephemeral' } as const

/**
 * Cache breakpoints (at most 4 are allowed): one ends tools and system, two the last two user messages. So each round reads
 * what the round before it wrote, however many blocks lie in between (a lookup goes back only 20).
 */
function withBreakpoints(messages: MessageParam[], refused: ReadonlySet<Unsupported>): MessageParam[] {
  if (refused.has('cache_control')) return messages
  const marked = messages.slice()
  let left = 2
  for (let i = messages.length - 1; i >= 0 && left > 0; i--) {
    const { role, content } = messages[i]!
    if (role !== 'user') continue
    left--
    if (typeof content === 'string') continue
    const blocks = content.map((block, at) =>
      at === content.length - 1 ? { ...block, cache_control: EPHEMERAL } : block,
    )
    marked[i] = { role, content: blocks as ContentBlockParam[] }
  }
  return marked
}

function systemOf(text: string, refused: ReadonlySet<Unsupported>): string | TextBlockParam[] {
  if (refused.has('content_parts')) return text
  return [{ type: 'text', text, ...(!refused.has('cache_control') && { cache_control: EPHEMERAL }) }]
}

/** Text as a string, for servers that imitate this API and know no blocks of it. */
function plain(messages: MessageParam[], refused: ReadonlySet<Unsupported>): MessageParam[] {
  if (!refused.has('content_parts')) return messages
  return messages.map(message => {
    if (typeof message.content === 'string') return message
    const content = message.content.map(block =>
      block.type === 'tool_result' ? { ...block, content: textIn(block.content) ?? block.content } : block,
    )
    return { ...message, content: textIn(content) ?? content } as MessageParam
  })
}

/** The text of blocks that are nothing else. */
const textIn = (content: ToolResultBlockParam['content'] | ContentBlockParam[]): string | undefined =>
  Array.isArray(content) && content.every(block => block.type === 'text')
    ? content.map(block => block.text).join('\n\n')
    : undefined

/** Results of one message go back in one, directly after it; what the user says next joins them. */
function toMessages(steps: readonly Step[], withThinking: boolean): MessageParam[] {
  const messages: MessageParam[] = []
  for (const step of steps) {
    if (step.role === 'assistant') {
      messages.push({ role: 'assistant', content: assistantBlocks(step, withThinking) })
      continue
    }
    const content = step.role === 'user' ? step.parts.map(toBlock) : step.results.map(toResult)
    const last = messages.at(-1)
    if (last?.role === 'user' && Array.isArray(last.content)) last.content.push(...content)
    else messages.push({ role: 'user', content })
  }
  return messages
}

function assistantBlocks(step: Extract<Step, { role: 'assistant' }>, withThinking: boolean): ContentBlockParam[] {
  const uses = new Map(
    step.calls.map(({ tool_call_id, id, name, params }): [string, ToolUseBlockParam] => [
      tool_call_id,
      { type: 'tool_use', id, name, input: params },
    ]),
  )
  const blocks = withThinking ? (step.own?.['blocks'] as AnthropicBlock[] | undefined) : undefined
  if (!blocks) return [...(step.text ? [{ type: 'text' as const, text: step.text }] : []), ...uses.values()]
  return blocks.flatMap((block): ContentBlockParam[] => {
    if (block.type === 'tool_use') return uses.has(block.tool_call_id) ? [uses.get(block.tool_call_id)!] : []
    return block.type === 'text' && !block.text.trim() ? [] : [block]
  })
}

const toBlock = (part: { text: string } | { image: Image }): ContentBlockParam =>
  'text' in part ? { type: 'text', text: part.text } : imageBlock(part.image)

const imageBlock = ({ media_type, data }: Image): ImageBlockParam => ({
  type: 'image',
  source: { type: 'base64', media_type: media_type as 'image/png', data },
})

function toResult(result: Extract<Step, { role: 'results' }>['results'][number]): ToolResultBlockParam {
  const text: TextBlockParam = { type: 'text', text: result.content }
  return {
    type: 'tool_result',
    tool_use_id: result.id,
    content: [text, ...result.images.map(imageBlock)],
    ...(result.is_error && { is_error: true }),
  }
}

type Thinking = Pick<MessageBody, 'thinking' | 'output_config'>

/**
 * From 4.6 on models think adaptively, guided by the effort; the newest cannot do otherwise, and would hide their thinking
 * unless asked. Earlier ones think only when told to, within a budget, and then want each round of a turn to begin with it.
 */
function thinking(
  endpoint: Endpoint,
  { effort: wanted }: ModelRequest,
  steps: Step[],
  max_tokens: number,
  refused: ReadonlySet<Unsupported>,
): Thinking {
  const { major, minor } = versionOf(endpoint.model)
  const isOff = wanted === 'none' && endpoint.info.efforts?.includes('none') !== false
  const effort = wanted === 'none' || wanted === 'minimal' ? 'low' : wanted
  const withEffort = !isOff && effort && !refused.has('effort') && takesEffort(endpoint.model)
  const output_config = withEffort ? { output_config: { effort } } : {}
  if (refused.has('thinking')) return output_config
  const isAdaptive = major > 4 || (major === 4 && minor >= 6)
  if (isOff) return isAdaptive ? { thinking: { type: 'disabled' } } : {}
  if (isAdaptive)
    return {
      thinking: {
        type: 'adaptive',
        display: 'summarized',
        ...(bindsThinking(endpoint, refused) && { block_binding: { prefix_mismatch_behavior: 'drop_block' } }),
      },
      ...output_config,
    }
  const budget_tokens = Math.min(BUDGETS[effort ?? 'low'], max_tokens - 1_024)
  const last = steps.findLast(step => step.role === 'assistant')
  const between = steps.at(-1)?.role === 'results' && (!last?.own?.['blocks'] || refused.has('reasoning_history'))
  if (!effort || budget_tokens < 1_024 || between || major < 4) return output_config
  return { thinking: { type: 'enabled', budget_tokens }, ...output_config }
}

function takesEffort(model: string): boolean {
  const { major, minor } = versionOf(model)
  return major > 4 || (major === 4 && (minor >= 6 || (minor === 5 && model.includes('opus'))))
}

/**
 * Newer models refuse thinking whose conversation before it has changed, as trimming and compaction do; asked to, Anthropic's
 * own API drops it instead (platform.claude.com, Preserved thinking).
 */
export const bindsThinking = (endpoint: Endpoint, refused: ReadonlySet<Unsupported>): boolean =>
  !refused.has('block_binding') &&
  versionOf(endpoint.model).major >= 5 &&
  (!endpoint.base_url || URL.parse(endpoint.base_url)?.hostname === 'api.anthropic.com')

/** `claude-haiku-4-5-20251001` is 4.5, `claude-3-7-sonnet` 3.7; a name without a number is the newest there is. */
export function versionOf(model: string): { major: number; minor: number } {
  if (!/claude/i.test(model)) return { major: 0, minor: 0 } // some other model behind this API: ask it for nothing special
  const [, major, minor] = model.match(/-(\d{1,2})(?:[-.](\d{1,2}))?(?=$|[^\d])/) ?? []
  return { major: Number(major ?? 99), minor: Number(minor ?? 0) }
}
