# Much of Python's standard library, with deterministic output.
import array, asyncio, base64, bisect, bz2, codecs, collections, concurrent.futures, configparser, contextlib, copy, csv
import ctypes, dataclasses, datetime, decimal, difflib, enum, errno, fractions, functools, gc, glob, gzip, hashlib, heapq, hmac
import html.parser, io, itertools, json, locale, logging, lzma, math, mmap, multiprocessing.dummy, operator, os, pathlib, pickle
import platform, pprint, queue, random, re, select, shelve, shutil, signal, socket, sqlite3, statistics, string, struct, subprocess
import sys, tempfile, textwrap, threading, time, traceback, types, typing, unicodedata, unittest, urllib.parse, uuid, weakref
import xml.etree.ElementTree as ET, zipfile, tarfile, zlib, zoneinfo

def section(name):
    print('==', name)

section('numbers')
print(2**200, -7 // 3, -7 % 3, divmod(10**30, 12345678901), hex(1 << 70), (1234567890123456789 * 987654321987654321) >> 13)
print(math.pi, math.sin(1), math.exp(0.5), math.gamma(5.5), math.fsum([0.1] * 10), math.isqrt(10**40), math.comb(50, 25))
print(0.1 + 0.2, 1e308 * 10, float('nan'), 1 / 3, round(2.675, 2), (0.1).hex(), float.fromhex('0x1.8p3'), 5e-324, 1.7976931348623157e308)
print([math.fmod(7.5, 2), math.log(10), math.log2(8), math.log10(1000), math.atan2(1, -1), math.hypot(3, 4), math.erf(0.3), math.tan(1e6), math.cbrt(27)])
decimal.getcontext().prec = 60
print(decimal.Decimal(2).sqrt(), decimal.Decimal(1) / 7, decimal.Decimal('1.1') ** 50, fractions.Fraction(3, 7) + fractions.Fraction(1, 3))
print(statistics.mean([1, 2, 3.5]), statistics.stdev([1, 2, 3, 4]), statistics.median([5, 1, 3]))
random.seed(42)
print(random.random(), random.randint(1, 10**9), random.sample(range(100), 5), random.gauss(0, 1))
print(complex(1, 2) ** 3, abs(3 + 4j))

section('text')
print(json.dumps({'b': [1, 2.5, None, True, 'é\n'], 'a': {'n': {}}}, sort_keys=True), json.loads('[1e3, "\\u00e9", {"x": false}]'))
print(re.findall(r'(\w+)@(\w+)\.com', 'joe@example.com, ann@test.com'), re.sub(r'(?<=a)b+', 'X', 'abbb cab'), re.split(r'[,;]\s*', 'a, b;c'))
print(re.match(r'(?P<y>\d{4})-(?P<m>\d\d)', '2024-05-06').groupdict(), bool(re.search('ß', 'STRASSE', re.I)))
print(unicodedata.name('é'), unicodedata.normalize('NFD', 'é').encode(), 'straße'.upper(), 'ǅ'.lower(), '١٢'.isdigit())
print(textwrap.fill('the quick brown fox jumps over the lazy dog ' * 3, 40))
print('\n'.join(difflib.unified_diff(['a', 'b', 'c'], ['a', 'x', 'c'], lineterm='')))
print(f'{3.14159:>10.3f}|{42:#x}|{1234567:,}|{"x":^5}|{0.00001234:g}|{255:08b}|{1e20:e}', '%5.2f %s %r' % (2.5, 'a', 'b'))
print(string.Template('$a-${b}').substitute(a=1, b=2), urllib.parse.quote('a b/é?'), urllib.parse.urlsplit('http://u@h:1/p?q#f'))
out = io.StringIO(); csv.writer(out).writerows([[1, 'a,b', '"q"'], [2, 'x\ny', None]]); print(repr(out.getvalue()))
print(codecs.encode('hello', 'rot13'), 'é€😀'.encode('utf-16-le'), 'é'.encode('latin-1'), b'\xff\xfe'.decode('utf-8', 'replace'), 'ш'.encode('koi8-r'))
print(ET.tostring(ET.fromstring('<a x="1"><b>t</b><c/></a>')).decode(), [e.tag for e in ET.fromstring('<r><p/><q/></r>')])
parser = configparser.ConfigParser(); parser.read_string('[s]\nk = v\nn = 3\n'); print(parser['s']['k'], parser.getint('s', 'n'))

section('bytes')
data = bytes(range(256)) * 40
for name in sorted(hashlib.algorithms_guaranteed):
    h = hashlib.new(name, data)
    print(name, h.hexdigest(32) if name.startswith('shake') else h.hexdigest())
print(hmac.new(b'k', data, 'sha256').hexdigest(), zlib.crc32(data), zlib.adler32(data), base64.b85encode(data[:20]))
print(hashlib.pbkdf2_hmac('sha256', b'pw', b'salt', 1000).hex(), hashlib.scrypt(b'pw', salt=b's', n=256, r=8, p=1).hex()[:32])
for module in (zlib, bz2, lzma):
    packed = module.compress(data); print(module.__name__, len(packed), module.decompress(packed) == data)
print(struct.pack('<iQd3s', -1, 2**63, 1.5, b'abc').hex(), struct.unpack('>hI', b'\xff\xfe\x00\x00\x00\x07'), array.array('d', [1.5, 2]).tobytes().hex())
print(pickle.loads(pickle.dumps({'a': [1, (2, 3)], 'b': {4}})), uuid.uuid5(uuid.NAMESPACE_DNS, 'x.org'))

section('collections')
print(collections.Counter('abracadabra').most_common(2), collections.OrderedDict(a=1), heapq.nsmallest(3, [5, 1, 4, 2]), bisect.bisect([1, 3, 5], 3))
print(list(itertools.islice(itertools.permutations('abc'), 4)), functools.reduce(operator.mul, range(1, 25)), list(zip(*[iter('abcdef')] * 2)))
@dataclasses.dataclass(order=True)
class Point:
    x: int
    y: int = 2
class Colour(enum.Flag):
    RED = 1; BLUE = 2
print(Point(1), Point(1) < Point(2), Colour.RED | Colour.BLUE, copy.deepcopy([[1], {2: 3}]))
pprint.pprint({i: list(range(i)) for i in range(12)}, width=60)
def generator():
    try:
        received = yield 1
        print('got', received)
        yield from 'ab'
    finally:
        print('closed')
g = generator(); print(next(g), g.send('v'), next(g)); g.close()
try:
    raise ValueError('inner') from KeyError('cause')
except ValueError as error:
    print(repr(error), repr(error.__cause__), traceback.format_exc().count('File'))
def deep(n): return 0 if n == 0 else 1 + deep(n - 1)
print(deep(900))
try:
    deep(10**6)
except RecursionError as error:
    print('RecursionError')
ref = weakref.ref(Point(3)); gc.collect(); print(ref())

section('files')
root = pathlib.Path(tempfile.mkdtemp())
(root / 'sub').mkdir(); (root / 'a.txt').write_text('line one\nline two\n'); (root / 'sub' / 'b.bin').write_bytes(data)
os.symlink('a.txt', root / 'link'); os.link(root / 'a.txt', root / 'hard'); os.rename(root / 'hard', root / 'hard2')
for folder, folders, files in sorted(os.walk(root)):
    print(os.path.relpath(folder, root), sorted(folders), sorted(files))
print(os.readlink(root / 'link'), os.stat(root / 'a.txt').st_nlink, oct((root / 'a.txt').stat().st_mode), glob.glob('**/*.bin', root_dir=root, recursive=True))
with open(root / 'a.txt', 'r+') as f:
    f.seek(5); f.write('ONE'); f.truncate(12); f.seek(0); print(repr(f.read()))
with open(root / 'sub' / 'b.bin', 'r+b') as f, mmap.mmap(f.fileno(), 0) as m:
    print(len(m), m[255:258], m.find(b'\x10\x11')); m[0:4] = b'MMAP'; m.flush()
print((root / 'sub' / 'b.bin').read_bytes()[:6], os.path.getsize(root / 'sub' / 'b.bin'))
with zipfile.ZipFile(root / 'z.zip', 'w', zipfile.ZIP_DEFLATED) as z:
    z.writestr('x.txt', 'x' * 1000)
print(zipfile.ZipFile(root / 'z.zip').read('x.txt')[:3], zipfile.ZipFile(root / 'z.zip').testzip())
with tarfile.open(root / 't.tgz', 'w:gz') as t: t.add(root / 'sub', 'sub')
print(sorted(tarfile.open(root / 't.tgz').getnames()))
with gzip.open(root / 'g.gz', 'wt') as f: f.write('zipped')
print(gzip.open(root / 'g.gz', 'rt').read())
with shelve.open(str(root / 'shelf')) as s: s['k'] = [1, 2]
with shelve.open(str(root / 'shelf')) as s: print(s['k'])
db = sqlite3.connect(str(root / 'd.sqlite'))
db.execute('create table t(id integer primary key, name text, v real)')
db.executemany('insert into t(name, v) values(?, ?)', [(f'n{i}', i / 3) for i in range(1000)]); db.commit()
print(db.execute('select count(*), sum(v), max(name) from t').fetchone(), db.execute('select name from t where id % 333 = 0 order by v desc').fetchall())
print(db.execute("select json_extract('{\"a\":[1,2]}', '$.a[1]'), printf('%.3f', 2.0/3), upper('abc')").fetchone()); db.close()
for bad in (lambda: open(root / 'none'), lambda: os.mkdir(root), lambda: os.rmdir(root), lambda: open(root), lambda: os.listdir('/none/x')):
    try: bad()
    except OSError as error: print(type(error).__name__, errno.errorcode[error.errno])
r, w = os.pipe(); os.write(w, b'through a pipe'); print(os.read(r, 100), select.select([r], [], [], 0)[0] == []); os.close(w); print(os.read(r, 1))
a, b = socket.socketpair(); a.sendall(b'hi'); print(b.recv(10)); a.close(); print(b.recv(10)); b.close()
shutil.copytree(root / 'sub', root / 'copy'); shutil.rmtree(root); print(root.exists())

section('time')
print(datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc).isoformat(), datetime.date(2024, 12, 30).isocalendar(), time.strftime('%a %j', time.gmtime(86400 * 45)))
print(datetime.datetime.fromtimestamp(0, datetime.timezone.utc), (datetime.date(2024, 3, 1) - datetime.date(2023, 3, 1)).days)
before = time.monotonic(); time.sleep(0.02); print(0.015 < time.monotonic() - before < 5)
caught = []
signal.signal(signal.SIGALRM, lambda number, frame: caught.append(number)); signal.setitimer(signal.ITIMER_REAL, 0.01)
signal.pause(); print(caught)
os.kill(os.getpid(), signal.SIGALRM); print(caught)

