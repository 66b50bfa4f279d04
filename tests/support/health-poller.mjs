// Asks URL again and again until stdin ends, then prints how long each answer took, in milliseconds.
const url = process.argv[2]
const times = []
let over = false
process.stdin.on('end', () => {
  over = true
})
process.stdin.resume()
for (let i = 0; i < 50; i++) await (await fetch(url)).text() // what is loaded and connected for the first one
console.log('ready')
while (!over) {
  const from = performance.now()
  await (await fetch(url)).text()
  times.push(performance.now() - from)
  await new Promise(resolve => setTimeout(resolve, 5))
}
console.log(JSON.stringify(times))
