/*
 * POSIX threads as glibc builds them on clone, futexes, robust lists and signals. The output holds on Linux whatever the
 * scheduling: counts, not orders.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define THREADS 8

static pthread_t threads[THREADS];

static long run(int count, void *(*body)(void *)) {
  long sum = 0;
  void *result;
  for (long i = 0; i < count; i++) pthread_create(&threads[i], NULL, body, (void *)i);
  for (int i = 0; i < count; i++) {
    pthread_join(threads[i], &result);
    sum += (long)result;
  }
  return sum;
}

static struct timespec after(clockid_t clock, long nanoseconds) {
  struct timespec t;
  clock_gettime(clock, &t);
  t.tv_nsec += nanoseconds;
  if (t.tv_nsec >= 1000000000) {
    t.tv_sec++;
    t.tv_nsec -= 1000000000;
  }
  return t;
}

static __thread int own = 7;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static long counter;

static void *count_up(void *index) {
  for (int i = 0; i < 2000; i++) {
    pthread_mutex_lock(&mutex);
    counter++;
    pthread_mutex_unlock(&mutex);
    if (i % 100 == 0) sched_yield();
  }
  own += (long)index;
  return (void *)(long)own;
}

static int turn;

static void *take_turns(void *index) {
  for (int i = 0; i < 200; i++) {
    pthread_mutex_lock(&mutex);
    while (turn != (long)index) pthread_cond_wait(&condition, &mutex);
    turn = !turn;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}

static pthread_barrier_t barrier;

static void *meet(void *unused) {
  long serial = 0;
  (void)unused;
  for (int i = 0; i < 50; i++) serial += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
  return (void *)serial;
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static long written;

static void *read_or_write(void *index) {
  for (int i = 0; i < 800; i++) {
    if (i % 8 == (long)index) {
      pthread_rwlock_wrlock(&rwlock);
      written++;
    } else {
      pthread_rwlock_rdlock(&rwlock);
    }
    pthread_rwlock_unlock(&rwlock);
  }
  return NULL;
}

static void synchronisation(void) {
  long sum = run(THREADS, count_up);
  printf("mutex: %ld, thread-local: %ld, %d\n", counter, sum, own);
  run(2, take_turns);
  printf("condition: %d\n", turn);
  pthread_barrier_init(&barrier, NULL, 4);
  printf("barrier: %ld\n", run(4, meet));
  run(THREADS, read_or_write);
  printf("rwlock: %ld\n", written);
}

static pthread_mutex_t special;

static void *lock_special(void *unused) {
  (void)unused;
  pthread_mutex_lock(&special);
  pthread_mutex_unlock(&special);
  return (void *)1;
}

static void *die_holding(void *unused) {
  pthread_mutex_lock(&special);
  return unused;
}

static void init_special(int protocol, int robust) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setprotocol(&attributes, protocol);
  pthread_mutexattr_setrobust(&attributes, robust);
  pthread_mutex_init(&special, &attributes);
}

static void inheriting(void) {
  struct timespec limit = after(CLOCK_REALTIME, 1000000);
  long sum = 0;
  void *result;
  init_special(PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED);
  pthread_mutex_lock(&special);
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, lock_special, NULL);
  usleep(2000);
  printf("inheriting: %s, ", strerror(pthread_mutex_trylock(&special)));
  printf("%s, ", strerror(pthread_mutex_timedlock(&special, &limit)));
  pthread_mutex_unlock(&special);
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], &result);
    sum += (long)result;
  }
  printf("%ld\n", sum);
}

static void robust(const char *name, int protocol) {
  init_special(protocol, PTHREAD_MUTEX_ROBUST);
  run(1, die_holding);
  int error = pthread_mutex_lock(&special);
  printf("%s: %s, ", name, strerror(error));
  if (error == EOWNERDEAD) pthread_mutex_consistent(&special);
  pthread_mutex_unlock(&special);
  printf("%s\n", strerror(pthread_mutex_lock(&special)));
}

static void limits(void) {
  struct timespec limit = after(CLOCK_REALTIME, 5000000);
  sem_t semaphore;
  sem_init(&semaphore, 0, 0);
  int result = sem_timedwait(&semaphore, &limit);
  printf("semaphore: %d %s\n", result, strerror(errno));
  limit = after(CLOCK_MONOTONIC, 3000000);
  pthread_mutex_lock(&mutex);
  printf("condition: %s\n", strerror(pthread_cond_clockwait(&condition, &mutex, CLOCK_MONOTONIC, &limit)));
  pthread_mutex_unlock(&mutex);
}

static void *sleep_long(void *unused) {
  sleep(100);
  return unused;
}

static volatile sig_atomic_t arrived;
static pthread_t handled_by;

static void handle(int signal) {
  (void)signal;
  handled_by = pthread_self();
  arrived = 1;
}

static void *wait_for_signal(void *unused) {
  (void)unused;
  while (!arrived) usleep(500);
  return (void *)(long)pthread_equal(handled_by, pthread_self());
}

static volatile int stop;

static void *spin(void *unused) {
  while (!stop) continue;
  return unused;
}

static void interruption(void) {
  struct sigaction action = {.sa_handler = handle};
  void *result;
  pthread_create(&threads[0], NULL, sleep_long, NULL);
  pthread_cancel(threads[0]);
  pthread_join(threads[0], &result);
  printf("cancelled: %d\n", result == PTHREAD_CANCELED);
  sigaction(SIGUSR1, &action, NULL);
  pthread_create(&threads[0], NULL, wait_for_signal, NULL);
  pthread_kill(threads[0], SIGUSR1);
  pthread_join(threads[0], &result);
  printf("signal in its thread: %ld\n", (long)result);
  pthread_create(&threads[0], NULL, spin, NULL);
  usleep(20000);
  stop = 1;
  pthread_join(threads[0], NULL);
  printf("pre-empted\n");
}

int main(void) {
  synchronisation();
  inheriting();
  robust("robust", PTHREAD_PRIO_NONE);
  robust("robust and inheriting", PTHREAD_PRIO_INHERIT);
  limits();
  interruption();
  /* The end takes threads that wait and threads that run with it. */
  stop = 0;
  pthread_create(&threads[0], NULL, sleep_long, NULL);
  pthread_create(&threads[1], NULL, spin, NULL);
  return 5;
}