section('threads')
lock = threading.Lock(); total = 0
def work(n):
    global total
    for _ in range(n):
        with lock: total += 1
threads = [threading.Thread(target=work, args=(2000,)) for _ in range(8)]
for t in threads: t.start()
for t in threads: t.join()
print(total)
with concurrent.futures.ThreadPoolExecutor(4) as pool: print(list(pool.map(lambda n: n * n, range(10))))
with multiprocessing.dummy.Pool(3) as pool: print(sum(pool.map(abs, range(-50, 50))))
q = queue.Queue(3); done = threading.Event()
def consumer():
    items = []
    while (item := q.get()) is not None: items.append(item)
    print(sum(items)); done.set()
threading.Thread(target=consumer).start()
for i in range(100): q.put(i)
q.put(None); print(done.wait(10))
condition = threading.Condition()
with condition: print(condition.wait(0.01))
barrier = threading.Barrier(3, timeout=10)
rows = []
def meet(): barrier.wait(); rows.append(1)
threads = [threading.Thread(target=meet) for _ in range(3)]
for t in threads: t.start()
for t in threads: t.join()
print(len(rows))
local = threading.local(); local.x = 1; timer = threading.Timer(0.01, lambda: rows.append(hasattr(local, 'x'))); timer.start(); timer.join(); print(rows[-1])

