import { compileForm, type Groups } from './forms.ts'
import type { Intent } from './plan.ts'
import { type Hidden, isQuoted, meant } from './quotes.ts'

/** What a rule may look at besides the slots of its form. */
export type RuleContext = { hidden: Hidden; current_file?: string }
type Read = (slots: Groups, context: RuleContext) => Intent | null
/** `literal` forms end in words that are taken as they are, full stop included. */
export type Rule = { form: RegExp; literal: boolean; read: Read }

/** Forms that are read alike. */
export const rules = (forms: string[], read: Read, literal = false): Rule[] =>
  forms.map(form => ({ form: compileForm(form), literal, read }))
export const literally = (forms: string[], read: Read): Rule[] => rules(forms, read, true)
/** For forms that always mean the same. */
export const mean = (forms: string[], intent: Intent): Rule[] => rules(forms, () => intent)

/** The path of a place; undefined for the whole project. */
export function placeOf(place: string | undefined, context: RuleContext): string | undefined {
  if (!place || /(?:^|\s)(?:project|repo|repository|code ?base|code|workspace|folder|directory|root)$/i.test(place))
    return undefined
  return /^(?:here|this|it|everything|all|\.\/?)$/i.test(place) ? undefined : pathOf(place, context)
}

const THIS = /^(?:this file|the current file|this)$/i
/** The path that is meant: `''` for a "this file" that the editor does not name. */
export const pathOf = (file: string, { hidden, current_file = '' }: RuleContext): string =>
  THIS.test(file) ? current_file : meant(isQuoted(file) ? file : trimmed(file), hidden)

const NAMES =
  /^(?:makefile|dockerfile|justfile|rakefile|gemfile|procfile|license|licence|copying|readme|changelog|contributing|authors|notice|todo|news|version|codeowners)$/i
/** Words that are probably meant as a file: quoted, with a dot or a slash, or a name that files have. */
export const isFile = (word: string): boolean =>
  THIS.test(word) || isQuoted(word) || /[./\\~]/.test(trimmed(word)) || NAMES.test(trimmed(word))

/** Without the punctuation of its sentence; `..` is a path. */
const trimmed = (word: string): string => word.replace(/(?<=\w)[.,;:!?]+$/, '')
