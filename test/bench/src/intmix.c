/* Integer mix in the manner of CoreMark (own code): linked-list sort and find, int16 matrix
 * multiply, a scanner state machine, CRC-16.  usage: intmix [iterations]; prints a checksum. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct node { struct node *next; int16_t key, idx; } node;
enum { NLIST = 400, NM = 24, NTXT = 2000 };
static node pool[NLIST];
static int16_t A[NM][NM], B[NM][NM];
static int32_t C[NM][NM];
static char txt[NTXT + 1];

static uint16_t crc16(uint16_t crc, uint32_t v) {
  for (int i = 0; i < 32; i++) {
    uint16_t bit = (crc ^ v) & 1;
    crc >>= 1; v >>= 1;
    if (bit) crc ^= 0xa001;
  }
  return crc;
}
static node *merge(node *a, node *b, int by_idx) {
  node head, *t = &head;
  while (a && b) {
    int le = by_idx ? a->idx <= b->idx : a->key <= b->key;
    if (le) { t->next = a; a = a->next; } else { t->next = b; b = b->next; }
    t = t->next;
  }
  t->next = a ? a : b;
  return head.next;
}
static node *msort(node *l, int by_idx) {
  if (!l || !l->next) return l;
  node *slow = l, *fast = l->next;
  while (fast && fast->next) { slow = slow->next; fast = fast->next->next; }
  node *r = slow->next;
  slow->next = 0;
  return merge(msort(l, by_idx), msort(r, by_idx), by_idx);
}
static uint16_t list_work(uint32_t seed, uint16_t crc) {
  node *l = 0;
  for (int i = NLIST - 1; i >= 0; i--) {
    pool[i].key = (int16_t)((i * 7919u + seed * 104729u) >> 3);
    pool[i].idx = (int16_t)i;
    pool[i].next = l;
    l = &pool[i];
  }
  l = msort(l, 0);
  for (int f = 0; f < 40; f++) {
    int hops = 0;
    node *p = l;
    int16_t want = (int16_t)((f * 37 + seed) % NLIST);
    while (p && p->idx != want) { p = p->next; hops++; }
    crc = crc16(crc, (uint32_t)hops);
  }
  l = msort(l, 1);
  return crc16(crc, (uint32_t)l->key);
}
static uint16_t matrix_work(uint32_t seed, uint16_t crc) {
  for (int i = 0; i < NM; i++) for (int j = 0; j < NM; j++) {
    A[i][j] = (int16_t)(i * 31 + j * 17 + seed);
    B[i][j] = (int16_t)(i * 13 - j * 29 + (seed >> 4));
  }
  for (int i = 0; i < NM; i++) for (int j = 0; j < NM; j++) {
    int32_t s = 0;
    for (int k = 0; k < NM; k++) s += A[i][k] * B[k][j];
    C[i][j] = s;
  }
  uint32_t acc = 0;
  for (int i = 0; i < NM; i++) for (int j = 0; j < NM; j++) acc = acc * 33 + (uint32_t)(C[i][j] >> 2);
  return crc16(crc, acc);
}
enum state { START, INT, FLOAT, EXP, WORD, BAD, NSTATE };
static uint16_t scan_work(uint32_t seed, uint16_t crc) {
  static const char *tok[] = {"1234,", "-17.25,", "6.02e23,", "foo,", "+9x,", "0,", "3.e-7,", "bar7,"};
  int n = 0;
  uint32_t r = seed;
  while (n < NTXT - 10) {
    r = r * 1103515245u + 12345u;
    const char *t = tok[(r >> 16) & 7];
    while (*t) txt[n++] = *t++;
  }
  txt[n] = 0;
  uint32_t cnt[NSTATE] = {0};
  enum state s = START;
  for (const char *p = txt; *p; p++) {
    char c = *p;
    if (c == ',') { cnt[s]++; s = START; continue; }
    switch (s) {
    case START:
      if (c >= '0' && c <= '9') s = INT;
      else if (c == '+' || c == '-') s = INT;
      else if (c >= 'a' && c <= 'z') s = WORD;
      else s = BAD;
      break;
    case INT:
      if (c == '.') s = FLOAT;
      else if (c < '0' || c > '9') s = BAD;
      break;
    case FLOAT:
      if (c == 'e') s = EXP;
      else if (c < '0' || c > '9') s = BAD;
      break;
    case EXP:
      if (!((c >= '0' && c <= '9') || c == '-')) s = BAD;
      break;
    case WORD:
      if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) s = BAD;
      break;
    default: break;
    }
  }
  for (int i = 0; i < NSTATE; i++) crc = crc16(crc, cnt[i]);
  return crc;
}
int main(int argc, char **argv) {
  uint32_t n = argc > 1 ? (uint32_t)atoi(argv[1]) : 10000;
  uint16_t crc = 0;
  for (uint32_t i = 0; i < n; i++) {
    crc = list_work(i, crc);
    crc = matrix_work(i, crc);
    crc = scan_work(i, crc);
  }
  printf("intmix %u crc=%04x\n", n, crc);
  return 0;
}
