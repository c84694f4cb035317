#!/usr/bin/env python3
"""Runs file system scenarios on the Linux it is started on and records the results: root, and a tmpfs on /dev/shm.

    python3 test/golden/fs/record.py test/golden/fs/*.txt

A line is `[name =] call arguments... [-> result]`; the result is replaced. Arguments are numbers, names of constants
joined by |, quoted strings, and %name for an earlier result. Calls are system calls, or the queries below. Results are
numbers, errno names, or quoted strings; `fd` stands for any descriptor that is kept under a name.
"""
import ctypes, errno, json, os, re, stat, struct, sys, tempfile

libc = ctypes.CDLL(None, use_errno=True)
NUMBERS = dict(read=0, write=1, open=2, close=3, lseek=8, dup=32, dup2=33, dup3=292, fcntl=72, flock=73,
    truncate=76, ftruncate=77, chdir=80, fchdir=81, rename=82, mkdir=83, rmdir=84, creat=85, link=86, unlink=87,
    symlink=88, chmod=90, fchmod=91, chown=92, lchown=94, umask=95, mknod=133, mount=165, umount2=166, access=21,
    openat=257, mkdirat=258, mknodat=259, fchownat=260, unlinkat=263, linkat=265, symlinkat=266, fchmodat=268,
    fchmodat2=452, faccessat2=439, renameat2=316, fallocate=285, utimensat=280, close_range=436, fsync=74,
    pread64=17, pwrite64=18, setxattr=188, lsetxattr=189, removexattr=197, sendfile=40, copy_file_range=326,
    pipe2=293, memfd_create=319, chroot=161, statfs=137, fstat=5, getdents64=217, splice=275, tee=276, readahead=187,
    fadvise64=221, sync_file_range=277, setresuid=117, setresgid=119, setgroups=116, setfsuid=122, inotify_init1=294, inotify_add_watch=254, inotify_rm_watch=255)
NAMES = {**{k: getattr(os, k) for k in dir(os) if re.match(r'(O|AT|SEEK|F)_', k) and isinstance(getattr(os, k), int)}}
import fcntl as _f
NAMES.update({k: getattr(_f, k) for k in dir(_f) if re.match(r'(F|LOCK|FD)_', k)})
NAMES.update({k: getattr(stat, k) for k in dir(stat) if k.startswith('S_I') and isinstance(getattr(stat, k), int)})
NAMES.update(NULL=0, AT_FDCWD=-100, AT_SYMLINK_NOFOLLOW=0x100, AT_REMOVEDIR=0x200, AT_EACCESS=0x200,
    AT_SYMLINK_FOLLOW=0x400, AT_EMPTY_PATH=0x1000, RENAME_NOREPLACE=1, RENAME_EXCHANGE=2, R_OK=4, W_OK=2, X_OK=1,
    F_OK=0, MS_BIND=4096, MS_RDONLY=1, MS_REMOUNT=32, MNT_DETACH=2, O_TMPFILE=0o20200000, O_PATH=0o10000000,
    RESOLVE_NO_XDEV=1, RESOLVE_NO_MAGICLINKS=2, RESOLVE_NO_SYMLINKS=4, RESOLVE_BENEATH=8, RESOLVE_IN_ROOT=16,
    FALLOC_FL_KEEP_SIZE=1, FALLOC_FL_PUNCH_HOLE=2, FALLOC_FL_ZERO_RANGE=16, XATTR_CREATE=1, XATTR_REPLACE=2,
    MFD_ALLOW_SEALING=2, O_LARGEFILE=0o100000, UTIME_NOW=0x3fffffff, IN_ALL_EVENTS=0xfff, IN_ONLYDIR=0x1000000,
    IN_DONT_FOLLOW=0x2000000, IN_MASK_CREATE=0x10000000, IN_MASK_ADD=0x20000000, IN_ONESHOT=0x80000000, IN_MODIFY=2, IN_CREATE=256)

def call(name, *args):
    converted = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    result = libc.syscall(ctypes.c_long(NUMBERS[name]), *converted)
    return result if result >= 0 else -ctypes.get_errno()

def guarded(query):
    def run(*args):
        try:
            return query(*args)
        except OSError as e:
            return -e.errno
    return run

def openat2(dirfd, path, flags, mode, resolve):
    how = struct.pack('QQQ', flags, mode, resolve)
    result = libc.syscall(437, dirfd, path, how, 24)
    return result if result >= 0 else -ctypes.get_errno()

def lock(fd, command, kind, whence, start, length):
    data = bytearray(struct.pack('hhqqi4x', kind, whence, start, length, 0))
    buffer = (ctypes.c_char * len(data)).from_buffer(data)
    result = libc.syscall(72, fd, command, buffer)
    if result < 0: return -ctypes.get_errno()
    kind, whence, start, length, pid = struct.unpack('hhqqi4x', bytes(data))
    return f'{kind} {whence} {start} {length}'