section('asyncio')
async def tick(name, n):
    for i in range(n): await asyncio.sleep(0.002)
    return name
async def main():
    print(await asyncio.gather(tick('a', 3), tick('b', 1), tick('c', 2)))
    try: await asyncio.wait_for(asyncio.sleep(10), 0.01)
    except asyncio.TimeoutError: print('timeout')
    loop = asyncio.get_running_loop()
    print(await loop.run_in_executor(None, deep, 10))
    numbers = asyncio.Queue()
    async def produce():
        for i in range(5): await numbers.put(i)
    task = asyncio.create_task(produce())
    print([await numbers.get() for _ in range(5)]); await task
    a, b = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=a)
    other, sender = await asyncio.open_connection(sock=b)
    sender.write(b'over a socket pair\n'); print(await reader.readline())
    for w in (writer, sender): w.close()
asyncio.run(main())

section('ctypes')
libc = ctypes.CDLL(None); print(libc.strlen(b'hello'), libc.abs(-5), ctypes.sizeof(ctypes.c_long))
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
values = (ctypes.c_int * 5)(5, 3, 1, 4, 2); libc.qsort(values, 5, 4, compare(lambda a, b: a[0] - b[0])); print(list(values))
libm = ctypes.CDLL('libm.so.6'); libm.powl.restype = libm.powl.argtypes = None
libm.pow.restype = ctypes.c_double; libm.pow.argtypes = [ctypes.c_double] * 2; print(libm.pow(2.0, 0.5))

section('unittest')
class Test(unittest.TestCase):
    def test_pass(self): self.assertEqual(1, 1)
    @unittest.expectedFailure
    def test_fail(self): self.assertEqual(1, 2)
    def test_raises(self):
        with self.assertRaises(ZeroDivisionError): 1 / 0
result = unittest.TextTestRunner(stream=io.StringIO()).run(unittest.defaultTestLoader.loadTestsFromTestCase(Test)); print(result)
print(platform.machine(), sys.byteorder, sys.maxsize, os.name, sys.stdin.isatty())
namespace = {}; exec(compile('x = [i ** 2 for i in range(5) if i % 2]\nmatch x:\n  case [a, b]: y = a + b', 's', 'exec'), namespace); print(namespace['y'])
print('done')
