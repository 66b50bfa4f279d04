import { PAGES } from './pages.ts'
import { type SchemaTopic, TOPIC_NAMES, type Topic } from './topics.ts'

/*
 * The manual: Org texts in `pages/`, and what is generated behind them from the schemas that validate (`config`, `api`,
 * `events`, `tools`). It is loaded when a page is requested.
 */

type Generated = (version: string) => Promise<string> | string

const GENERATED: Partial<Record<Topic, () => Promise<Generated>>> = {
  config: async () => (await import('./config.ts')).configReference,
  api: async () => (await import('./api.ts')).apiReference,
  events: async () => (await import('./events.ts')).eventReference,
  tools: async () => (await import('./tools.ts')).toolReference,
}

/** One page as an Org document; ends with a newline. */
export async function page(topic: Topic, version: string): Promise<string> {
  const generate = await GENERATED[topic]?.()
  return generate ? `${PAGES[topic]}\n${await generate(version)}` : PAGES[topic]
}

/** All pages as one Org document, a chapter each: the source of the Info manual. */
export async function manual(version: string): Promise<string> {
  const chapters = await Promise.all(TOPIC_NAMES.map(async topic => chapter(await page(topic, version))))
  return `#+TITLE: Emacs-Agent
#+SUBTITLE: for version ${version}
#+OPTIONS: toc:2 num:nil ^:{} broken-links:mark
#+TEXINFO_DIR_CATEGORY: Emacs
#+TEXINFO_DIR_NAME: Emacs-Agent: (emacs-agent)
#+TEXINFO_DIR_DESC: The agent engine for Emacs

${chapters.join('\n')}`
}

/** The title becomes the heading of the chapter, and every heading goes one level deeper. */
function chapter(text: string): string {
  const [, title, rest] = /^#\+TITLE: ([^\n]*)\n(.*)$/s.exec(text)!
  return `* ${title}\n${rest!.replace(/^\*+ /gm, '*$&')}`
}

/** The schema that a page is generated from, as a JSON document. */
export async function schemaOf(topic: SchemaTopic, version: string): Promise<object> {
  switch (topic) {
    case 'config':
      return (await import('./config.ts')).configSchema()
    case 'events':
      return (await import('./events.ts')).eventSchema()
    case 'api':
      return (await import('./api.ts')).apiDocument(version)
  }
}
