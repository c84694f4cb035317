/*
 * Runs floating-point instructions on the CPU at hand: reads records from stdin, writes outcomes to stdout.
 *
 *   native-fp sse    record: code 16 (length first), mxcsr 4, pad 4, rax 8, xmm0 16, xmm1 16         (64 bytes)
 *                    outcome: xmm0 16, rax 8, mxcsr 4, rflags 2, faulted 2                          (32 bytes)
 *   native-fp x87    record: code 16, FSAVE image 108, rflags 4, memory 128                         (256 bytes)
 *                    outcome: FSAVE image 108, rflags 4, memory 128, rax 8, faulted 2, pad 6        (256 bytes)
 *
 * Code finds rdi = its memory operand. It lies at CODE and the operand at DATA, so that saved pointers are known.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define CODE ((uint8_t *)0x10000000)
#define DATA ((uint8_t *)0x10010000)

static int codeLength;
static volatile int faulted;

/* Skips the faulting instruction, and masks SSE exceptions so that the signal does not come again. */
static void onFault(int signal, siginfo_t *info, void *context) {
  (void)info;
  ucontext_t *uc = context;
  faulted = signal;
  uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(CODE + codeLength);
  uc->uc_mcontext.fpregs->mxcsr |= 0x1f80;
}

static void place(const uint8_t *code) {
  codeLength = code[0];
  memcpy(CODE, code + 1, codeLength);
  CODE[codeLength] = 0xc3;
  faulted = 0;
}

static void runSse(const uint8_t *in, uint8_t *out) {
  place(in);
  uint64_t rax, flags;
  uint32_t mxcsr, plain = 0x1f80;
  memcpy(&rax, in + 24, 8);
  __asm__ volatile(
      "ldmxcsr 16(%[in])\n movups 32(%[in]), %%xmm0\n movups 48(%[in]), %%xmm1\n"
      "call *%[code]\n"
      "pushfq\n pop %[flags]\n movups %%xmm0, (%[out])\n stmxcsr %[mxcsr]\n ldmxcsr %[plain]\n"
      : "+a"(rax), [flags] "=&r"(flags), [mxcsr] "=m"(mxcsr)
      : [in] "r"(in), [out] "r"(out), [code] "r"(CODE), [plain] "m"(plain), "D"(DATA)
      : "memory", "cc", "xmm0", "xmm1", "mm0");
  if (faulted) mxcsr = (mxcsr & ~0x1f80) | (*(uint32_t *)(in + 16) & 0x1f80);
  memcpy(out + 16, &rax, 8);
  memcpy(out + 24, &mxcsr, 4);
  *(uint16_t *)(out + 28) = flags;
  *(uint16_t *)(out + 30) = faulted;
}

static void runX87(const uint8_t *in, uint8_t *out) {
  place(in);
  memcpy(DATA, in + 128, 128);
  uint64_t rax = 0, flags = *(uint32_t *)(in + 124);
  __asm__ volatile(
      "frstor 16(%[in])\n push %[flags]\n popfq\n"
      "call *%[code]\n"
      "pushfq\n pop %[flags]\n fnsave (%[out])\n"
      : "+a"(rax), [flags] "+&r"(flags)
      : [in] "r"(in), [out] "r"(out), [code] "r"(CODE), "D"(DATA)
      : "memory", "cc", "mm0");
  *(uint32_t *)(out + 108) = flags;
  memcpy(out + 112, DATA, 128);
  memcpy(out + 240, &rax, 8);
  *(uint16_t *)(out + 248) = faulted;
  memset(out + 250, 0, 6);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  int x87 = strcmp(argv[1], "x87") == 0;
  size_t inSize = x87 ? 256 : 64, outSize = x87 ? 256 : 32;
  mmap(CODE, 0x20000, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  struct sigaction action = {.sa_sigaction = onFault, .sa_flags = SA_SIGINFO};
  sigaction(SIGFPE, &action, NULL);
  sigaction(SIGILL, &action, NULL);
  static uint8_t in[256], out[256];
  while (fread(in, inSize, 1, stdin) == 1) {
    (x87 ? runX87 : runSse)(in, out);
    fwrite(out, outSize, 1, stdout);
  }
  return 0;
}
