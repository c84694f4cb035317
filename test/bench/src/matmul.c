/* dense double matrix multiply (ikj order: -O3 makes packed SSE2 of it). usage: matmul [n] [reps] */
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
  int n = argc > 1 ? atoi(argv[1]) : 256, reps = argc > 2 ? atoi(argv[2]) : 10;
  double *a = malloc(sizeof *a * n * n), *b = malloc(sizeof *b * n * n), *c = calloc(n * n, sizeof *c);
  for (int i = 0; i < n * n; i++) { a[i] = (i % 97) * 0.25; b[i] = (i % 89) * 0.5 - 11; }
  for (int r = 0; r < reps; r++)
    for (int i = 0; i < n; i++)
      for (int k = 0; k < n; k++) {
        double x = a[i * n + k];
        double *restrict cp = c + i * n;
        const double *restrict bp = b + k * n;
        for (int j = 0; j < n; j++) cp[j] += x * bp[j];
      }
  double s = 0;
  for (int i = 0; i < n * n; i++) s += c[i];
  printf("matmul %d %d sum=%.3f\n", n, reps, s);
  return 0;
}
