/* libc and libm over many values; long double; setjmp, qsort, printf, locale, time, threads are elsewhere. */
#include <complex.h>
#include <ctype.h>
#include <errno.h>
#include <fenv.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#define SHOW(f) printf("%s %a %a %a %a\n", #f, f(0.5), f(1.25), f(-3.75), f(1e5))
#define SHOWL(f) printf("%s %La %La %La\n", #f, f(0.5L), f(1.25L), f(1e3L))
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static jmp_buf buf;

int main(void) {
    SHOW(sin); SHOW(cos); SHOW(tan); SHOW(asin); SHOW(atan); SHOW(sinh); SHOW(cosh); SHOW(tanh); SHOW(exp); SHOW(exp2); SHOW(expm1); SHOW(log);
    SHOW(log2); SHOW(log10); SHOW(log1p); SHOW(sqrt); SHOW(cbrt); SHOW(erf); SHOW(erfc); SHOW(lgamma); SHOW(tgamma); SHOW(floor); SHOW(ceil); SHOW(trunc); SHOW(round); SHOW(rint); SHOW(nearbyint); SHOW(j0); SHOW(y1);
    SHOWL(sinl); SHOWL(cosl); SHOWL(tanl); SHOWL(expl); SHOWL(logl); SHOWL(sqrtl); SHOWL(cbrtl); SHOWL(atanl); SHOWL(log2l); SHOWL(exp2l); SHOWL(expm1l); SHOWL(floorl); SHOWL(rintl); SHOWL(tgammal); SHOWL(lgammal);
    printf("%a %a %a %a %La\n", pow(2, 0.5), fmod(1e10, 7.3), remainder(10, 3.3), hypot(3, 4.5), powl(1.1L, 50));
    printf("%.40g %.20Lf %e %g %a %5.1f|%-8d|%08x|%+d|%'d|%s|%c|%%|%p\n", 0.1, 1.0L / 3, 1e-300, 1e20, 1.0, 2.25, 5, 255, 7, 1234567, "str", 'c', (void *)0);
    for (int mode = 0; mode < 4; mode++) { static const int modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO}; fesetround(modes[mode]); volatile double a = 1, b = 3; volatile float c = 1, d = 3; volatile long double e = 1, f = 3; printf("%a %a %La %ld %a\n", a / b, (double)(c / d), e / f, lrint(-2.5), rint(2.5)); }
    fesetround(FE_TONEAREST); feclearexcept(FE_ALL_EXCEPT); volatile double zero = 0, big = 1e308; volatile double x = 1 / zero; x = big * 10; x = sqrt(-1); printf("%x\n", fetestexcept(FE_ALL_EXCEPT)); (void)x;
    double complex z = 1 + 2 * I; printf("%g %g %g\n", creal(z * z), cimag(cexp(z)), cabs(z));
    int numbers[200]; unsigned seed = 7; for (int i = 0; i < 200; i++) numbers[i] = (seed = seed * 1103515245 + 12345) >> 16 & 1023; qsort(numbers, 200, sizeof(int), compare); printf("%d %d %d\n", numbers[0], numbers[100], numbers[199]);
    if (setjmp(buf) == 0) longjmp(buf, 5); else printf("jumped\n");
    printf("%ld %" PRIu64 " %lld %d\n", strtol("0x7fz", 0, 16), strtoull("18446744073709551615", 0, 10), llabs(-5LL), atoi("  42abc"));
    printf("%a %a %La %d\n", strtod("1e-320", 0), strtod("0x1.8p-3", 0), strtold("3.14159265358979323846", 0), errno);
    __int128 wide = (__int128)1 << 100; printf("%lld %lld\n", (long long)(wide / 12345678901LL >> 20), (long long)(wide % 1000000007)); printf("%f %Lf\n", (double)wide, (long double)wide);
    char text[100]; time_t when = 951782400; strftime(text, sizeof text, "%A %d %B %Y %H:%M:%S %j %U", gmtime(&when)); puts(text); snprintf(text, 10, "%s", "truncated text"); puts(text);
    char s[] = "a,b;c d"; for (char *t = strtok(s, ",; "); t; t = strtok(0, ",; ")) printf("[%s]", t); puts(""); printf("%d %s %s %zu %d\n", strcmp("a", "b"), strstr("haystack", "st"), strrchr("a/b/c", '/'), strcspn("hello", "l"), memcmp("abc", "abd", 3));
    wchar_t w[20]; printf("%zu %d\n", mbstowcs(w, "abc", 20), toupper('q')); double d; int n; char word[20]; printf("%d ", sscanf("12 3.5 word", "%d %lf %19s", &n, &d, word)); printf("%d %g %s\n", n, d, word); char line[100]; while (fgets(line, sizeof line, stdin)) printf("> %s", line); return 9;
}
