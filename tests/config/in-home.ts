import { type Home, withHome } from './home.ts'

export const inHome = (use: (home: Home) => Promise<void>) => () => withHome(use)
