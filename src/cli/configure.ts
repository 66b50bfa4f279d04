import { type LoadedConfig, type LoadOptions, loadConfig } from '../config/load.ts'

/** The configuration as every command loads it; what checks permission rules is loaded only when there is a file. */
/** What the configuration cannot know of itself: the grammar of rules. */
export const validateRule = async () => (await import('../tools/permission/rule.ts')).validateRule

export const configure = (options: Omit<LoadOptions, 'validateRule'>): Promise<LoadedConfig> =>
  loadConfig({ ...options, validateRule })
