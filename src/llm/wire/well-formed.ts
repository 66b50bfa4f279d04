/**
 * JSON without halves of characters (lone surrogates, left by a cut somewhere). They are valid in JavaScript's JSON, and refused
 * by parsers in other languages: with one in its history a session could never go on. Nothing else is escaped this way.
 */
export const wellFormed = (json: string): string =>
  json.includes('\\ud') ? json.replace(/(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g, '$1\\ufffd') : json
