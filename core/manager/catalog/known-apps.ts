/**
 * What the apps of the public catalogs need: how each is called, whether it talks over a network, and its memory. The facts of
 * run_app.sh, and of the apps' own READMEs. An app that is not listed is recognised by its files.
 */
export interface KnownApp {
  title: string;
  description: string;
  category: 'language' | 'server' | 'tool' | 'network' | 'database' | 'media';
  /** Program and arguments, by layout where they differ. */
  program: readonly string[];
  staticProgram?: readonly string[];
  ports?: readonly number[];
  memoryMiB?: number;
  env?: readonly string[];
}

const tool = (title: string, description: string, ...program: string[]): KnownApp => ({
  title,
  description,
  category: 'tool',
  program,
});
const server = (title: string, description: string, port: number, ...program: string[]): KnownApp => ({
  title,
  description,
  category: 'server',
  program,
  ports: [port],
});

/** By path in the catalog. */
export const knownApps: Readonly<Record<string, KnownApp>> = {
  awk: tool('awk', 'Scans and processes text by patterns', '/usr/bin/awk', 'BEGIN { print 6 * 7 }'),
  bc: { ...tool('bc', 'A calculator of any precision', '/usr/bin/bc'), staticProgram: ['/bc'] },
  busybox: tool('BusyBox', 'Many small Unix tools in one program', '/bin/busybox', 'sh'),
  bzip2: { ...tool('bzip2', 'Compresses files', '/bin/bzip2', '--help'), staticProgram: ['/bzip2', '--help'] },
  caddy: { ...server('Caddy', 'A web server', 80, '/usr/bin/caddy', 'run'), memoryMiB: 1024 },
  curl: { ...tool('curl', 'Gets what a URL names', '/curl', '--version'), category: 'network' },
  du: tool('du', 'Counts disk use', '/bin/du', '-h', '/'),
  echo: tool('echo', 'Prints its arguments', '/bin/echo', 'Hello'),
  ffmpeg: {
    ...tool('FFmpeg', 'Converts audio and video', '/usr/bin/ffmpeg', '-version'),
    category: 'media',
    memoryMiB: 2048,
  },
  gnupg: tool('GnuPG', 'Encrypts and signs', '/usr/bin/gpg', '--version'),
  grep: tool('grep', 'Finds lines by a pattern', '/bin/grep', '--version'),
  gzip: { ...tool('gzip', 'Compresses files', '/bin/gzip', '--help'), staticProgram: ['/gzip', '--help'] },
  haproxy: server(
    'HAProxy',
    'Spreads connections over servers',
    8080,
    '/bin/haproxy',
    '-f',
    '/etc/haproxy/haproxy.conf',
  ),
  imagemagick: {
    ...tool('ImageMagick', 'Converts pictures', '/usr/bin/convert', '-version'),
    category: 'media',
    memoryMiB: 1024,
  },
  iputils: {
    ...tool('iputils', 'ping and other tools for networks', '/bin/ping', '-c', '3', '127.0.0.1'),
    category: 'network',
    staticProgram: ['/ping', '-c', '3', '127.0.0.1'],
  },
  ispell: { ...tool('ispell', 'Checks spelling', '/usr/bin/ispell', '-v'), staticProgram: ['/ispell', '-v'] },
  ls: tool('ls', 'Lists files', '/bin/ls', '-l', '/'),
  lua: { ...tool('Lua', 'The Lua language', '/usr/bin/lua'), category: 'language', staticProgram: ['/lua'] },
  md5sum: tool('md5sum', 'Computes checksums', '/bin/md5sum', '--version'),
  mosquitto: server('Mosquitto', 'A message broker (MQTT)', 1883, '/usr/sbin/mosquitto'),
  'nats-server': { ...server('NATS', 'A message broker', 4222, '/nats-server'), memoryMiB: 1024 },
  netcat: { ...tool('netcat', 'Sends and takes bytes over a network', '/bin/nc', '-h'), category: 'network' },
  nginx: {
    ...server('nginx', 'A web server', 80, '/usr/local/nginx/sbin/nginx', '-c', '/usr/local/nginx/conf/nginx.conf'),
    staticProgram: ['/nginx'],
  },
  node: {
    ...server('Node.js', 'JavaScript outside the browser', 3000, '/usr/bin/node', '/server.js'),
    category: 'language',
    memoryMiB: 2048,
  },
  openssl: tool('OpenSSL', 'Encryption and certificates', '/bin/openssl', 'version'),
  redis: {
    ...server('Redis 6', 'A store of keys and values', 6379, '/usr/bin/redis-server', '/etc/redis/redis.conf'),
    category: 'database',
    staticProgram: ['/redis-server', '/redis.conf'],
  },
  redis7: {
    ...server('Redis 7', 'A store of keys and values', 6379, '/usr/bin/redis-server', '/etc/redis/redis.conf'),
    category: 'database',
  },
  sed: tool('sed', 'Edits text as it passes', '/bin/sed', '--version'),
  sqlite3: {
    ...tool('SQLite', 'A database in a file', '/usr/bin/sqlite3'),
    category: 'database',
    staticProgram: ['/sqlite3'],
  },
  tar: tool('tar', 'Packs files into archives', '/bin/tar', '--version'),
  unzip: tool('unzip', 'Unpacks zip archives', '/usr/bin/unzip', '-v'),
  wget: { ...tool('wget', 'Gets what a URL names', '/usr/bin/wget', '--version'), category: 'network' },
  'lang/perl': { ...tool('Perl', 'The Perl language', '/usr/bin/perl', '-v'), category: 'language' },
  'lang/python': { ...tool('Python', 'The Python language', '/bin/python3.11'), category: 'language', memoryMiB: 1024 },
  'lang/python-custom': {
    ...tool('Python, own build', 'The Python language', '/bin/python3'),
    category: 'language',
    memoryMiB: 1024,
  },
  'lang/ruby': { ...tool('Ruby', 'The Ruby language', '/usr/bin/ruby', '-v'), category: 'language', memoryMiB: 1024 },
  'lang/lua': { ...tool('Lua', 'The Lua language', '/usr/bin/lua'), category: 'language' },
};

const languages: Readonly<Record<string, string>> = {
  c: 'C',
  'c++': 'C++',
  go: 'Go',
  rust: 'Rust',
  ada: 'Ada',
  fortran: 'Fortran',
  modula2: 'Modula-2',
  dlang: 'D',
};

/** What is known of an app by its path: the table, or the small examples of each language. */
export function knownApp(path: string): KnownApp | undefined {
  const listed = knownApps[path];
  if (listed !== undefined) return listed;
  const [, language = '', example] = /^lang\/([^/]+)(?:\/(.+))?$/.exec(path) ?? [];
  const name = languages[language];
  if (name === undefined) return undefined;
  const base: KnownApp = {
    title: `${name}: ${example ?? 'examples'}`,
    description: `A small program in ${name}`,
    category: 'language',
    program: [],
  };
  if (example !== undefined && /server/.test(example))
    return { ...base, description: `A small server in ${name}`, ports: [example.includes('http') ? 8080 : 3333] };
  return base;
}
