import { PAGES } from '../../src/manual/pages.ts'
import { TOPIC_NAMES, type Topic } from '../../src/manual/topics.ts'

export type Block = { topic: Topic; language: string; text: string }

const BLOCK = /^#\+begin_src (\S+)\n(.*?)^#\+end_src$/gms

/** Every source block of the manual, in order. */
export const blocks: Block[] = TOPIC_NAMES.flatMap(topic =>
  [...PAGES[topic].matchAll(BLOCK)].map(([, language, text]) => ({ topic, language: language!, text: text! })),
)

export const blocksIn = (...languages: string[]) => blocks.filter(({ language }) => languages.includes(language))

/** Every command line that stands in a sentence. */
export const commandsInText = TOPIC_NAMES.flatMap(topic =>
  [...PAGES[topic].replace(BLOCK, '').matchAll(/=emacs-agent-backend ([^=\n]*)=/g)].map(([, line]) => line!),
)
