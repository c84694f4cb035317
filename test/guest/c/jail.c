// Tries to leave its root directory: jail HOST-PATH, where HOST-PATH is what the folder beside the root is called on the
// host, with a file `secret` in it. Walks there by every way it knows, and reads, lists, makes, changes, renames and removes what it
// finds. Prints the ways by which it saw the secret; what was changed is for the host to look at.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

static char ways[400][600];
static int way_count, attempts;

static void way(const char *format, const char *text, int number) {
  snprintf(ways[way_count++], sizeof *ways, format, text, number);
}

static void seen(const char *how, const char *path) {
  printf("%s: %s\n", how, path);
}

static void look(int dir, const char *path) {
  char text[64] = "";
  attempts++;
  int fd = openat(dir, path, O_RDONLY | O_NONBLOCK);
  if (fd >= 0) {
    ssize_t n = read(fd, text, sizeof text - 1);
    if (n > 0 && strstr(text, "kept from guests")) seen("read", path);
    close(fd);
  }
  ssize_t n = readlinkat(dir, path, text, sizeof text - 1);
  if (n > 0 && memmem(text, n, "kept from guests", 16)) seen("readlink", path);
}

static void list(int dir, const char *path) {
  int fd = openat(dir, path, O_RDONLY | O_DIRECTORY);
  DIR *stream = fd < 0 ? NULL : fdopendir(fd);
  for (struct dirent *entry; stream && (entry = readdir(stream));) {
    if (!strcmp(entry->d_name, "secret")) seen("list", path);
  }
  if (stream) closedir(stream);
}

// Everything that could change the folder beside.
static void meddle(int dir, const char *path) {
  static const struct timespec times[2] = {{5, 0}, {5, 0}};
  char planted[700], secret[700];
  snprintf(planted, sizeof planted, "%s/planted", path);
  snprintf(secret, sizeof secret, "%s/secret", path);
  look(dir, secret);
  list(dir, path);
  int fd = openat(dir, planted, O_CREAT | O_RDWR, 0666);
  if (fd >= 0) close(fd);
  fd = openat(dir, secret, O_RDWR);
  if (fd >= 0 && write(fd, "!", 1)) close(fd);
  mkdirat(dir, planted, 0777);
  mknodat(dir, planted, S_IFIFO | 0666, 0);
  int failed = symlinkat("x", dir, planted) + linkat(AT_FDCWD, "/inside", dir, planted, 0) + linkat(dir, secret, AT_FDCWD, "/stolen", 0);
  failed += linkat(dir, secret, AT_FDCWD, "/stolen-too", AT_SYMLINK_FOLLOW);
  failed += renameat(AT_FDCWD, "/inside", dir, planted) + renameat(dir, secret, AT_FDCWD, "/stolen");
  failed += renameat2(dir, secret, AT_FDCWD, "/inside", RENAME_EXCHANGE);
  failed += fchmodat(dir, secret, 0, 0) + fchownat(dir, secret, 7, 7, 0) + utimensat(dir, secret, times, 0);
  failed += setxattr(secret, "user.x", "y", 1, 0) + truncate(secret, 0);
  failed += unlinkat(dir, secret, 0) + unlinkat(dir, planted, AT_REMOVEDIR);
  look(AT_FDCWD, "/stolen");
  look(AT_FDCWD, "/stolen-too");
  look(AT_FDCWD, "/inside");
  if (failed) errno = 0;
}

static void links(const char *host) {
  static const char *const targets[] = {"..", "../..", "/..", "../../../../../..", "/proc/self/root/..", "/proc/self/cwd/../../.."};
  char name[64];
  for (unsigned i = 0; i < sizeof targets / sizeof *targets; i++) {
    snprintf(name, sizeof name, "/links/l%u", i);
    if (symlink(targets[i], name) == 0) way("%s", name, 0);
  }
  if (symlink(host, "/links/host") == 0) way("%s", "/links/host", 0);
  way("/links/l0/l0/../l1%.0s", "", 0);
}

// Directories that were open when they, or those above, were moved or removed.
static void moved(void) {
  mkdir("/a", 0777), mkdir("/a/b", 0777), mkdir("/a/b/c", 0777), mkdir("/other", 0777), mkdir("/gone", 0777);
  int below = open("/a/b/c", O_RDONLY | O_DIRECTORY), path = open("/a/b", O_PATH), gone = open("/gone", O_RDONLY | O_DIRECTORY);
  int failed = rename("/a/b", "/other/b") + rmdir("/gone") + rename("/a", "/other/b/c/a");
  for (int up = 1; up < 6; up++) {
    char text[64] = "";
    for (int i = 0; i < up; i++) strcat(text, i ? "/.." : "..");
    int dirs[] = {below, path, gone};
    for (int i = 0; i < 3; i++) {
      meddle(dirs[i], text);
      way("/proc/self/fd/%2$d/%1$s", text, dirs[i]);
      way("/dev/fd/%2$d/%1$s", text, dirs[i]);
    }
  }
  failed += fchdir(below) + rename("/other/b/c", "/c");
  meddle(AT_FDCWD, "../..");
  meddle(AT_FDCWD, "../../../..");
  if (failed) errno = 0;
}

