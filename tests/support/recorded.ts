import type { LlmErrorCode } from '../../src/llm/provider.ts'
import type { Family } from './model-replies.ts'

export type Recorded = {
  family: Family
  text?: string | RegExp
  thinking?: string | RegExp
  calls?: [string, object][]
  /** How many calls there are besides, whose arguments broke off. */
  broken?: number
  /** input, output, cache read, cache write */
  usage?: [number, number, number, number]
  stop?: string
  error?: LlmErrorCode
  /** Something that must be kept for the way back. */
  kept?: RegExp
}

/** What a person reads out of each recording. Output tokens include reasoning, input tokens leave cached ones out. */
export const RECORDINGS: Record<string, Recorded> = {
  'claude-thinking-tooluse.1.sse': {
    family: 'anthropic',
    thinking: /^The user wants me to:\n1\. Use.*version it returns\.$/s,
    calls: [['fixed_version', {}]],
    usage: [598, 92, 0, 0],
    stop: 'tool_use',
    kept: /"signature":"EoQDCm0IDhgCKkCDzGs2.*NWRjSBwUxgB"/,
  },
  'claude-thinking-tooluse.2.sse': {
    family: 'anthropic',
    text: /^The version is \*\*0\.32a0\*\*.*stable! 😄\n\n.*room to grow!\)$/s,
    usage: [707, 89, 0, 0],
    stop: 'end_turn',
  },
  'claude-parallel-tooluse.sse': {
    family: 'anthropic',
    calls: [
      ['pelican_name_generator', {}],
      ['pelican_name_generator', {}],
    ],
    usage: [542, 62, 0, 0],
    stop: 'tool_use',
    kept: /toolu_01LtHJmixrs9NcWQkK8hu8hj.*toolu_01N8a4jWyf116qKTMqKKmjyt/,
  },
  'claude-adaptive-thinking-opus46.sse': {
    family: 'anthropic',
    text: '\n\n1. **Captain Scoop**\n2. **Gullet**',
    thinking: 'Brief answer with two pet pelican names.',
    usage: [34, 44, 0, 0],
    stop: 'end_turn',
    kept: /"signature":"EtABCkYICxgC/,
  },
  'claude-tool-no-args.chunks.txt': {
    family: 'anthropic',
    text: "I'll update the issue list for you.",
    calls: [['updateIssueList', {}]],
    usage: [565, 48, 0, 0],
    stop: 'tool_use',
  },
  'llamacpp-anthropic-tooluse-truncated.sse': {
    family: 'anthropic',
    calls: [
      ['list_dir', { path: 'Thank you, M' }],
      ['read_file', { path: 'A mank you, there was an', limit: 10 }],
    ],
    broken: 1,
    usage: [1, 120, 528, 0],
    stop: 'max_tokens',
  },
  'llamacpp-anthropic-midstream-error.sse': { family: 'anthropic', error: 'LLM_OVERLOADED' },
  'openai-chat-tools.1.sse': {
    family: 'chat',
    calls: [
      ['get_country', {}],
      ['get_product_name', {}],
    ],
    usage: [364, 40, 0, 0],
    stop: 'tool_use',
    kept: /call_q2UyBRP7eXNTzAoR8lEhjc9Z.*call_b51ijcpFkDiTQG1bQzsrmtW5/,
  },
  'openai-chat-tools.2.sse': {
    family: 'chat',
    calls: [['get_weather', { city: 'Mexico City' }]],
    usage: [423, 15, 0, 0],
    stop: 'tool_use',
  },
  'openai-responses-reasoning-function.sse': {
    family: 'responses',
    calls: [['final_result', { result: 6666 }]],
    usage: [53, 469, 0, 0],
    stop: 'tool_use',
    kept: /"encrypted_content":"gAAAAABoyXvxI6jwG5j6/,
  },
  'openai-responses-error.chunks.txt': { family: 'responses', error: 'LLM_AUTH' },
  'llamacpp-responses-text.sse': {
    family: 'responses',
    text: '"Here," said Cloth',
    usage: [28, 12, 90, 0],
    stop: 'end_turn',
  },
  'gemini-native-toolcall-thoughtsig.1.sse': {
    family: 'gemini',
    calls: [['get_country', {}]],
    usage: [29, 212, 0, 0],
    stop: 'tool_use',
    kept: /"thoughtSignature":"EpwICpkIAXLI2nxl/,
  },
  'gemini-native-toolcall-thoughtsig.2.sse': {
    family: 'gemini',
    text: 'The capital of Mexico is Mexico City.',
    usage: [257, 8, 0, 0],
    stop: 'end_turn',
  },
  'openrouter-midstream-error.sse': { family: 'chat', error: 'LLM_INVALID_REQUEST' },
  'openrouter-reasoning-details.sse': {
    family: 'chat',
    text: '2 + 2 = 4',
    thinking: 'This is a simple arithmetic question. 2+2 equals 4.',
    usage: [43, 36, 0, 0],
    stop: 'end_turn',
  },
  'deepseek-reasoning-toolcall.chunks.txt': {
    family: 'chat',
    thinking: /^The user is asking.*"San Francisco"\.$/s,
    calls: [['weather', { location: 'San Francisco' }]],
    usage: [19, 83, 320, 0],
    stop: 'tool_use',
  },
  'mistral-toolcall-noindex.chunks.txt': {
    family: 'chat',
    calls: [['weather', { location: 'San Francisco' }]],
    usage: [124, 22, 0, 0],
    stop: 'tool_use',
    kept: /gSIMJiOkT/,
  },
  'xai-reasoning-toolcall.chunks.txt': {
    family: 'chat',
    thinking: /^First, the user is asking.*logical next step\.$/s,
    calls: [['weather', { location: 'San Francisco' }]],
    usage: [1, 253, 306, 0],
    stop: 'tool_use',
  },
  'groq-toolcall.chunks.txt': { family: 'chat', calls: [['weather', {}]], usage: [210, 15, 0, 0], stop: 'tool_use' },
  'llamacpp-text.sse': {
    family: 'chat',
    text: '"Here," said Cloth.\nTimmy was so excited to see whats. He was so excit',
    usage: [1, 40, 117, 0],
    stop: 'max_tokens',
  },
  'llamacpp-tool-required.sse': {
    family: 'chat',
    calls: [['list_dir', { path: 'I will papti' }]],
    usage: [1, 33, 528, 0],
    stop: 'tool_use',
  },
  'llamacpp-tool-many-truncated.sse': {
    family: 'chat',
    calls: [
      ['list_dir', { path: 'I will papti' }],
      ['read_file', { path: ' Lily was sad. She cried', limit: 21 }],
      ['read_file', { path: 'Well at seach!', limit: 20 }],
      ['read_file', { path: ' Lily,', limit: 40 }],
      ['read_file', { path: 'Remints,', limit: 20 }],
      ['read_file', { path: "Don's?", limit: 20 }],
      ['list_dir', { path: 'Th nove to d' }],
      ['read_file', { path: 'Halk, Mamab.', limit: 50 }],
      ['read_file', { path: 'No,', limit: 20 }],
    ],
    usage: [1, 700, 528, 0],
    stop: 'max_tokens',
  },
  'llamacpp-chat-midstream-error.sse': { family: 'chat', error: 'LLM_OVERLOADED' },
}
