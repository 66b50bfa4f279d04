import type { ProviderKind } from '../config/config.ts'
import type { KeyHeader, Patience, WireName } from '../config/vendors.ts'
import type { ModelInfo } from './provider.ts'

/** Where one model answers, all settled: the model clients look nothing up, and the SDKs read nothing from the environment. */
export type Endpoint = {
  /** As the configuration names it; part of every message about it. */
  provider: string
  kind: ProviderKind
  /** See `vendors.ts`; absent: those of its kind. */
  wires?: readonly WireName[]
  key_header?: KeyHeader
  patience?: Patience
  /** Bare: without `provider/`. */
  model: string
  /** Anthropic without `/v1`, OpenAI kinds with it. A Gemini one that ends in `/v1beta` is Google's own API. */
  base_url?: string
  api_key?: string
  headers: Record<string, string>
  /** How long its server may say nothing; unset: what fits its kind. */
  timeout_seconds?: number
  info: ModelInfo
}
