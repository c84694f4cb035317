// Makes random system calls with random and half-plausible arguments: hostile-calls SEED COUNT THREADS.
// Compiled with -include of the table that test/guest/hostile/call-table.ts writes. Needs no particular result; what
// counts is that the machine stays whole. Ends with 0, or by a signal that it has brought on itself.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#define ARENA 0x10000000ul
#define ARENA_LEN 0x40000ul
// Behind the arena: a page without rights, a read-only page, and a file mapping with a page beyond the file's end.
#define NO_ACCESS (ARENA + ARENA_LEN)
#define READ_ONLY (NO_ACCESS + 0x1000)
#define FILE_MAP (READ_ONLY + 0x2000)
#define CALLS (sizeof calls / sizeof *calls)
#define REFRESH 200

static const char *const paths[] = {
  "", ".", "..", "/", "//", "a", "b", "d", "d/x", "d/y/z", "link", "loop", "loop/x", "up", "abs", "fifo", "d/.", "d/..", "a/",
  "a/..", "../../../../../../etc/passwd", "/../secret", "up/secret", "abs/secret", "/proc/self/root/a", "/proc/self/cwd/a",
  "/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/5", "/proc/self/fd/8", "/proc/self/fd/20", "/proc/self/exe",
  "/proc/self/mem", "/proc/self/maps", "/proc/self/status", "/proc/self/stat", "/proc/self/smaps", "/proc/self/task",
  "/proc/self/environ", "/proc/self/cmdline", "/proc/self/auxv", "/proc/self/comm", "/proc/self/fdinfo", "/proc/self/limits",
  "/proc/thread-self/comm", "/proc/1/root", "/proc/1/cwd/../..", "/proc/2/stat", "/proc/cpuinfo", "/proc/meminfo",
  "/proc/mounts", "/proc/self/mountinfo", "/proc/sys/kernel/hostname", "/proc/sys/vm/overcommit_memory", "/proc/stat",
  "/proc", "/dev", "/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/dev/tty", "/dev/console", "/dev/ptmx", "/dev/pts",
  "/dev/pts/0", "/dev/pts/1", "/dev/fd/3", "/dev/stdin", "/dev/stdout", "/dev/shm", "/dev/shm/s", "/tmp", "/tmp/t", "/tmp/u/v",
  "/sys", "/sys/devices/system/cpu/online", "/sys/devices/system/cpu", "/fuzz", "tmpfs", "ramfs", "proc", "sysfs", "devfs",
  "9pfs", "overlay", "none", "size=4096", "user.x", "user.", "trusted.y", "security.z", "system.posix_acl_access", "\xff\xfe\x80",
  "new\nline", "a\\b:c", "...", ". ", "CON", "sock", "\xe2\x82\xac", "/tmp/../tmp/./t", "c0", "c1", "c2", "c3", "d/c4", "d/c5",
};
static const uint64_t odd[] = {
  0, 1, 2, 3, 4, 7, 8, 15, 16, 63, 64, 100, 127, 128, 255, 256, 511, 1000, 1023, 1024, 4095, 4096, 4097, 8192, 65535, 65536,
  0x7ffff, 0x100000, 0x7fffff, 0x1000000, 0x7ffffff, 0x10000000, 0x7ffff000, 0x7fffffff, 0x80000000, 0x80000001, 0xfbffffff,
  0xfc000000, 0xfffff000, 0xffffffff, 0x100000000, 0x100000001, 0x7fffffffffff, 0x800000000000, 0x1fffffffffffff,
  0x20000000000000, 0x20000000000001, 0x7ffffffffffffff0, 0x7fffffffffffffff, 0x8000000000000000, 0x8000000000000001,
  0xffffffff00000000, 0xffffffff80000000, 0xffffffffffffff9c, 0xfffffffffffff000, 0xffffffffffffffff, 0xfffffffffffffffe,
};
static const unsigned ioctls[] = {
  0x5401, 0x5402, 0x5403, 0x5404, 0x5405, 0x5406, 0x5407, 0x5408, 0x5409, 0x540a, 0x540b, 0x540c, 0x540e, 0x540f, 0x5410, 0x5411,
  0x5412, 0x5413, 0x5414, 0x541b, 0x5420, 0x5421, 0x5422, 0x5429, 0x5450, 0x5451, 0x5452, 0x80045430, 0x40045431, 0x80045439,
  0x80045438, 0x80045440, 0x40049409, 0x80086601, 0xc020660b, 0x802c542a, 0x402c542b, 0x402c542c, 0x402c542d, 0x5437, 0x5460, 0x8901,
  0x8902, 0x8903, 0x8904, 0x8905, 0x8906, 0x40086602, 0x541a, 0x5419, 0x5441,
};

