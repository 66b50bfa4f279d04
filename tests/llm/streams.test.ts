import { describe } from 'bun:test'
import { testStream } from '../support/stream-tests.ts'
import { STREAMS, stream } from '../support/streams.ts'

for (const [file, expected] of Object.entries(STREAMS)) describe(file, () => testStream(stream(file), expected))
