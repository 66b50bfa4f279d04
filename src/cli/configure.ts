import { type LoadedConfig, type LoadOptions, loadConfig } from '../config/load.ts'

/** What the configuration cannot know of itself: the grammar of rules. Loaded only for a file that has rules. */
export const validateRule = async () => (await import('../tools/permission/rule.ts')).validateRule

/** The configuration as every command loads it. */
export const configure = (options: Omit<LoadOptions, 'validateRule'>): Promise<LoadedConfig> =>
  loadConfig({ ...options, validateRule })
