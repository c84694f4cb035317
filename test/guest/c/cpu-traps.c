/*
 * Exceptions and traps of the CPU itself: alignment checks (#AC), single steps (#DB), the stack segment (#SS), branches to
 * addresses that are not canonical, instructions that are too long. Each case is a few bytes of code that run on a page of
 * their own; what the signal handler sees is printed.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define TF 0x100
#define AC 0x40000
#define MAX_STEPS 200

static uint8_t *const code = (uint8_t *)0x20000000;
static uint8_t *const data = (uint8_t *)0x10000000;
static sigjmp_buf back;
static greg_t entry_rsp;
static int steps[MAX_STEPS], step_count;

static int offset_of(greg_t rip) { return rip >= 0x20000000 && rip < 0x20001000 ? (int)(rip - 0x20000000) : -1; }

static void on_signal(int signal, siginfo_t *info, void *context) {
  greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
  /* The handler runs with AC as it was. */
  __asm__ volatile("pushfq\n andl $~0x40000, (%%rsp)\n popfq" ::: "cc", "memory");
  if (signal == SIGTRAP && regs[REG_TRAPNO] == 1) {
    if (info->si_code != TRAP_TRACE || (greg_t)info->si_addr != regs[REG_RIP]) printf("odd si_code or si_addr\n");
    if (step_count < MAX_STEPS) steps[step_count++] = offset_of(regs[REG_RIP]);
    return;
  }
  printf("signal %d code %d address %p vector %d error %d at %d", signal, info->si_code, info->si_addr,
         (int)regs[REG_TRAPNO], (int)regs[REG_ERR], offset_of(regs[REG_RIP]));
  /* A stack pointer that the code has changed to something odd says nothing. */
  if ((uint64_t)(regs[REG_RSP] - entry_rsp + 256) < 512) printf(" rsp %+d", (int)(regs[REG_RSP] - entry_rsp));
  printf("\n");
  siglongjmp(back, 1);
}

/* Runs code bytes with RFLAGS bits set; RDI is `at`, R8 is not canonical, RSI is writable memory. */
static void run(const char *name, uint32_t flags, uint8_t *at, const uint8_t *bytes, int length) {
  uint8_t *p = code;
  memcpy(p, bytes, length);
  /* pushfq; and dword [rsp], ~(TF | AC); popfq; ret */
  memcpy(p + length, "\x9c\x81\x24\x24\xff\xfe\xfb\xff\x9d\xc3", 10);
  step_count = 0;
  printf("%s: ", name);
  if (sigsetjmp(back, 1) == 0) {
    register uint64_t r8 __asm__("r8") = 0x4199000000000000;
    __asm__ volatile("lea -1024(%%rsp), %%rsp\n"
                     "pushfq\n"
                     "orl %[flags], (%%rsp)\n"
                     "lea -16(%%rsp), %%rax\n"
                     "mov %%rax, %[rsp]\n"
                     "mov %[code], %%rax\n"
                     "popfq\n"
                     "call *%%rax\n"
                     "lea 1024(%%rsp), %%rsp\n"
                     : [rsp] "=m"(entry_rsp)
                     : [flags] "r"(flags), [code] "r"(code), "D"(at), "S"(data + 512), "r"(r8)
                     : "rax", "rbx", "rcx", "rdx", "r9", "r10", "r11", "r12", "r13", "xmm0", "st", "cc", "memory");
    printf("ran\n");
  }
  if (flags & TF) {
    printf(" ");
    for (int i = 0; i < step_count; i++) printf(" %d", steps[i]);
    printf("\n");
  }
}

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})
#define RUN(name, ...) run(name, 0, data, BYTES(__VA_ARGS__))
#define ALIGNED(name, ...)                                                                           \
  for (int i = 0; i < 5; i++) {                                                                      \
    static const int offsets[] = {0, 1, 2, 4, 8};                                                    \
    char title[64];                                                                                  \
    snprintf(title, sizeof title, "%s at +%d", name, offsets[i]);                                    \
    run(title, AC, data + 64 + offsets[i], BYTES(__VA_ARGS__));                                      \
  }
