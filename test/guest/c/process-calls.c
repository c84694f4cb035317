/*
 * Results and errors of system calls about processes, threads, futexes, limits and scheduling, one line for each. The
 * recorded output is that of the superuser on Linux 6.18.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK(expression)                                                                       \
  do {                                                                                          \
    errno = 0;                                                                                  \
    long result_ = (long)(expression);                                                          \
    printf("%s = %ld %s\n", #expression, result_, result_ == -1 ? strerrorname_np(errno) : ""); \
  } while (0)

#define FUTEX(address, ...) syscall(SYS_futex, address, __VA_ARGS__)
#define BAD ((void *)8)
#define NOBODY 999999

static int word[4];

static void names_and_flags(void) {
  char name[17] = "";
  CHECK(prctl(PR_SET_NAME, "abcdefghijklmnopqrstuvwxyz"));
  CHECK(prctl(PR_GET_NAME, name));
  puts(name);
  CHECK(prctl(PR_SET_NAME, BAD));
  CHECK(prctl(PR_GET_DUMPABLE));
  CHECK(prctl(PR_SET_DUMPABLE, 2));
  CHECK(prctl(PR_SET_DUMPABLE, 0));
  CHECK(prctl(PR_GET_DUMPABLE));
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
  CHECK(prctl(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0));
  CHECK(prctl(PR_SET_KEEPCAPS, 2));
  CHECK(prctl(PR_GET_KEEPCAPS));
  CHECK(prctl(PR_SET_PDEATHSIG, 65));
  CHECK(prctl(PR_SET_PDEATHSIG, 15));
  CHECK(prctl(PR_GET_SECCOMP));
  CHECK(prctl(PR_CAPBSET_READ, 1000));
  CHECK(prctl(PR_GET_TIMERSLACK));
  CHECK(prctl(PR_GET_TIMING));
  CHECK(prctl(PR_SET_TIMING, 1));
  CHECK(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
  CHECK(prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0));
  CHECK(prctl(9999));
  CHECK(prctl(PR_CAP_AMBIENT, 99, 0, 0, 0));
  CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 3, 0, 0));
}

static void futex_waits(void) {
  struct timespec too_many = {0, 1000000000}, negative = {-1, 0}, none = {0, 0};
  CHECK(FUTEX(word, FUTEX_WAIT, 1, 0));
  CHECK(FUTEX((char *)word + 1, FUTEX_WAIT, 0, 0));
  CHECK(FUTEX(BAD, FUTEX_WAKE, 1));
  CHECK(FUTEX(word, FUTEX_WAKE, 0));
  CHECK(FUTEX(word, FUTEX_WAKE, -1));
  CHECK(FUTEX(word, FUTEX_WAIT_BITSET, 0, 0, 0, 0));
  CHECK(FUTEX(word, FUTEX_WAKE_BITSET, 1, 0, 0, 0));
  CHECK(FUTEX(word, 77, 0));
  CHECK(FUTEX(word, FUTEX_FD, 0));
  CHECK(FUTEX(word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1));
  CHECK(FUTEX(word, FUTEX_WAIT, 0, &too_many));
  CHECK(FUTEX(word, FUTEX_WAIT, 0, &negative));
  CHECK(FUTEX(word, FUTEX_WAIT, 0, &none));
  CHECK(FUTEX(word, FUTEX_WAIT, 5, &none));
  CHECK(FUTEX(word, FUTEX_WAIT, 0, BAD));
  CHECK(FUTEX(word, FUTEX_REQUEUE, 1, 1, word + 1));
  CHECK(FUTEX(word, FUTEX_REQUEUE, -1, 1, word + 1));
  CHECK(FUTEX(word, FUTEX_CMP_REQUEUE, 1, 1, word + 1, 3));
}

static void futex_operations(void) {
  CHECK(FUTEX(word, FUTEX_WAKE_OP, 1, 1, word + 1, FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_GT, 0)));
  CHECK(word[1]);
  CHECK(FUTEX(word, FUTEX_WAKE_OP, 1, 1, word + 1, FUTEX_OP(FUTEX_OP_ANDN, 1, FUTEX_OP_CMP_GT, 0)));
  CHECK(word[1]);
  CHECK(FUTEX(word, FUTEX_WAKE_OP, 1, 1, word + 1, FUTEX_OP((8 | FUTEX_OP_OR), 4, FUTEX_OP_CMP_GT, 0)));
  CHECK(word[1]);
  CHECK(FUTEX(word, FUTEX_WAKE_OP, 1, 1, word + 1, FUTEX_OP(6, 4, FUTEX_OP_CMP_GT, 0)));
  CHECK(FUTEX(word, FUTEX_WAKE_OP, 1, 1, word + 1, FUTEX_OP(0, 4, 9, 0)));
}

static void futex_locks(void) {
  struct timespec none = {0, 0};
  CHECK(FUTEX(word, FUTEX_LOCK_PI, 0, 0));
  CHECK(word[0] == getpid());
  CHECK(FUTEX(word, FUTEX_LOCK_PI, 0, 0));
  CHECK(FUTEX(word, FUTEX_TRYLOCK_PI));
  CHECK(FUTEX(word, FUTEX_UNLOCK_PI));
  CHECK(word[0]);
  CHECK(FUTEX(word, FUTEX_UNLOCK_PI));
  word[0] = FUTEX_TID_MASK - 1;
  CHECK(FUTEX(word, FUTEX_LOCK_PI, 0, 0));
  word[0] = FUTEX_OWNER_DIED;
  CHECK(FUTEX(word, FUTEX_LOCK_PI, 0, 0));
  CHECK(word[0] == (FUTEX_OWNER_DIED | getpid()));
  word[0] = 0;
  CHECK(FUTEX(word, FUTEX_WAIT_REQUEUE_PI, 0, &none, word));
  CHECK(FUTEX(word, FUTEX_WAIT_REQUEUE_PI, 0, &none, word + 1));
  CHECK(FUTEX(word, FUTEX_CMP_REQUEUE_PI, 2, 0, word + 1, 0));
  CHECK(FUTEX(word, FUTEX_CMP_REQUEUE_PI, 1, 0, word + 1, 0));
}

static void futex_vectors(void) {
  struct timespec none = {0, 0};
  struct futex_waitv wait = {.val = 0, .uaddr = (long)word, .flags = FUTEX_32};
  CHECK(syscall(SYS_futex_waitv, 0, 0, 0, 0, 0));
  CHECK(syscall(SYS_futex_waitv, &wait, 200, 0, 0, 0));
  CHECK(syscall(SYS_futex_waitv, &wait, 1, 0, &none, CLOCK_MONOTONIC));
  CHECK(syscall(SYS_futex_waitv, &wait, 1, 0, &none, 7));
  wait.flags = 1;
  CHECK(syscall(SYS_futex_waitv, &wait, 1, 0, &none, 0));
  wait.flags = FUTEX_32;
  wait.val = 1;
  CHECK(syscall(SYS_futex_waitv, &wait, 1, 0, &none, 0));
  CHECK(syscall(SYS_set_robust_list, 0, 23));
  CHECK(syscall(SYS_get_robust_list, NOBODY, word, word));
  CHECK(syscall(SYS_set_tid_address, 0) == getpid());
}

static void limits_and_usage(void) {
  struct rlimit limit = {5, 4};
  CHECK(getrlimit(99, &limit));
  CHECK(getrlimit(RLIMIT_NOFILE, BAD));
  CHECK(setrlimit(RLIMIT_CORE, &limit));
  CHECK(prlimit(NOBODY, RLIMIT_CORE, NULL, NULL));
  CHECK(syscall(SYS_prlimit64, -1, 0, 0, 0));
  CHECK(getrusage(7, NULL));
  CHECK(getrusage(RUSAGE_SELF, BAD));
  CHECK(syscall(SYS_times, BAD));
}

static void children_and_ids(void) {
  CHECK(wait4(-1, NULL, 0, NULL));
  CHECK(wait4(-1, NULL, 0x100, NULL));
  CHECK(wait4(-2147483647 - 1, NULL, 0, NULL));
  CHECK(waitid(P_ALL, 0, NULL, WEXITED));
  CHECK(waitid(P_ALL, 0, NULL, 0));
  CHECK(waitid(9, 0, NULL, WEXITED));
  CHECK(waitid(P_PID, 0, NULL, WEXITED));
  CHECK(waitid(P_PIDFD, 77, NULL, WEXITED));
  CHECK(getpgid(NOBODY));
  CHECK(getsid(NOBODY));
  CHECK(setpgid(0, -1));
  CHECK(setpgid(NOBODY, 0));
  CHECK(getpgid(-1));
  CHECK(getppid() >= 0);
}

static void policies(void) {
  struct sched_param parameters = {5};
  char attributes[64] = "";
  CHECK(sched_yield());
  CHECK(syscall(SYS_sched_getaffinity, 0, 7, word));
  CHECK(syscall(SYS_sched_getaffinity, NOBODY, 8, word));
  CHECK(sched_get_priority_max(9));
  CHECK(sched_get_priority_max(SCHED_FIFO));
  CHECK(sched_get_priority_min(SCHED_RR));
  CHECK(sched_getscheduler(-1));
  CHECK(sched_getscheduler(0));
  CHECK(sched_setscheduler(0, SCHED_OTHER, &parameters));
  CHECK(sched_setscheduler(0, 4, &parameters));
  CHECK(sched_setscheduler(0, SCHED_FIFO, NULL));
  CHECK(sched_getparam(0, NULL));
  CHECK(sched_getparam(0, &parameters));
  CHECK(parameters.sched_priority);
  CHECK(syscall(SYS_sched_getattr, 0, attributes, 40, 0));
  CHECK(syscall(SYS_sched_getattr, 0, attributes, 48, 0));
  CHECK(*(int *)attributes);
  CHECK(syscall(SYS_sched_getattr, 0, attributes, 64, 1));
  CHECK(syscall(SYS_sched_setattr, 0, 0, 0));
  *(int *)attributes = 10;
  CHECK(syscall(SYS_sched_setattr, 0, attributes, 0));
  CHECK(*(int *)attributes);
}

static void priorities(void) {
  CHECK(getpriority(9, 0));
  CHECK(getpriority(PRIO_PROCESS, NOBODY));
  CHECK(setpriority(PRIO_PROCESS, NOBODY, 0));
  CHECK(setpriority(9, 0, 0));
  CHECK(syscall(SYS_ioprio_get, 9, 0));
  CHECK(syscall(SYS_ioprio_get, 1, 0));
  CHECK(syscall(SYS_ioprio_set, 1, 0, 4 << 13));
  CHECK(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 3));
  CHECK(syscall(SYS_ioprio_get, 1, 0));
  CHECK(syscall(SYS_ioprio_set, 1, NOBODY, 2 << 13 | 3));
}

static void capabilities(void) {
  struct __user_cap_header_struct header = {1, 0};
  CHECK(personality(0xffffffff));
  CHECK(syscall(SYS_capget, 0, 0));
  CHECK(syscall(SYS_capget, &header, 0));
  CHECK(header.version == _LINUX_CAPABILITY_VERSION_3);
  header.pid = NOBODY;
  CHECK(syscall(SYS_capget, &header, word));
  header.pid = -1;
  CHECK(syscall(SYS_capget, &header, word));
}

static void clones(void) {
  long arguments[12] = {0};
  CHECK(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0));
  CHECK(syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0));
  CHECK(syscall(SYS_clone3, BAD, 64));
  CHECK(syscall(SYS_clone3, BAD, 63));
  CHECK(syscall(SYS_clone3, BAD, 5000));
  arguments[0] = CLONE_DETACHED;
  CHECK(syscall(SYS_clone3, arguments, 64));
  arguments[0] = SIGCHLD;
  CHECK(syscall(SYS_clone3, arguments, 64));
  arguments[0] = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
  arguments[4] = SIGCHLD;
  CHECK(syscall(SYS_clone3, arguments, 64));
  arguments[4] = 0;
  arguments[5] = 4096;
  CHECK(syscall(SYS_clone3, arguments, 64));
  arguments[5] = 0;
  arguments[11] = 1;
  CHECK(syscall(SYS_clone3, arguments, 96));
  CHECK(unshare(CLONE_FILES));
  CHECK(unshare(1));
  CHECK(setns(99, 0));
  CHECK(setns(1, 0));
}

static void comparisons(void) {
  CHECK(syscall(SYS_kcmp, getpid(), getpid(), 1, 0, 0));
  CHECK(syscall(SYS_kcmp, getpid(), getpid(), 0, 0, 99));
  CHECK(syscall(SYS_kcmp, getpid(), NOBODY, 0, 0, 99));
  CHECK(syscall(SYS_kcmp, getpid(), getpid(), 99, 0, 0));
  CHECK(syscall(SYS_membarrier, 8, 0));
  CHECK(syscall(SYS_membarrier, 16, 0));
  CHECK(syscall(SYS_membarrier, 8, 0));
  CHECK(syscall(SYS_membarrier, 8, 1));
  CHECK(syscall(SYS_membarrier, 3, 0));
  CHECK(syscall(SYS_membarrier, 1 << 20, 0));
}

static void process_files(void) {
  CHECK(syscall(SYS_pidfd_open, 0, 0));
  CHECK(syscall(SYS_pidfd_open, NOBODY, 0));
  CHECK(syscall(SYS_pidfd_open, getpid(), 1));
  int fd = syscall(SYS_pidfd_open, getpid(), 0);
  struct pollfd polled = {fd, POLLIN, 0};
  CHECK(poll(&polled, 1, 0));
  CHECK(syscall(SYS_pidfd_send_signal, fd, 0, 0, 0));
  CHECK(syscall(SYS_pidfd_send_signal, 1, 0, 0, 0));
  CHECK(syscall(SYS_pidfd_send_signal, fd, 99, 0, 0));
  CHECK(syscall(SYS_pidfd_send_signal, open("/proc/self", O_RDONLY | O_DIRECTORY), 0, 0, 0));
  CHECK(syscall(SYS_pidfd_send_signal, open("/proc/self/fd", O_RDONLY | O_DIRECTORY), 0, 0, 0));
  CHECK(syscall(SYS_pidfd_getfd, fd, 99, 0));
  CHECK(syscall(SYS_pidfd_getfd, fd, 1, 1));
}

static void memory_of_others(void) {
  char from[8] = "abcdef", to[8] = "";
  struct iovec local = {to, 4}, remote = {from, 6};
  CHECK(process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
  puts(to);
  CHECK(process_vm_readv(NOBODY, &local, 1, &remote, 1, 0));
  CHECK(process_vm_readv(getpid(), &local, 1, &remote, 1, 1));
  CHECK(process_vm_readv(getpid(), &local, 2000, &remote, 1, 0));
  remote.iov_base = BAD;
  CHECK(process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
  CHECK(syscall(SYS_rseq, word, 32, 2, 0));
  CHECK(syscall(SYS_rseq, word, 32, 0, 0));
  CHECK(syscall(SYS_getcpu, BAD, 0, 0));
  CHECK(syscall(SYS_exit_group + 1000));
}

int main(void) {
  names_and_flags();
  futex_waits();
  futex_operations();
  word[0] = 0;
  futex_locks();
  futex_vectors();
  limits_and_usage();
  children_and_ids();
  policies();
  priorities();
  capabilities();
  clones();
  comparisons();
  process_files();
  memory_of_others();
  fflush(stdout);
  raise(SIGTERM);
  return 0;
}
