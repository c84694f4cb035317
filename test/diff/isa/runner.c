/*
 * Runs instruction cases on the real CPU: reads struct test_case from stdin, writes struct outcome to stdout, one for
 * each. The instruction runs in its own code page with all registers, flags, the FP state and a data page as the case
 * says; behind it are jumps to one of two exits. Exceptions are caught as signals. With --cpuid it says what this CPU has.
 *
 * Build: gcc -O1 -o runner runner.c
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define DATA ((uint8_t *)0x10000000)
#define CODE ((uint8_t *)0x20000000)
#define EXITS ((uint8_t *)0x30000000)
#define WINDOW_START 0x800
#define WINDOW 1024
#define CODE_SLOTS 4096
#define CODE_SLOT 64

struct test_case {
  uint8_t code[64];
  uint64_t gpr[16];
  uint64_t flags;
  uint64_t slot;
  uint8_t fx[512];
  uint8_t window[WINDOW];
  uint8_t high[256]; /* high halves of YMM0..15 */
};

struct outcome {
  uint64_t gpr[16];
  uint64_t flags;
  uint32_t exit; /* 0 or 1: which exit; 2: signal */
  uint32_t trap; /* vector */
  uint64_t error;
  uint64_t address;
  uint64_t rip;
  uint8_t fx[512];
  uint8_t window[WINDOW];
  uint8_t high[256];
};

/* Used by the assembly below through fixed addresses. */
struct shared {
  uint64_t gpr[16];
  uint64_t flags;
  uint64_t exit;
  uint64_t host_rsp;
  uint64_t entry;
  uint8_t pad[48];
  uint8_t fx[512];
  uint8_t stack[4096];
  uint8_t high[256];
} *shared = (struct shared *)0x40000000;

extern char run_case[], exit_common[];
int has_avx;

/* For the high half of each register. */
#define HALVES(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define LOAD_HALF(n) "  vinsertf128 $1, 208+512+4096+16*" #n "(%rax), %ymm" #n ", %ymm" #n "\n"
#define STORE_HALF(n) "  vextractf128 $1, %ymm" #n ", 208+512+4096+16*" #n "(%rax)\n"

