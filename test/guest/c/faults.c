/* Hardware exceptions as signals: number, code, address, trap number, error code, and going on from the handler. */
#define _GNU_SOURCE
#include <fenv.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf escape;
static siginfo_t last;
static greg_t registers[NGREG];
static char alternate[65536];

static void note(siginfo_t *info, void *context) {
  last = *info;
  memcpy(registers, ((ucontext_t *)context)->uc_mcontext.gregs, sizeof registers);
}

static void leave(int signal, siginfo_t *info, void *context) {
  note(info, context);
  siglongjmp(escape, signal);
}

static void stay(int signal, siginfo_t *info, void *context) {
  (void)signal;
  note(info, context);
}

/* Goes on behind a two-byte load with another result. */
static void skip(int signal, siginfo_t *info, void *context) {
  (void)signal;
  note(info, context);
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = 77;
}

static void handle(int signal, void (*handler)(int, siginfo_t *, void *), int flags) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
  sigaction(signal, &action, NULL);
}

static void show(const char *what, int signal) {
  int is_at_rip = (greg_t)last.si_addr == registers[REG_RIP];
  printf("%s: signal %d code %d trap %lld error %lld", what, signal, last.si_code, registers[REG_TRAPNO],
         registers[REG_ERR]);
  if (is_at_rip)
    printf(" at the instruction\n");
  else
    printf(" at %p, cr2 %llx\n", last.si_addr, registers[REG_CR2]);
}

#define ATTEMPT(what, statement)                \
  do {                                          \
    int signal = sigsetjmp(escape, 1);          \
    if (signal == 0) {                          \
      statement;                                \
      printf("%s: nothing happened\n", what);   \
    } else                                      \
      show(what, signal);                       \
  } while (0)

static void load(unsigned long address) {
  (void)*(volatile char *)address;
}

static volatile int deepest = 1 << 30;

__attribute__((noinline)) static int recurse(int depth) {
  volatile char frame[4096];
  frame[0] = (char)depth;
  return depth == deepest ? 0 : recurse(depth + 1) + frame[0];
}

static void memory(void) {
  char *page = mmap((void *)0x30000000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  ATTEMPT("null store", *(volatile int *)16 = 1);
  ATTEMPT("null load", load(24));
  ATTEMPT("read-only store", page[5] = 1);
  mprotect(page, 4096, PROT_NONE);
  ATTEMPT("no access", load((unsigned long)page + 6));
  ATTEMPT("call into no access", ((void (*)(void))page)());
  mprotect(page, 4096, PROT_READ);
  ATTEMPT("call into data", ((void (*)(void))page)());
  ATTEMPT("non-canonical", load(0x8000000000000000));
  ATTEMPT("kernel half", load(0xffffffff80000000));
  ATTEMPT("far away", load(0x7fff00000000));
}

static void arithmetic(void) {
  volatile int zero = 0, one = 1;
  volatile double nothing = 0, huge = 1e308, out;
  volatile long double long_zero = 0, long_one = 1;
  ATTEMPT("division", one /= zero);
  /* A handler starts with all masked, and leaving it by siglongjmp keeps that. */
  ATTEMPT("SSE division", feenableexcept(FE_DIVBYZERO); out = huge / nothing);
  ATTEMPT("SSE invalid", feenableexcept(FE_INVALID); out = nothing / nothing);
  ATTEMPT("SSE overflow", feenableexcept(FE_OVERFLOW); out = huge * huge);
  ATTEMPT("x87 division", feenableexcept(FE_DIVBYZERO); long_one = long_one / long_zero; asm volatile("fwait"));
  fedisableexcept(FE_ALL_EXCEPT);
  (void)out;
}

int main(void) {
  long result;
  handle(SIGSEGV, leave, 0);
  handle(SIGFPE, leave, 0);
  handle(SIGILL, leave, 0);
  handle(SIGBUS, leave, 0);
  memory();
  arithmetic();
  ATTEMPT("ud2", asm volatile("ud2"));
  ATTEMPT("hlt", asm volatile("hlt"));
  ATTEMPT("int 0x42", asm volatile("int $0x42"));
  handle(SIGTRAP, stay, 0);
  asm volatile("int3");
  printf("int3: code %d trap %lld, behind the instruction\n", last.si_code, registers[REG_TRAPNO]);

  handle(SIGSEGV, skip, 0);
  asm volatile("xorl %%ecx, %%ecx; movb (%%rcx), %%al; nop" : "=a"(result) : : "rcx");
  printf("skipped: %ld\n", result);

  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
  sigaltstack(&stack, NULL);
  handle(SIGSEGV, leave, SA_ONSTACK);
  int signal = sigsetjmp(escape, 1);
  if (signal == 0) recurse(0);
  printf("stack overflow: signal %d code %d\n", signal, last.si_code);
  return 0;
}