#define STEP(name, ...) run(name, TF, data, BYTES(__VA_ARGS__))
/* mov rsp, r8 and mov rbp, r8 (kept in r12) */
#define BAD_RSP 0x4c, 0x89, 0xc4
#define BAD_RBP 0x49, 0x89, 0xec, 0x4c, 0x89, 0xc5

static void alignment(void) {
  ALIGNED("byte", 0x8a, 0x07);
  ALIGNED("word", 0x66, 0x8b, 0x07);
  ALIGNED("doubleword", 0x8b, 0x07);
  ALIGNED("quadword store", 0x48, 0x89, 0x07);
  ALIGNED("movups", 0x0f, 0x10, 0x07);
  ALIGNED("movss", 0xf3, 0x0f, 0x10, 0x07);
  ALIGNED("fld of 80 bits", 0xdb, 0x2f, 0xdd, 0xd8);
  ALIGNED("fnstcw", 0xd9, 0x3f);
  ALIGNED("locked", 0xf0, 0xff, 0x07);
  ALIGNED("push", 0xff, 0x37, 0x58);
  ALIGNED("lea", 0x48, 0x8d, 0x07);
  ALIGNED("movsd", 0xa5);
  ALIGNED("rep stosq", 0xb9, 2, 0, 0, 0, 0xf3, 0x48, 0xab);
  /* Off again within the code. */
  run("AC cleared by popf", AC, data + 1, BYTES(0x9c, 0x81, 0x24, 0x24, 0xff, 0xff, 0xfb, 0xff, 0x9d, 0x8b, 0x07));
  run("AC set by popf", 0, data + 1,
      BYTES(0x8b, 0x07, 0x9c, 0x81, 0x0c, 0x24, 0x00, 0x00, 0x04, 0x00, 0x9d, 0x8b, 0x07));
}

static void stack_segment(void) {
  RUN("load at r8", 0x41, 0x8b, 0x00);
  RUN("load at rbp", BAD_RBP, 0x8b, 0x45, 0x00);
  RUN("load at ds:rbp", BAD_RBP, 0x3e, 0x8b, 0x45, 0x00);
  RUN("load at fs:rbp", BAD_RBP, 0x64, 0x8b, 0x45, 0x00);
  RUN("load at ss:r8", 0x36, 0x41, 0x8b, 0x00);
  RUN("load at rax+rbp", BAD_RBP, 0x31, 0xc0, 0x8b, 0x04, 0x28);
  RUN("load at r13", 0x4d, 0x89, 0xc5, 0x41, 0x8b, 0x45, 0x00);
  RUN("movaps at rbp", BAD_RBP, 0x0f, 0x28, 0x45, 0x00);
  RUN("fld at rbp", BAD_RBP, 0xd9, 0x45, 0x00);
  RUN("push", BAD_RSP, 0x50);
  RUN("pop", BAD_RSP, 0x58);
  RUN("pushf", BAD_RSP, 0x9c);
  RUN("call", BAD_RSP, 0xe8, 0, 0, 0, 0);
  RUN("ret", BAD_RSP, 0xc3);
  RUN("enter", BAD_RSP, 0xc8, 0, 0, 0);
  RUN("leave", BAD_RBP, 0xc9);
  RUN("push of [r8]", 0x41, 0xff, 0x30);
  RUN("push of [rbp]", BAD_RBP, 0xff, 0x75, 0x00);
  RUN("pop to [r8]", 0x41, 0x8f, 0x00);
  RUN("call of [r8]", 0x41, 0xff, 0x10);
  RUN("movs", 0x4c, 0x89, 0xc6, 0xa4);
  RUN("across the end of the lower half", 0x49, 0xb8, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0x41, 0x8b, 0x00);
}

