// Runs pieces of machine code from standard input, 32 bytes each, with random registers: hostile-bytes SEED. Every
// signal, a timer's too, leads to the next piece. Prints how many there were. System calls are not among the pieces.
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#define PIECE 32
#define CODE 0x10000000ul
#define DATA 0x20000000ul

static uint64_t state, fs_base;
static volatile sig_atomic_t running;
// Named in assembly.
__attribute__((used)) uint64_t registers[16], kept_rsp, kept_rbp, kept_rbx, kept_r12, kept_r13, kept_r14, kept_r15;
static unsigned mxcsr = 0x1f80;

static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state * 0x2545f4914f6cdd1dul;
}

static uint64_t some_value(void) {
  switch (next() >> 61) {
    case 0: return next();
    case 1: return next() >> 60;
    case 2: return CODE + (next() >> 51);
    case 3: return 1ul << (next() >> 58);
    default: return DATA + (next() >> 51);
  }
}

// Back to where `run` was called, with everything that compiled code relies on put right.
__attribute__((noreturn)) static void leave(void) {
  asm volatile(
    "mov %0, %%rsi\n mov $158, %%eax\n mov %1, %%edi\n syscall\n" // arch_prctl(ARCH_SET_FS, fs_base)
    "pushq $0x202\n popfq\n fninit\n ldmxcsr %2\n"
    "mov kept_rsp(%%rip), %%rsp\n mov kept_rbp(%%rip), %%rbp\n mov kept_rbx(%%rip), %%rbx\n"
    "mov kept_r12(%%rip), %%r12\n mov kept_r13(%%rip), %%r13\n mov kept_r14(%%rip), %%r14\n mov kept_r15(%%rip), %%r15\n"
    "ret"
    :: "r"(fs_base), "i"(ARCH_SET_FS), "m"(mxcsr) : "rax", "rsi", "rdi", "memory");
  __builtin_unreachable();
}

// `leave` returns from it.
__attribute__((naked, noinline)) static void run(uint64_t address) {
  asm volatile(
    "mov %%rsp, kept_rsp(%%rip)\n mov %%rbp, kept_rbp(%%rip)\n mov %%rbx, kept_rbx(%%rip)\n"
    "mov %%r12, kept_r12(%%rip)\n mov %%r13, kept_r13(%%rip)\n mov %%r14, kept_r14(%%rip)\n mov %%r15, kept_r15(%%rip)\n"
    "mov %%rdi, kept_target(%%rip)\n lea registers(%%rip), %%r15\n"
    "mov (%%r15), %%rax\n mov 8(%%r15), %%rcx\n mov 16(%%r15), %%rdx\n mov 24(%%r15), %%rbx\n mov 32(%%r15), %%rsp\n"
    "mov 40(%%r15), %%rbp\n mov 48(%%r15), %%rsi\n mov 56(%%r15), %%rdi\n mov 64(%%r15), %%r8\n mov 72(%%r15), %%r9\n"
    "mov 80(%%r15), %%r10\n mov 88(%%r15), %%r11\n mov 96(%%r15), %%r12\n mov 104(%%r15), %%r13\n mov 112(%%r15), %%r14\n"
    "mov 120(%%r15), %%r15\n jmp *kept_target(%%rip)\n"
    ".data\n kept_target: .quad 0\n .text" ::: "memory");
}

static void on_signal(int number) {
  if (running || number != SIGALRM) leave();
}

static void prepare(void) {
  mmap((void *)CODE, 0x2000, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mmap((void *)DATA, 0x2000, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  static char stack[65536];
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&alternate, 0);
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_NODEFER | SA_RESTART};
  for (int number = 1; number < 32; number++) sigaction(number, &action, 0);
  syscall(SYS_arch_prctl, ARCH_GET_FS, &fs_base);
}

int main(int argc, char **argv) {
  state = argc > 1 ? strtoul(argv[1], 0, 10) * 77 + 1 : 1;
  prepare();
  struct itimerval interval = {{0, 2000}, {0, 2000}};
  setitimer(ITIMER_REAL, &interval, 0);
  unsigned char piece[PIECE];
  static volatile long count;
  while (fread(piece, PIECE, 1, stdin) == 1) {
    uint64_t at = CODE + ((next() >> 51) & 0x1fff);
    if (at > CODE + 0x2000 - PIECE) at = CODE + 0x2000 - (next() >> 60) - 1;
    uint64_t len = CODE + 0x2000 - at < PIECE ? CODE + 0x2000 - at : PIECE;
    memset((void *)CODE, 0xcc, 0x2000);
    memcpy((void *)at, piece, len);
    for (int i = 0; i < 16; i++) registers[i] = some_value();
    if (next() >> 62) registers[4] = DATA + 0x1000;
    running = 1;
    run(at);
    running = 0;
    count++;
  }
  printf("%ld pieces\n", count);
}
