import type { Hono } from 'hono'
import { generateSpecs } from 'hono-openapi'
import type { Env } from './guard.ts'

/** The OpenAPI document, from the schemas that validate. Made when it is asked for. */
export const document = (app: Hono<Env>, version: string) =>
  generateSpecs(app, {
    documentation: {
      info: { title: 'emacs-agent-backend', version, description: 'The agent engine for Emacs.' },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
  })