def as_user(uid, gid):
    libc.syscall(117, 0, 0, 0)
    libc.setgroups(0, None)
    libc.syscall(119, -1, gid, -1)
    return libc.syscall(117, -1, uid, -1)

def events(fd):
    names = dict(IN_ACCESS=1, IN_MODIFY=2, IN_ATTRIB=4, IN_CLOSE_WRITE=8, IN_CLOSE_NOWRITE=16, IN_OPEN=32,
        IN_MOVED_FROM=64, IN_MOVED_TO=128, IN_CREATE=256, IN_DELETE=512, IN_DELETE_SELF=1024, IN_MOVE_SELF=2048,
        IN_UNMOUNT=8192, IN_Q_OVERFLOW=16384, IN_IGNORED=32768, IN_ISDIR=0x40000000)
    data, shown = os.read(fd, 65536), []
    while data:
        wd, mask, cookie, length = struct.unpack('iIII', data[:16])
        name = data[16:16 + length].rstrip(b'\0').decode()
        bits = '|'.join(k for k, v in names.items() if mask & v)
        shown.append(f'{wd}:{bits}{"+" if cookie else ""}{":" + name if name else ""}')
        data = data[16 + length:]
    return ' '.join(shown)

text = lambda b: b.decode('latin1')
QUERIES = {
    'openat2': openat2,
    'lock': lock,
    'as_user': as_user,
    'events': guarded(events),
    'mode': guarded(lambda p: oct(os.lstat(p).st_mode)),
    'nlink': guarded(lambda p: os.lstat(p).st_nlink),
    'size': guarded(lambda p: os.lstat(p).st_size),
    'owner': guarded(lambda p: f'{os.lstat(p).st_uid}:{os.lstat(p).st_gid}'),
    'times': guarded(lambda p: f'{os.lstat(p).st_atime_ns} {os.lstat(p).st_mtime_ns}'),
    'ls': guarded(lambda p: ' '.join(sorted(map(text, os.listdir(p))))),
    'readlink': guarded(lambda p: text(os.readlink(p))),
    'getcwd': guarded(lambda: text(os.getcwdb())),
    'stat': guarded(lambda p: oct(os.stat(p).st_mode)),
    'put': lambda fd, data: call('write', fd, data, len(data)),
    'get': guarded(lambda fd, n: text(os.read(fd, n))),
    'putat': lambda fd, data, at: call('pwrite64', fd, data, len(data), at),
    'getat': guarded(lambda fd, n, at: text(os.pread(fd, n, at))),
    'getxattr': guarded(lambda p, n: text(os.getxattr(p, n))),
    'listxattr': guarded(lambda p: ' '.join(sorted(os.listxattr(p)))),
    'utime': lambda p, a, m: call('utimensat', -100, p, struct.pack('qqqq', a // 10**9, a % 10**9, m // 10**9, m % 10**9), 0),
}

def parse(word, values):
    if word.startswith('"'): return json.loads(word).encode('latin1')
    if word.startswith('%'): return values[word[1:]]
    total = 0
    for part in word.split('|'):
        total |= NAMES[part] if part in NAMES else int(part, 8) if re.match(r'0[0-7]', part) else int(part, 0)
    return total

OPENERS = {'inotify_init1', 'open', 'openat', 'openat2', 'creat', 'dup', 'memfd_create'}

def show(result, name, callname):
    if isinstance(result, str): return json.dumps(result)
    if result < 0: return errno.errorcode[-result]
    return 'fd' if name or callname in OPENERS else str(result)

def run(scenario):
    lines, values = [], {}
    for line in scenario.splitlines():
        body = line.split(' -> ')[0].rstrip()
        if body == '' or body.startswith('#'):
            lines.append(body)
            continue
        match = re.match(r'(?:(\w+) = )?(\w+) ?(.*)$', body)
        name, callname, rest = match.groups()
        args = [parse(w, values) for w in re.findall(r'"(?:[^"\\]|\\.)*"|\S+', rest)]
        result = QUERIES[callname](*args) if callname in QUERIES else call(callname, *args)
        if name: values[name] = result
        lines.append(f'{body} -> {show(result, name, callname)}')
    return '\n'.join(lines) + '\n'

for path in sys.argv[1:]:
    path = os.path.abspath(path)
    where = tempfile.mkdtemp(dir='/dev/shm')
    reader, writer = os.pipe()
    with open(path) as f: scenario = f.read()
    child = os.fork()
    if child == 0:
        libc.unshare(0x20000)
        libc.mount(b'none', b'/', None, 0x44000, None)
        libc.mount(b'tmpfs', where.encode(), b'tmpfs', 0, b'mode=755')
        os.chroot(where); os.chdir('/'); os.umask(0o022)
        os.write(writer, run(scenario).encode())
        os._exit(0)
    os.close(writer)
    output = b''
    while chunk := os.read(reader, 65536): output += chunk
    os.waitpid(child, 0)
    os.rmdir(where)
    with open(path, 'w') as f: f.write(output.decode())