static __thread uint64_t state;
static __thread sigjmp_buf back;
static __thread volatile int can_jump;
// Descriptors by what they are, so that calls can be given one that they take.
enum { ANY, DIRECTORY, FILE_, PIPE, SOCKET, EPOLL, TIMER, WATCH, TTY, PIDFD, CLASSES };
static struct { int fd, class; } fds[80];
static volatile int fd_count;
static int drops;
static volatile long faults;
static volatile long fault_limit = 20000;

static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state * 0x2545f4914f6cdd1dul;
}
static uint64_t below(uint64_t n) { return (next() >> 16) % n; }
static int chance(int percent) { return below(100) < (uint64_t)percent; }

static long call6(long nr, long a, long b, long c, long d, long e, long f) {
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  long result;
  asm volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return result;
}

// A new thread or process has no stack that we know: it only ends.
static long call_clone(long nr, long a, long b, long c, long d, long e) {
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  long result;
  asm volatile(
    "syscall\n test %%rax, %%rax\n jnz 1f\n 2: mov $60, %%eax\n xor %%edi, %%edi\n syscall\n jmp 2b\n 1:"
    : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
  return result;
}

static void on_signal(int number, siginfo_t *info, void *context) {
  (void)context;
  if ((number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE || number == SIGTRAP) && info->si_code > 0) {
    if (++faults > fault_limit || !can_jump) call6(SYS_exit_group, 3, 0, 0, 0, 0, 0);
    siglongjmp(back, 1);
  }
}

static void install(void) {
  struct { void *handler; unsigned long flags; void *restorer; uint64_t mask; } action, old;
  struct sigaction ours = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_NODEFER};
  // Through libc once, for its restorer; a thread that overwrites the action races, which is fine.
  sigaction(SIGUSR1, &ours, 0);
  call6(SYS_rt_sigaction, SIGUSR1, 0, (long)&old, 8, 0, 0);
  action = old;
  for (int number = 1; number < 65; number++) call6(SYS_rt_sigaction, number, (long)&action, 0, 8, 0, 0);
}

static void tick(void) {
  static const struct itimerval interval = {{0, 4000}, {0, 4000}};
  static const uint64_t none;
  call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, 8, 0, 0);
  call6(SYS_setitimer, ITIMER_REAL, (long)&interval, 0, 0, 0, 0);
}

static void add(int fd, int class) {
  if (fd < 0 || fd_count == 80) return;
  int at = __atomic_fetch_add(&fd_count, 1, __ATOMIC_RELAXED);
  if (at < 80) fds[at].fd = fd, fds[at].class = class;
}

static void open_sockets(void) {
  static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
  for (int i = 0; i < 3; i++) {
    int pair[2];
    if (socketpair(AF_UNIX, types[i] | (i & 1 ? SOCK_NONBLOCK : 0), 0, pair) == 0) add(pair[0], SOCKET), add(pair[1], SOCKET);
  }
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "sock"};
  bind(fd, (void *)&address, sizeof address);
  listen(fd, 3);
  add(fd, SOCKET);
  add(socket(AF_UNIX, SOCK_DGRAM, 0), SOCKET);
}

