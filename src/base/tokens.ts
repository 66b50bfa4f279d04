/** UTF-8 bytes a token stands for, on the careful side: o200k has 3.3 to 4.2 for code, and bytes are fair to every script. */
export const BYTES_PER_TOKEN = 3.2

/** Tokens of a text, estimated. */
export const tokensIn = (text: string): number => Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN)
