import * as v from 'valibot'
import { escapeInvisible } from '../../base/controls.ts'
import { cut } from '../../base/text.ts'
import { defineTool } from '../define.ts'
import type { Tool } from '../tool.ts'
import { readText } from './answer.ts'
import { askEditor, editorFor } from './attached.ts'
import { briefly } from './brief.ts'
import { buffersTool } from './buffers.ts'
import { languageTools } from './language-tools.ts'

const LONGEST_MS = 30_000
const LONGEST_FORM = 500

const describe = defineTool({
  name: 'describe',
  proposals: 'sees',
  category: 'editor',
  level: 'read',
  description: 'Help: function, variable, key, Info node',
  params: v.object({ name: v.pipe(v.string(), v.nonEmpty()), kind: v.optional(v.string()) }),
  aliases: {
    symbol: 'name',
    function: 'name',
    variable: 'name',
    key: 'name',
    node: 'name',
    query: 'name',
    type: 'kind',
  },
  async effect({ name }) {
    return { level: 'read', reason: `Describe ${escapeInvisible(cut(name, 200))}`, reads: [], writes: [] }
  },
  async run(params, context) {
    const text = await askEditor({ tool: 'describe', params, parse: readText }, context)
    return { content: text || 'Nothing is known of that.', metadata: {} }
  },
})

/** It runs `compile-command`, a setting of the user that only the editor knows; that may be any program. */
const compile = defineTool({
  name: 'compile',
  category: 'editor',
  level: 'write',
  description: 'Run compile-command',
  params: v.object({}),
  async effect(_, context) {
    const { name } = editorFor('compile', context)
    const asks = { reason: 'It runs a program, and no rule allows it.' }
    return {
      level: 'write',
      reason: `Run the compile-command of ${name}`,
      reads: [],
      writes: [],
      danger: 'shell_command',
      asks,
    }
  },
  async run(_, context) {
    const progress = (message: string, output?: string) =>
      context.progress(message, output === undefined ? {} : { output })
    const params = { directory: context.roots.project }
    const request = { tool: 'compile', params, parse: readText, timeout_ms: LONGEST_MS, progress } as const
    const text = await askEditor(request, context)
    return { content: text || 'It finished without output.', metadata: {} }
  },
})

/** Nothing limits what a form does in the editor, so each one asks: no rule and no setting approves it. */
const evalElisp = defineTool({
  name: 'eval_elisp',
  category: 'editor',
  level: 'dangerous',
  description: 'In Emacs',
  params: v.object({ form: v.pipe(v.string(), v.nonEmpty()) }),
  aliases: { code: 'form', expression: 'form', expr: 'form', elisp: 'form', sexp: 'form', lisp: 'form' },
  async effect({ form }, context) {
    const { name } = editorFor('eval_elisp', context)
    const reason = `Evaluate in ${name}: ${escapeInvisible(cut(form, LONGEST_FORM))}`
    const asks = { reason: 'Code in the editor may do anything, so each form is asked.', always: true } as const
    return { level: 'dangerous', reason, reads: [], writes: [], danger: 'irreversible', asks }
  },
  async run({ form }, context) {
    const request = { tool: 'eval_elisp', params: { form }, parse: readText, timeout_ms: LONGEST_MS } as const
    const text = await askEditor(request, context)
    return { content: text || 'nil', metadata: {} }
  },
})

/** Those that a language server may answer, too, then those that only an editor answers. At most 350 tokens together, the same in every session. */
export const editorTools: readonly Tool[] = [
  ...languageTools,
  ...[buffersTool, describe, compile, evalElisp].map(briefly),
]