static void open_special(void) {
  int pair[2];
  if (pipe(pair) == 0) add(pair[0], PIPE), add(pair[1], PIPE);
  if (pipe2(pair, O_NONBLOCK) == 0) add(pair[0], PIPE), add(pair[1], PIPE);
  add(eventfd(3, 0), ANY);
  add(eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK), ANY);
  add(timerfd_create(CLOCK_MONOTONIC, 0), TIMER);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  add(signalfd(-1, &set, 0), ANY);
  int outer = epoll_create1(0), inner = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN | EPOLLET};
  epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event);
  if (fd_count > 0) epoll_ctl(inner, EPOLL_CTL_ADD, fds[below(fd_count)].fd, &event);
  add(outer, EPOLL), add(inner, EPOLL);
  int watch = inotify_init1(IN_NONBLOCK);
  inotify_add_watch(watch, ".", IN_ALL_EVENTS);
  inotify_add_watch(watch, "a", IN_ALL_EVENTS);
  add(watch, WATCH);
  add(memfd_create("m", MFD_ALLOW_SEALING), FILE_);
  add(syscall(SYS_pidfd_open, getpid(), 0), PIDFD);
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
  unlockpt(master);
  char *name = master < 0 ? 0 : ptsname(master);
  if (name) add(open(name, O_RDWR | O_NOCTTY | O_NONBLOCK), TTY);
  add(master, TTY);
}

static void open_files(void) {
  if (chdir("/work") != 0 && chdir("/") != 0) return;
  umask(0);
  mkdir("d", 0777), mkdir("d/y", 0777), mkfifo("fifo", 0666);
  if (symlink("a", "link") + symlink("loop", "loop") + symlink("../..", "up") + symlink("/..", "abs") < 0) errno = 0;
  static const struct { const char *path; int flags, class; } opened[] = {
    {"a", O_RDWR | O_CREAT, FILE_}, {"b", O_WRONLY | O_CREAT | O_APPEND, FILE_}, {"a", O_RDONLY, FILE_}, {"d/x", O_RDWR | O_CREAT, FILE_},
    {"/tmp/t", O_RDWR | O_CREAT, FILE_}, {"/dev/shm/s", O_RDWR | O_CREAT, FILE_}, {"/tmp", O_TMPFILE | O_RDWR, FILE_}, {".", O_RDONLY, DIRECTORY},
    {"d", O_PATH, DIRECTORY}, {"a", O_PATH, ANY}, {"link", O_PATH | O_NOFOLLOW, ANY}, {"d", O_RDONLY | O_DIRECTORY, DIRECTORY},
    {"fifo", O_RDWR | O_NONBLOCK, PIPE}, {"/dev/null", O_RDWR, ANY}, {"/dev/zero", O_RDWR, ANY}, {"/dev/full", O_RDWR, ANY},
    {"/dev/urandom", O_RDWR, ANY}, {"/proc/self/mem", O_RDWR, FILE_}, {"/proc/self/maps", O_RDONLY, FILE_}, {"/proc/self", O_RDONLY, DIRECTORY},
    {"/proc/self/fd", O_RDONLY, DIRECTORY}, {"/proc/self/comm", O_RDWR, ANY}, {"/proc/sys/kernel/hostname", O_RDWR, ANY},
    {"/dev", O_RDONLY, DIRECTORY}, {"/sys/devices/system/cpu/online", O_RDONLY, ANY}, {"/dev/tty", O_RDWR | O_NONBLOCK, TTY},
    {"/dev/pts", O_RDONLY, DIRECTORY}, {"/", O_RDONLY, DIRECTORY}, {"/proc", O_RDONLY, DIRECTORY}, {"/tmp", O_RDONLY, DIRECTORY},
  };
  for (unsigned i = 0; i < sizeof opened / sizeof *opened; i++) add(open(opened[i].path, opened[i].flags, 0666), opened[i].class);
}

