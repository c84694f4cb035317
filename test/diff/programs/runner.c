/*
 * Runs random programs on the real CPU: reads images from stdin (layout.ts writes them), and writes for each its size, how
 * it ended, the machine at each exception on the way, and its memory. Each program runs in a child of its own, so that
 * nothing it does outlives it; exceptions are caught as signals, recorded, and answered as the image says.
 *
 * Build: gcc -O1 -o runner runner.c
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096
#define MAX_STOPS 64
#define MAX_MEMORY (1 << 20)

struct header {
  uint32_t resumes, regions, stops, unused;
  uint64_t entry, landing, end, gs, flags;
  uint64_t gpr[16];
  uint8_t fx[512];
  uint8_t high[256];
};
struct resume {
  uint64_t ip, next, action, address, value;
};
struct region {
  uint64_t address, size, prot, content; /* prot bit 3: part of the outcome */
};
struct stop {
  uint64_t gpr[16], flags, rip, vector, error, address;
  uint8_t fx[512];
  uint8_t high[256];
};
enum { ENDED, TOO_MANY, TIME, DIED };
struct outcome {
  uint32_t how, stops;
  struct stop stop[MAX_STOPS];
  uint32_t memory_size;
  uint8_t memory[MAX_MEMORY];
} *outcome;

static uint8_t *image;
static struct header *header;
static struct resume *resumes;
static struct region *regions;

/* Used by the assembly below through a fixed address. */
struct entry_state {
  uint64_t gpr[16];
  uint64_t flags, entry;
  uint8_t pad[48];
  uint8_t fx[512];
  uint8_t high[256];
} *entry_state = (struct entry_state *)0x10000000;

int has_avx;

#define HALVES(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define LOAD_HALF(n) "  vinsertf128 $1, 704+16*" #n "(%rax), %ymm" #n ", %ymm" #n "\n"

extern char enter[];
__asm__(
    ".text\n"
    "enter:\n"
    "  mov $0x10000000, %rax\n"
    "  fxrstor64 192(%rax)\n"
    "  cmpl $0, has_avx(%rip)\n"
    "  je 1f\n"
    HALVES(LOAD_HALF)
    "1:\n"
    "  pushq 128(%rax)\n"
    "  popfq\n"
    "  mov 8(%rax), %rcx; mov 16(%rax), %rdx; mov 24(%rax), %rbx; mov 32(%rax), %rsp\n"
    "  mov 40(%rax), %rbp; mov 48(%rax), %rsi; mov 56(%rax), %rdi; mov 64(%rax), %r8\n"
    "  mov 72(%rax), %r9; mov 80(%rax), %r10; mov 88(%rax), %r11; mov 96(%rax), %r12\n"
    "  mov 104(%rax), %r13; mov 112(%rax), %r14; mov 120(%rax), %r15\n"
    "  mov 0(%rax), %rax\n"
    "  jmp *0x10000088\n");

static void finish(int how) {
  outcome->how = how;
  uint8_t *to = outcome->memory;
  for (uint32_t i = 0; i < header->regions; i++) {
    struct region *r = &regions[i];
    if (!(r->prot & 8)) continue;
    mprotect((void *)r->address, r->size, PROT_READ);
    memcpy(to, (void *)r->address, r->size);
    to += r->size;
  }
  outcome->memory_size = to - outcome->memory;
  _exit(0);
}

static void record(ucontext_t *uc, uint64_t rip) {
  static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  struct stop *s = &outcome->stop[outcome->stops++];
  for (int i = 0; i < 16; i++) s->gpr[i] = uc->uc_mcontext.gregs[order[i]];
  s->flags = uc->uc_mcontext.gregs[REG_EFL];
  s->rip = rip;
  s->vector = uc->uc_mcontext.gregs[REG_TRAPNO];
  s->error = uc->uc_mcontext.gregs[REG_ERR];
  s->address = uc->uc_mcontext.gregs[REG_CR2];
  /* XSAVE image: the header at 512 tells whether the halves at 576 are there. */
  uint8_t *saved = (uint8_t *)uc->uc_mcontext.fpregs;
  memcpy(s->fx, saved, 512);
  if (has_avx && saved[512] & 4) memcpy(s->high, saved + 576, 256);
}

