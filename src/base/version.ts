import { version } from '../../package.json' with { type: 'json' }

/** The one place that knows: `package.json`. */
export const VERSION: string = version