// Everything that calls may have broken, as far as it can be put back.
static void refresh(void) {
  install();
  tick();
  call6(SYS_mmap, ARENA, ARENA_LEN, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  call6(SYS_mmap, NO_ACCESS, 0x1000, PROT_NONE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  call6(SYS_mmap, READ_ONLY, 0x2000, PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int fd = 3; fd < 90; fd++) close(fd);
  fd_count = 0;
  open_files();
  int file = open("a", O_RDWR);
  if (file >= 0) {
    call6(SYS_mmap, FILE_MAP, 0x3000, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_SHARED, file, 0);
    close(file);
  }
  open_special();
  open_sockets();
  add(0, TTY), add(1, TTY), add(2, TTY);
}

static int some_fd(void) {
  if (fd_count > 0 && chance(90)) return fds[below(fd_count < 80 ? fd_count : 80)].fd;
  if (chance(40)) return AT_FDCWD;
  return chance(50) ? (int)below(100) - 5 : (int)odd[below(sizeof odd / sizeof *odd)];
}

static int fd_of(int class) {
  for (int tries = 0; class != ANY && fd_count > 0 && tries < 200; tries++) {
    int at = below(fd_count < 80 ? fd_count : 80);
    if (fds[at].class == class) return fds[at].fd;
  }
  return some_fd();
}

// What a call works on, by its name.
static int class_of(const char *name) {
  static const struct { const char *part; int class; } parts[] = {
    {"epoll", EPOLL}, {"timerfd", TIMER}, {"inotify", WATCH}, {"pidfd", PIDFD}, {"sock", SOCKET}, {"bind", SOCKET}, {"listen", SOCKET},
    {"accept", SOCKET}, {"connect", SOCKET}, {"peername", SOCKET}, {"send", SOCKET}, {"recv", SOCKET}, {"shutdown", SOCKET}, {"splice", PIPE},
    {"tee", PIPE}, {"pread", FILE_}, {"pwrite", FILE_}, {"lseek", FILE_}, {"truncate", FILE_}, {"fallocate", FILE_}, {"mmap", FILE_},
    {"getdents", DIRECTORY}, {"fchdir", DIRECTORY}, {"ioctl", TTY}, {"copy_file", FILE_}, {"sync", FILE_},
  };
  if (!strcmp(name, "sendfile")) return ANY;
  for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) if (strstr(name, parts[i].part)) return parts[i].class;
  return ANY;
}

static uint64_t some_value(void) {
  switch (below(6)) {
    case 0: return some_fd();
    case 1: return ARENA + below(ARENA_LEN);
    case 2: return below(100);
    case 3: return next();
    default: return odd[below(sizeof odd / sizeof *odd)];
  }
}

static uint64_t some_size(void) {
  return chance(40) ? below(9) : chance(60) ? below(chance(50) ? 300 : 20000) : odd[below(sizeof odd / sizeof *odd)];
}

static char *some_path(void) {
  char *at = (char *)ARENA + below(ARENA_LEN - 0x3000);
  switch (below(20)) {
    case 0: {
      unsigned len = (unsigned[]){255, 256, 4094, 4095, 4096, 4097, 9000}[below(7)];
      memset(at, chance(50) ? 'x' : '/', len);
      at[len] = 0;
      return at;
    }
    case 1: return (char *)ARENA + ARENA_LEN - 1 - below(20);
    case 2: sprintf(at, "/proc/self/fd/%d", some_fd()); return at;
    case 3: sprintf(at, "/proc/%d/%s", (int)below(8), paths[below(sizeof paths / sizeof *paths)]); return at;
    case 4: sprintf(at, "d/%s", paths[below(sizeof paths / sizeof *paths)]); return at;
    default: return strcpy(at, paths[below(sizeof paths / sizeof *paths)]);
  }
}

// Bytes that look like structures: small numbers, descriptors, pointers, sizes.
static void fill(uint64_t *at, int words) {
  int mode = below(9);
  for (int i = 0; i < words; i++) {
    switch (mode) {
      case 0: at[i] = 0; break;
      case 1: at[i] = below(8); break;
      case 2: at[i] = i & 1 ? some_size() : ARENA + below(ARENA_LEN); break;
      case 3: at[i] = (uint32_t)some_fd() | below(0x2020) << 32; break;
      // Times, limits, offsets.
      case 4: at[i] = below(3) ? below(2000000) : 0; break;
      // struct msghdr, and what hangs on it.
      case 5: at[i] = (uint64_t[]){ARENA + 0x100, 110, ARENA + 0x200, below(5), ARENA + 0x300, below(80), 0, 0}[i % 8]; break;
      // One control message: SCM_RIGHTS or SCM_CREDENTIALS with a few descriptors.
      case 6: at[i] = i == 0 ? 16 + 4 * below(6) : i == 1 ? 1 | (1 + below(2)) << 32 : (uint32_t)some_fd() | (uint64_t)some_fd() << 32; break;
      case 7: at[i] = 1ul << below(32); break;
      default: at[i] = some_value();
    }
  }
}

static uint64_t some_pointer(void) {
  uint64_t *at;
  switch (below(24)) {
    case 0: return 0;
    case 1: return odd[below(sizeof odd / sizeof *odd)];
    case 2: return NO_ACCESS + below(16);
    case 3: return NO_ACCESS - 1 - below(64);
    case 4: return READ_ONLY + below(8192);
    case 5: return FILE_MAP + below(0x3000);
    case 6: return next();
    case 7: return (uint64_t)some_path();
    case 8:
      at = (uint64_t *)(ARENA + below(ARENA_LEN - 0x1000));
      memset(at, 0, 256);
      *(uint16_t *)at = below(4);
      strcpy((char *)at + 2, paths[below(sizeof paths / sizeof *paths)]);
      return (uint64_t)at;
    default:
      at = (uint64_t *)((ARENA + below(ARENA_LEN - 0x2000)) & ~7ul);
      fill(at, below(60) + 4);
      return (uint64_t)at;
  }
}

static uint64_t some_bits(unsigned mask) {
  uint64_t bits = 0;
  if (chance(40)) return 0;
  for (int i = below(4); i > 0; i--) bits |= 1u << below(32);
  if (!chance(10)) bits &= mask;
  return chance(3) ? next() : bits;
}

static uint64_t some_argument(const struct call *call, int at) {
  if (chance(3)) return some_value();
  switch (call->kinds[at]) {
    case 'f':
      // The directory of an *at call.
      if (call->kinds[at + 1] == 'p') return chance(50) ? AT_FDCWD : fd_of(DIRECTORY);
      return chance(80) ? fd_of(class_of(call->name)) : some_fd();
    case 'z': return chance(90) ? 8 : below(20);
    case 'p': return chance(95) ? (uint64_t)some_path() : some_pointer();
    case 'a': return some_pointer();
    case 's': return some_size();
    case 'x': return some_bits(call->mask[at]);
    case 'v': return call->values[at].list[below(call->values[at].count)];
    case 'g': return below(67);
    case 't': return chance(90) ? below(3) : odd[below(sizeof odd / sizeof *odd)];
    default: return chance(40) ? 0 : chance(40) ? below(8) : chance(50) ? below(300) : some_value();
  }
}

// What would only end or stop the program, and what makes the rest of the run pointless, is rare or left out.
static int is_allowed(const struct call *call, uint64_t *a) {
  switch (call->nr) {
    case SYS_exit: case SYS_exit_group: case SYS_rt_sigreturn: return 0;
    // It breaks calls that wait.
    case SYS_rt_sigaction: return (int)a[0] != SIGALRM;
    case SYS_pause: return chance(5);
    case SYS_kill: case SYS_tkill: case SYS_rt_sigqueueinfo: case SYS_pidfd_send_signal:
      return a[1] % 0x100000000 != SIGKILL && a[1] % 0x100000000 != SIGSTOP;
    case SYS_tgkill: case SYS_rt_tgsigqueueinfo: return a[2] % 0x100000000 != SIGKILL && a[2] % 0x100000000 != SIGSTOP;
    case SYS_setrlimit: case SYS_prlimit64: return a[0] && chance(10);
    case SYS_chroot: if (!drops) return 0; case SYS_close_range: case SYS_execve: case SYS_execveat: return chance(4);
    case SYS_setuid: case SYS_setresuid: case SYS_setreuid: case SYS_setfsuid: case SYS_capset: return drops && chance(5);
    case SYS_umount2: return chance(10);
    case SYS_arch_prctl: return a[0] != 0x1002;
    // All of what there is, or what keeps this program going, is not to be given up.
    case SYS_munmap: case SYS_mprotect: case SYS_pkey_mprotect: case SYS_madvise: return a[0] >= ARENA && a[1] < 0x100000;
    case SYS_mremap: return a[0] >= ARENA && a[1] < 0x100000;
    case SYS_ioctl: a[1] = chance(90) ? ioctls[below(sizeof ioctls / sizeof *ioctls)] : a[1]; return 1;
    // A mask would keep SIGALRM out.
    case SYS_ppoll: a[3] = 0; return 1;
    case SYS_epoll_pwait: case SYS_epoll_pwait2: a[4] = 0; return 1;
    case SYS_pselect6: a[5] = 0; return 1;
    case SYS_rt_sigsuspend: return 0;
    default: return 1;
  }
}

// Addresses and sizes that calls want in pages or as those of a structure.
static void suit(const struct call *call, uint64_t *a) {
  switch (call->nr) {
    case SYS_mmap: a[5] &= ~4095ul; // fall through
    case SYS_munmap: case SYS_mprotect: case SYS_pkey_mprotect: case SYS_madvise: case SYS_mremap: case SYS_msync: case SYS_mincore:
      a[0] = chance(60) ? ARENA + (below(ARENA_LEN) & ~4095ul) : a[0] & ~4095ul;
      if (call->nr == SYS_mremap) a[4] &= ~4095ul;
      break;
    case SYS_openat2: a[3] = chance(60) ? 24 : 24 + 8 * below(10); break;
    case SYS_clone3: a[1] = chance(60) ? 88 : 64 + 8 * below(10); break;
    case SYS_sched_setattr: case SYS_sched_getattr: a[2] = call->nr == SYS_sched_getattr ? 48 : 0, a[3] = 0; break;
    case SYS_mount: a[2] = (uint64_t)(const char *[]){"tmpfs", "ramfs", "proc", "sysfs", "devfs", "devpts", "9pfs", "overlay"}[below(8)]; break;
    case SYS_futex_waitv: a[2] = 0, a[1] = below(4); break;
    case SYS_rseq: a[1] = 32; break;
    case SYS_set_robust_list: a[1] = 24; break;
    case SYS_rt_sigtimedwait: a[3] = 8; break;
  }
}

static void one_call(void) {
  const struct call *call = &calls[below(CALLS)];
  uint64_t a[6] = {0};
  int arity = strlen(call->kinds);
  for (int i = 0; i < arity; i++) a[i] = some_argument(call, i);
  if (arity == 0 || chance(1)) for (int i = 0; i < 6; i++) a[i] = some_value();
  if (chance(85)) suit(call, a);
  if (!is_allowed(call, a)) return;
  tick();
  long nr = chance(1) ? (long)below(470) | (chance(20) ? 1l << 33 : 0) : call->nr;
  if (nr == SYS_exit || nr == SYS_exit_group || nr == SYS_rt_sigreturn || nr == SYS_munmap) nr = call->nr;
  if (nr == SYS_clone || nr == SYS_clone3 || nr == SYS_fork || nr == SYS_vfork) call_clone(nr, a[0], a[1], a[2], a[3], a[4]);
  else call6(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static long count;

static void *work(void *seed) {
  state = (uint64_t)seed * 0x9e3779b97f4a7c15ul + 0x1234567;
  next();
  for (volatile long done = 0; done < count; done++) {
    can_jump = 1;
    if (sigsetjmp(back, 0) == 0) {
      if (done % REFRESH == 0 && (uint64_t)seed % 16 == 0) refresh();
      one_call();
    } else tick();
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 4 || !argv[1] || !argv[2] || !argv[3]) return 4;
  setvbuf(stdout, 0, _IONBF, 0);
  uint64_t seed = strtoul(argv[1], 0, 10) * 16;
  drops = seed / 16 % 4 == 0;
  count = strtol(argv[2], 0, 10);
  state = seed + 1;
  refresh();
  for (int i = atoi(argv[3]); i > 0; i--) {
    pthread_t thread;
    pthread_create(&thread, 0, work, (void *)(seed + i));
  }
  work((void *)seed);
  call6(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}