static struct resume *find_resume(uint64_t ip) {
  uint32_t low = 0, high = header->resumes;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (resumes[middle].ip < ip) low = middle + 1;
    else high = middle;
  }
  return low < header->resumes && resumes[low].ip == ip ? &resumes[low] : NULL;
}

static void *map_at(uint64_t at, uint64_t size, int prot) {
  void *p = mmap((void *)at, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (p == MAP_FAILED) _exit(3);
  return p;
}

static void act(struct resume *r) {
  switch (r->action) {
    case 1:
      mprotect((void *)r->address, PAGE, r->value);
      break;
    case 2:
      map_at(r->address, PAGE, r->value);
      break;
    case 3:
      *(uint8_t *)r->address = r->value;
      break;
  }
}

static void on_exception(int sig, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  (void)sig;
  (void)info;
  uint64_t rip = uc->uc_mcontext.gregs[REG_RIP];
  record(uc, rip);
  if (rip == header->end) finish(ENDED);
  if (outcome->stops >= header->stops) finish(TOO_MANY);
  struct resume *r = find_resume(rip);
  if (r) act(r);
  uint64_t next = r ? r->next : *(uint64_t *)header->landing;
  if (next == 0) finish(ENDED);
  uc->uc_mcontext.gregs[REG_RIP] = next;
}

static void on_time(int sig) {
  (void)sig;
  finish(TIME);
}

static void run(void) {
  static uint8_t alternate[65536];
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
  sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_sigaction = on_exception, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  for (const int *s = (const int[]){SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, 0}; *s; s++) sigaction(*s, &action, NULL);
  struct sigaction timer = {.sa_handler = on_time, .sa_flags = SA_ONSTACK};
  sigaction(SIGVTALRM, &timer, NULL);
  struct itimerval limit = {.it_value = {.tv_sec = 1}};
  setitimer(ITIMER_VIRTUAL, &limit, NULL);
  map_at((uint64_t)entry_state, PAGE, PROT_READ | PROT_WRITE);
  uint8_t *content = (uint8_t *)(regions + header->regions);
  for (uint32_t i = 0; i < header->regions; i++) {
    struct region *r = &regions[i];
    map_at(r->address, r->size, PROT_READ | PROT_WRITE);
    memcpy((void *)r->address, content, r->content);
    mprotect((void *)r->address, r->size, r->prot & 7);
    content += r->content;
  }
  memcpy(entry_state->gpr, header->gpr, sizeof header->gpr);
  memcpy(entry_state->fx, header->fx, 512);
  memcpy(entry_state->high, header->high, 256);
  entry_state->flags = header->flags;
  entry_state->entry = header->entry;
  syscall(SYS_arch_prctl, ARCH_SET_GS, header->gs);
  ((void (*)(void))enter)();
}

static int read_all(void *to, size_t len) {
  for (size_t done = 0; done < len;) {
    ssize_t n = read(0, (char *)to + done, len - done);
    if (n <= 0) return 0;
    done += n;
  }
  return 1;
}

static void write_all(const void *from, size_t len) {
  for (size_t done = 0; done < len;) {
    ssize_t n = write(1, (const char *)from + done, len - done);
    if (n <= 0) exit(1);
    done += n;
  }
}

int main(void) {
  has_avx = __builtin_cpu_supports("avx");
  struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  outcome = mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  image = mmap(NULL, 1 << 22, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  uint64_t size;
  while (read_all(&size, 8)) {
    if (size > 1 << 22 || !read_all(image, size)) return 2;
    header = (struct header *)image;
    resumes = (struct resume *)(header + 1);
    regions = (struct region *)(resumes + header->resumes);
    outcome->stops = 0;
    outcome->memory_size = 0;
    memset(outcome->stop, 0, sizeof outcome->stop);
    outcome->how = DIED;
    pid_t child = fork();
    if (child < 0) return 4;
    if (child == 0) run();
    int status;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) outcome->how = DIED;
    write_all(&outcome->how, 8);
    write_all(&outcome->memory_size, 4);
    write_all(outcome->stop, outcome->stops * sizeof(struct stop));
    write_all(outcome->memory, outcome->memory_size);
  }
  return 0;
}
