// The yardstick: what `Bun.serve` costs by itself, compiled the same way as the product.
const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  idleTimeout: 0,
  fetch: () => Response.json({ status: 'ok' }),
})
process.stdin.on('end', () => process.exit(0)).resume()
console.log(JSON.stringify({ url: `http://127.0.0.1:${server.port}` }))
