// Node's own modules and V8's features, with deterministic output.
const assert = require('assert'), crypto = require('crypto'), fs = require('fs'), os = require('os'), path = require('path'), zlib = require('zlib');
const { EventEmitter, once } = require('events'), { Readable, Transform, pipeline } = require('stream'), util = require('util'), vm = require('vm');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
if (!isMainThread) {
  let sum = 0;
  for (let i = 0; i < workerData; i++) sum += i;
  parentPort.postMessage({ sum });
} else main();

async function main() {
  console.log(2 ** 53, 0.1 + 0.2, 2n ** 100n, -7 % 3, parseInt('ff', 16), (255).toString(2), (1234.5678).toFixed(2), 1e21, Math.sin(1), Math.hypot(3, 4), Number.MAX_VALUE, -0);
  console.log([3, 1, 2].sort(), [..."héllo😀"].length, 'aXbX'.replaceAll('X', '-'), 'x'.padStart(3, '.'), /(?<y>\d{4})-(\d\d)/u.exec('on 2024-05').groups.y, 'ß'.toUpperCase(), 'é'.normalize('NFD').length);
  console.log(new Map([[1, { a: [1, 2, { b: new Set([1]) }] }]]), Symbol('s'), [1, , 3], new Date(0), Buffer.from('hi'), util.inspect({ deep: { er: { and: { deeper: 1 } } } }, { depth: 1 }), new Uint8Array(3));
  class A { #p = 1; get p() { return this.#p; } static s = 5; static { A.t = A.s * 2; } async *items() { yield* [1, 2]; } }
  const items = []; for await (const i of new A().items()) items.push(i); console.log(new A().p, A.t, items);
  const { a = 1, ...rest } = { b: 2, c: 3 }; console.log(a, rest, [1, 2, 3].at(-1), null ?? 'x', ({})?.y?.z, [[1, [2]]].flat(Infinity), Object.fromEntries([['k', 1]]), structuredClone({ d: new Date(5) }));
  for (const name of ['md5', 'sha1', 'sha256', 'sha512', 'sha3-256']) console.log(name, crypto.createHash(name).update('hello').digest('hex'));
  const key = Buffer.alloc(32, 1), iv = Buffer.alloc(16, 2), cipher = crypto.createCipheriv('aes-256-cbc', key, iv); console.log(cipher.update('secret', 'utf8', 'hex') + cipher.final('hex'));
  const gcm = crypto.createCipheriv('aes-128-gcm', key.subarray(0, 16), iv.subarray(0, 12)); console.log(gcm.update('secret', 'utf8', 'hex') + gcm.final('hex'), gcm.getAuthTag().toString('hex'));
  console.log(crypto.pbkdf2Sync('p', 's', 100, 16, 'sha256').toString('hex'), crypto.createHmac('sha256', 'k').update('d').digest('base64'), crypto.randomBytes(8).length);
  const text = 'the quick brown fox '.repeat(100); console.log(zlib.gunzipSync(zlib.gzipSync(text)).toString() === text, zlib.brotliDecompressSync(zlib.brotliCompressSync(text)).length, zlib.deflateSync(text).length);
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'x-')); fs.writeFileSync(dir + '/f', 'data'); fs.appendFileSync(dir + '/f', ' more'); console.log(fs.readFileSync(dir + '/f', 'utf8'), fs.statSync(dir + '/f').size, fs.readdirSync(dir), fs.existsSync(dir + '/g'));
  await fs.promises.writeFile(dir + '/p', text); console.log((await fs.promises.readFile(dir + '/p')).length); try { fs.readFileSync('/none'); } catch (e) { console.log(e.code); }
  await new Promise((done) => pipeline(fs.createReadStream(dir + '/p'), zlib.createGzip(), fs.createWriteStream(dir + '/p.gz'), done)); console.log(zlib.gunzipSync(fs.readFileSync(dir + '/p.gz')).length); fs.rmSync(dir, { recursive: true });
  const order = []; setTimeout(() => order.push('timeout'), 5); setImmediate(() => order.push('immediate')); process.nextTick(() => order.push('tick')); Promise.resolve().then(() => order.push('micro')); await new Promise((r) => setTimeout(r, 30)); console.log(order);
  const emitter = new EventEmitter(); setTimeout(() => emitter.emit('e', 7), 1); console.log(await once(emitter, 'e')); const up = new Transform({ transform(c, _, cb) { cb(null, c.toString().toUpperCase()); } }); let out = ''; for await (const c of Readable.from(['a', 'b']).pipe(up)) out += c; console.log(out);
  console.log(vm.runInNewContext('x * 2', { x: 21 }), eval('1 + 1'), new Function('a', 'return a * 3')(4), JSON.stringify({ a: [1, undefined, null], b: 'é\u2028' }), new Intl.NumberFormat('en-US').format(1234567.891), new URL('http://u@h:81/p?q=1#f').searchParams.get('q'));
  console.log(await Promise.all([1, 2, 3].map((n) => new Promise((done) => new Worker(__filename, { workerData: n * 1000 }).on('message', (m) => done(m.sum))))));
  const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2)); console.log(fib(25)); let hash = 0; for (let i = 0; i < 2e6; i++) hash = (Math.imul(hash, 31) + i) | 0; console.log(hash); const m = new Float64Array(1000).map((_, i) => Math.sqrt(i)); console.log(m.reduce((x, y) => x + y));
  const objects = []; for (let i = 0; i < 20000; i++) objects.push({ i, s: 'k' + (i % 100), n: { v: i / 3 } }); console.log(objects.filter((o) => o.s === 'k7').reduce((x, o) => x + o.n.v, 0)); const sorted = objects.map((o) => o.s).sort(); console.log(sorted[0], sorted.at(-1));
  const wasm = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 7, 1, 3, 97, 100, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11]))); console.log(wasm.exports.add(2, 3));
  assert.throws(() => assert.strictEqual(1, 2)); try { null.x; } catch (e) { console.log(e.message); } const deep = (n) => 1 + deep(n + 1); try { deep(0); } catch (e) { console.log(e instanceof RangeError); } const got = new Promise((r) => process.on('SIGUSR2', () => { console.log('usr2'); r(); })); const alive = setInterval(() => {}, 1000); process.kill(process.pid, 'SIGUSR2'); await got; clearInterval(alive);
  let input = ''; process.stdin.on('data', (d) => (input += d)).on('end', () => { console.log(input.trim(), process.argv.slice(2), process.platform, process.arch); process.exitCode = 9; });
}