static void branches(void) {
  RUN("jmp r8", 0x41, 0xff, 0xe0);
  RUN("call r8", 0x41, 0xff, 0xd0);
  RUN("ret to r8", 0x41, 0x50, 0xc3);
  RUN("ret 16 to r8", 0x41, 0x50, 0xc2, 16, 0);
  RUN("jmp to the kernel's half", 0x48, 0xc7, 0xc0, 0, 0, 0, 0x80, 0xff, 0xe0);
  RUN("jmp to nowhere", 0xb8, 0, 0, 0, 0x30, 0xff, 0xe0);
}

static void odd_instructions(void) {
  RUN("15 bytes", 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90);
  RUN("16 bytes", 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90);
  RUN("lock nop", 0xf0, 0x90);
  RUN("mov cs", 0x8e, 0xc8);
  RUN("mov to a segment register that is none", 0x8e, 0xf0);
  RUN("mov cr0", 0x0f, 0x22, 0xc0);
  RUN("clflush", 0x0f, 0xae, 0xbf, 0, 0, 0, 0x70);
  RUN("prefetch", 0x0f, 0x18, 0x8f, 0, 0, 0, 0x70);
}

static void single_steps(void) {
  STEP("nops", 0x90, 0x90, 0x66, 0x90);
  STEP("rep movsb of 3", 0xb9, 3, 0, 0, 0, 0xf3, 0xa4);
  STEP("rep stosb of 0", 0x31, 0xc9, 0xf3, 0xaa);
  /* The third byte differs. */
  STEP("repe cmpsb", 0xc6, 0x47, 0x02, 0x01, 0xb9, 9, 0, 0, 0, 0xf3, 0xa6);
  STEP("repne scasb", 0xb0, 0x01, 0xb9, 9, 0, 0, 0, 0xf2, 0xae);
  STEP("loop", 0xb9, 3, 0, 0, 0, 0xe2, 0xfe);
  STEP("call and ret", 0xe8, 2, 0, 0, 0, 0xeb, 1, 0xc3);
  STEP("jmp through a register", 0x48, 0x8d, 0x05, 3, 0, 0, 0, 0xff, 0xe0, 0xcc);
  STEP("jcc", 0x31, 0xc0, 0x74, 1, 0xcc, 0x75, 0xf9);
  STEP("store to the next instruction", 0xc6, 0x05, 0, 0, 0, 0, 0x90, 0x90);
  STEP("syscall", 0xb8, 110, 0, 0, 0, 0x0f, 0x05, 0x90);
  STEP("popf clears TF", 0x9c, 0x81, 0x24, 0x24, 0xff, 0xfe, 0xff, 0xff, 0x9d, 0x90, 0x90);
  STEP("pushf shows TF", 0x9c, 0x58, 0xa9, 0, 1, 0, 0, 0x75, 1, 0xcc);
  STEP("int3", 0x90, 0xcc);
  STEP("ud2", 0x90, 0x0f, 0x0b);
  STEP("divide by zero", 0x31, 0xc9, 0xf7, 0xf1);
  STEP("load at r8", 0x41, 0x8b, 0x00);
  STEP("jmp r8", 0x41, 0xff, 0xe0);
  STEP("ret to r8", 0x41, 0x50, 0xc3);
  STEP("jmp to nowhere", 0xb8, 0, 0, 0, 0x30, 0xff, 0xe0);
  run("both TF and AC", TF | AC, data + 1, BYTES(0x90, 0x8a, 0x07, 0x8b, 0x07));
}

int main(void) {
  static char alternate[65536];
  sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = sizeof alternate}, NULL);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
  static const int signals[] = {SIGBUS, SIGSEGV, SIGTRAP, SIGILL, SIGFPE};
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
  mmap(data, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  mmap(code, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  alignment();
  stack_segment();
  branches();
  odd_instructions();
  single_steps();
  return 0;
}