// Leaving a chroot by the directory that was not changed, or was open before.
static void roots(void) {
  int top = open("/", O_RDONLY | O_DIRECTORY);
  mkdir("/small", 0777);
  int failed = chdir("/") + chroot("/small");
  meddle(AT_FDCWD, "..");
  meddle(AT_FDCWD, "../..");
  meddle(top, "..");
  meddle(top, "../..");
  failed += fchdir(top) + chroot(".") + chroot("..") + chdir("..") + chroot("../..");
  meddle(AT_FDCWD, "..");
  meddle(AT_FDCWD, "/..");
  if (failed) errno = 0;
}

static void mounts(const char *host) {
  static const char *const types[] = {"9pfs", "9p", "tmpfs", "ramfs", "proc", "overlay", "bind", "extract", "ext4"};
  static const char *const sources[] = {"..", "/..", "fs0", "fs1", "fs0/..", "fs2", "/dev/vda", "none"};
  mkdir("/mnt", 0777);
  for (unsigned t = 0; t < sizeof types / sizeof *types; t++) {
    for (unsigned s = 0; s <= sizeof sources / sizeof *sources; s++) {
      const char *source = s == sizeof sources / sizeof *sources ? host : sources[s];
      for (int bind = 0; bind < 2; bind++) {
        if (mount(source, "/mnt", types[t], bind ? MS_BIND : 0, "lowerdir=/..,upperdir=/a,workdir=/c") != 0) continue;
        meddle(AT_FDCWD, "/mnt");
        meddle(AT_FDCWD, "/mnt/..");
        meddle(AT_FDCWD, "/mnt/../..");
        umount2("/mnt", MNT_DETACH);
      }
    }
  }
  syscall(SYS_pivot_root, "/..", "/mnt");
}

static void handles(void) {
  union { struct { unsigned bytes; int type; unsigned char data[128]; } h; unsigned char all[136]; } handle = {.h = {128, 0, {0}}};
  int mount_id, failed = syscall(SYS_name_to_handle_at, AT_FDCWD, "/..", &handle, &mount_id, 0);
  int top = open("/", O_RDONLY);
  for (int i = 0; i < 64; i++) {
    handle.h.data[0] = i;
    int fd = syscall(SYS_open_by_handle_at, top, &handle, O_RDONLY);
    if (fd >= 0) meddle(fd, ".."), close(fd);
  }
  if (failed) errno = 0;
}

int main(int argc, char **argv) {
  if (argc < 2) return 64;
  mkdir("/links", 0777);
  int dir = open("/links", O_RDONLY | O_DIRECTORY);
  int file = open("/inside", O_CREAT | O_RDWR, 0666);
  way("/..%.0s", "", 0), way("/../..%.0s", "", 0), way("/links/../..%.0s", "", 0), way("%s", argv[1], 0), way("../../..%.0s", "", 0);
  way("/proc/self/root/..%.0s", "", 0), way("/proc/1/root/..%.0s", "", 0), way("/proc/self/cwd/../..%.0s", "", 0);
  way("/proc/self/task/1/root/..%.0s", "", 0), way("/proc/self/root/proc/self/root%s", argv[1], 0), way("/proc/self/exe/..%.0s", "", 0);
  way("/dev/..%.0s/..", "", 0), way("/proc/..%.0s/..", "", 0), way("/sys/..%.0s/..", "", 0), way("/tmp/..%.0s/..", "", 0);
  way("/proc/self/fd/%2$d%1$s", "/..", file);
  for (int up = 1; up < 4; up++) way("/proc/self/fd/%2$d%1$s", up == 1 ? "/.." : up == 2 ? "/../.." : "/../../..", dir);
  links(argv[1]);
  for (int i = 0; i < way_count; i++) meddle(AT_FDCWD, ways[i]), meddle(dir, ways[i]);
  int before = way_count;
  moved();
  for (int i = before; i < way_count; i++) meddle(AT_FDCWD, ways[i]);
  handles();
  mounts(argv[1]);
  roots();
  printf("%s\n", attempts > 500 ? "tried all" : "tried too little");
}