__asm__(
    ".text\n"
    "run_case:\n"
    "  push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "  mov $0x40000000, %rax\n"
    "  mov %rsp, 144(%rax)\n"
    "  fxrstor64 208(%rax)\n"
    "  cmpl $0, has_avx(%rip)\n"
    "  je 1f\n"
    HALVES(LOAD_HALF)
    "1:\n"
    "  lea 208+512+4096(%rax), %rsp\n"
    "  pushq 128(%rax)\n"
    "  popfq\n"
    "  mov 8(%rax), %rcx; mov 16(%rax), %rdx; mov 24(%rax), %rbx; mov 32(%rax), %rsp\n"
    "  mov 40(%rax), %rbp; mov 48(%rax), %rsi; mov 56(%rax), %rdi; mov 64(%rax), %r8\n"
    "  mov 72(%rax), %r9; mov 80(%rax), %r10; mov 88(%rax), %r11; mov 96(%rax), %r12\n"
    "  mov 104(%rax), %r13; mov 112(%rax), %r14; mov 120(%rax), %r15\n"
    "  mov 0(%rax), %rax\n"
    "  jmp *0x40000098\n"
    "exit_common:\n" /* RAX is saved; RAX points to shared */
    "  mov %rcx, 8(%rax); mov %rdx, 16(%rax); mov %rbx, 24(%rax); mov %rsp, 32(%rax)\n"
    "  mov %rbp, 40(%rax); mov %rsi, 48(%rax); mov %rdi, 56(%rax); mov %r8, 64(%rax)\n"
    "  mov %r9, 72(%rax); mov %r10, 80(%rax); mov %r11, 88(%rax); mov %r12, 96(%rax)\n"
    "  mov %r13, 104(%rax); mov %r14, 112(%rax); mov %r15, 120(%rax)\n"
    "  lea 208+512+4096(%rax), %rsp\n"
    "  pushfq\n"
    "  popq 128(%rax)\n"
    "  fxsave64 208(%rax)\n"
    "  cmpl $0, has_avx(%rip)\n"
    "  je 1f\n"
    HALVES(STORE_HALF)
    "1:\n"
    "  fninit\n"
    "  cld\n"
    "  mov 144(%rax), %rsp\n"
    "  pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "  ret\n");

static void make_exit(uint8_t *at, uint64_t number) {
  /* movabs %rax, gpr[0]; mov $number to exit without flags; rax = shared; jump */
  static const uint64_t gpr0 = 0x40000000;
  uint64_t common = (uint64_t)exit_common;
  *at++ = 0x48; *at++ = 0xa3; memcpy(at, &gpr0, 8); at += 8;
  *at++ = 0x48; *at++ = 0xb8; memcpy(at, &number, 8); at += 8;
  uint64_t exit_at = gpr0 + 136;
  *at++ = 0x48; *at++ = 0xa3; memcpy(at, &exit_at, 8); at += 8;
  *at++ = 0x48; *at++ = 0xb8; memcpy(at, &gpr0, 8); at += 8;
  *at++ = 0xff; *at++ = 0x25; memset(at, 0, 4); at += 4; memcpy(at, &common, 8);
}

static sigjmp_buf back;
static struct outcome out;

static void on_signal(int sig, siginfo_t *info, void *context) {
  static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  ucontext_t *uc = context;
  (void)sig;
  (void)info;
  for (int i = 0; i < 16; i++) out.gpr[i] = uc->uc_mcontext.gregs[order[i]];
  out.flags = uc->uc_mcontext.gregs[REG_EFL];
  out.exit = 2;
  out.trap = uc->uc_mcontext.gregs[REG_TRAPNO];
  out.error = uc->uc_mcontext.gregs[REG_ERR];
  out.address = uc->uc_mcontext.gregs[REG_CR2];
  out.rip = uc->uc_mcontext.gregs[REG_RIP];
  /* XSAVE image: the header at 512 tells whether the halves at 576 are there. */
  uint8_t *image = (uint8_t *)uc->uc_mcontext.fpregs;
  memcpy(out.fx, image, 512);
  if (has_avx && image[512] & 4) memcpy(out.high, image + 576, 256);
  siglongjmp(back, 1);
}

static void *map(void *at, size_t len, int prot) {
  void *p = mmap(at, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (p == MAP_FAILED) {
    perror("mmap");
    exit(1);
  }
  return p;
}

static int read_all(void *to, size_t len) {
  size_t done = 0;
  while (done < len) {
    ssize_t n = read(0, (char *)to + done, len - done);
    if (n <= 0) return 0;
    done += n;
  }
  return 1;
}

static void write_all(const void *from, size_t len) {
  size_t done = 0;
  while (done < len) {
    ssize_t n = write(1, (const char *)from + done, len - done);
    if (n <= 0) exit(1);
    done += n;
  }
}

/* The leaves with feature bits, one a line, and whether the kernel saves the halves. */
static void print_cpuid(void) {
  static const uint32_t leaves[][2] = {{1, 0}, {7, 0}, {0xd, 1}, {0x80000001, 0}};
  for (int i = 0; i < 4; i++) {
    uint32_t a = 0, b = 0, c = 0, d = 0;
    __get_cpuid_count(leaves[i][0], leaves[i][1], &a, &b, &c, &d);
    printf("%u %u %u %u %u\n", leaves[i][0], a, b, c, d);
  }
  printf("avx %d\n", has_avx);
}

int main(int argc, char **argv) {
  static uint8_t alternate[65536];
  static struct test_case test;
  has_avx = __builtin_cpu_supports("avx") != 0;
  if (argc > 1 && strcmp(argv[1], "--cpuid") == 0) {
    print_cpuid();
    return 0;
  }
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
  sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  for (const int *s = (const int[]){SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, 0}; *s; s++) sigaction(*s, &action, NULL);
  map(DATA, 4096, PROT_READ | PROT_WRITE);
  map(CODE, CODE_SLOTS * CODE_SLOT, PROT_READ | PROT_WRITE | PROT_EXEC);
  map(EXITS, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
  map(shared, sizeof *shared + 4096, PROT_READ | PROT_WRITE);
  make_exit(EXITS, 0);
  make_exit(EXITS + 256, 1);
  while (read_all(&test, sizeof test)) {
    memset(&out, 0, sizeof out);
    if (!has_avx) memcpy(out.high, test.high, 256);
    memset(DATA, 0, 4096);
    memcpy(DATA + WINDOW_START, test.window, WINDOW);
    uint8_t *code = CODE + test.slot * CODE_SLOT;
    memcpy(code, test.code, 64);
    memcpy(shared->gpr, test.gpr, sizeof test.gpr);
    shared->flags = test.flags;
    shared->entry = (uint64_t)code;
    memcpy(shared->fx, test.fx, 512);
    memcpy(shared->high, test.high, 256);
    if (sigsetjmp(back, 1) == 0) {
      ((void (*)(void))run_case)();
      memcpy(out.gpr, shared->gpr, sizeof out.gpr);
      out.flags = shared->flags;
      out.exit = shared->exit;
      memcpy(out.fx, shared->fx, 512);
      memcpy(out.high, shared->high, 256);
    } else {
      __asm__ volatile("fninit; cld");
      uint32_t mxcsr = 0x1f80;
      __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
    }
    memcpy(out.window, DATA + WINDOW_START, WINDOW);
    write_all(&out, sizeof out);
  }
  return 0;
}
