// Stands for a file system in trouble, by LD_PRELOAD. Only calls for paths below SHIM_UNDER are looked at.
//   SHIM_TRACE=FILE       appends "<number> <function> <path>" for every call
//   SHIM_FAIL=K:E         fails call number K with errno E
//   SHIM_FAIL_AT=F P:E:T  fails the first T calls of function F for path P with errno E; P is relative to SHIM_UNDER, and N stands
//                         for each number in it, such as "write /checkpoints/.tmp-step-N.N/state.json"
//   SHIM_WHILE=FILE:E     fails every call that writes with errno E while FILE exists
//   SHIM_STALL=FILE       lets no open() for reading return while FILE exists
//   SHIM_REFUSE=NAME:E,.. fails these functions always: symlink, exchange, fsync, fsyncdir, flock
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name, result, ...) ((result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

static __thread int inside = 0;

static int real_open(const char* path, int flags, mode_t mode) {
  return REAL("openat", int, int, const char*, int, mode_t)(AT_FDCWD, path, flags, mode);
}

static int below(const char* path) {
  const char* under = getenv("SHIM_UNDER");
  return under != NULL && path != NULL && strncmp(path, under, strlen(under)) == 0;
}

static int refused(const char* name) {
  const char* found = getenv("SHIM_REFUSE");
  const size_t length = strlen(name);
  for (; found != NULL && *found != '\0'; found = strchr(found, ',') ? strchr(found, ',') + 1 : NULL) {
    if (strncmp(found, name, length) == 0 && found[length] == ':') return atoi(found + length + 1);
  }
  return 0;
}

// Whether the call is of the kind "<function> <path>" that SHIM_FAIL_AT names, up to its colon.
static int is_of_kind(const char* kind, const char* function, const char* path) {
  const size_t length = strlen(function);
  if (strncmp(kind, function, length) != 0 || kind[length] != ' ') return 0;
  const char* wanted = kind + length + 1;
  path += strlen(getenv("SHIM_UNDER"));
  while (*path != '\0' && *wanted != ':') {
    if (*path >= '0' && *path <= '9') {
      while (*path >= '0' && *path <= '9') ++path;
      if (*wanted++ != 'N') return 0;
    } else if (*path++ != *wanted++) {
      return 0;
    }
  }
  return *path == '\0' && *wanted == ':';
}

// The errno that SHIM_FAIL_AT sets for this call, or 0.
static int trouble_at(const char* function, const char* path) {
  static int count = 0;
  const char* kind = getenv("SHIM_FAIL_AT");
  if (kind == NULL || !is_of_kind(kind, function, path)) return 0;
  int error = 0, times = 0;
  sscanf(strchr(kind, ':'), ":%d:%d", &error, &times);
  return __sync_add_and_fetch(&count, 1) <= times ? error : 0;
}

// The errno that this call shall fail with, or 0.
static int trouble(const char* function, const char* path) {
  static int count = 0;
  if (inside || !below(path)) return 0;
  inside = 1;
  int error = 0;
  const int number = __sync_add_and_fetch(&count, 1);
  const char* trace = getenv("SHIM_TRACE");
  if (trace != NULL) {
    char line[8192];
    const int length = snprintf(line, sizeof line, "%d %s %s\n", number, function, path);
    const int descriptor = real_open(trace, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (REAL("write", ssize_t, int, const void*, size_t)(descriptor, line, (size_t)length) < 0) abort();
    REAL("close", int, int)(descriptor);
  }
  const char* fail = getenv("SHIM_FAIL");
  if (fail != NULL && atoi(fail) == number) error = atoi(strchr(fail, ':') + 1);
  if (error == 0) error = trouble_at(function, path);
  const char* flag = getenv("SHIM_WHILE");
  if (flag != NULL && strcmp(function, "close") != 0 && strcmp(function, "opendir") != 0) {
    char file[4096];
    const char* colon = strrchr(flag, ':');
    snprintf(file, sizeof file, "%.*s", (int)(colon - flag), flag);
    if (access(file, F_OK) == 0) error = atoi(colon + 1);
  }
  inside = 0;
  return error;
}

static int fails(const char* function, const char* path) {
  char absolute[8192];
  if (path != NULL && path[0] != '/' && getcwd(absolute, 4096) != NULL) {
    strcat(strcat(absolute, "/"), path);
    path = absolute;
  }
  const int error = trouble(function, path);
  if (error != 0) errno = error;
  return error != 0;
}

static int descriptor_fails(const char* function, int descriptor) {
  if (inside || getenv("SHIM_UNDER") == NULL) return 0;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const int kept = errno;
  const ssize_t length = readlink(link, path, sizeof path - 1);
  errno = kept;
  if (length <= 0) return 0;
  path[length] = '\0';
  return fails(function, path);
}

static void stall(const char* path) {
  const char* flag = getenv("SHIM_STALL");
  if (flag == NULL || !below(path)) return;
  while (access(flag, F_OK) == 0) usleep(10000);
}

// For calls that name a file by its folder's descriptor.
static int fails_in(const char* function, int folder, const char* path) {
  char link[64], whole[8192];
  if (inside || folder == AT_FDCWD || path[0] == '/') return fails(function, path);
  snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
  const ssize_t length = readlink(link, whole, 4096);
  if (length <= 0) return 0;
  snprintf(whole + length, sizeof whole - (size_t)length, "/%s", path);
  return fails(function, whole);
}

int openat(int folder, const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = (flags & O_CREAT) ? va_arg(list, mode_t) : 0;
  va_end(list);
  if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) && fails_in("open", folder, path)) return -1;
  if ((flags & O_DIRECTORY) && fails_in("opendir", folder, path)) return -1;
  if ((flags & (O_WRONLY | O_RDWR)) == 0) stall(path);
  return REAL("openat", int, int, const char*, int, mode_t)(folder, path, flags, mode);
}
int open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = (flags & O_CREAT) ? va_arg(list, mode_t) : 0;
  va_end(list);
  return openat(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = (flags & O_CREAT) ? va_arg(list, mode_t) : 0;
  va_end(list);
  return openat(AT_FDCWD, path, flags, mode);
}
ssize_t write(int descriptor, const void* bytes, size_t size) {
  if (descriptor_fails("write", descriptor)) return -1;
  return REAL("write", ssize_t, int, const void*, size_t)(descriptor, bytes, size);
}
int fsync(int descriptor) {
  struct stat status;
  const int folder = fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode);
  const int error = refused(folder ? "fsyncdir" : "fsync");
  if (error != 0 && (folder || S_ISREG(status.st_mode))) return errno = error, -1;
  if (descriptor_fails("fsync", descriptor)) return -1;
  return REAL("fsync", int, int)(descriptor);
}
int close(int descriptor) {
  const int failed = descriptor_fails("close", descriptor), error = errno;
  const int result = REAL("close", int, int)(descriptor);
  if (failed) errno = error;
  return failed ? -1 : result;
}
int mkdir(const char* path, mode_t mode) {
  if (fails("mkdir", path)) return -1;
  return REAL("mkdir", int, const char*, mode_t)(path, mode);
}
int rename(const char* from, const char* to) {
  if (fails("rename", to)) return -1;
  return REAL("rename", int, const char*, const char*)(from, to);
}
int renameat2(int a, const char* from, int b, const char* to, unsigned flags) {
  const int error = refused("exchange");
  if (error != 0 && flags != 0) return errno = error, -1;
  if (fails("renameat2", to)) return -1;
  return REAL("renameat2", int, int, const char*, int, const char*, unsigned)(a, from, b, to, flags);
}
int symlink(const char* target, const char* path) {
  const int error = refused("symlink");
  if (error != 0) return errno = error, -1;
  if (fails("symlink", path)) return -1;
  return REAL("symlink", int, const char*, const char*)(target, path);
}
int unlink(const char* path) {
  if (fails("unlink", path)) return -1;
  return REAL("unlink", int, const char*)(path);
}
int unlinkat(int folder, const char* path, int flags) {
  if (fails_in("unlinkat", folder, path)) return -1;
  return REAL("unlinkat", int, int, const char*, int)(folder, path, flags);
}
int flock(int descriptor, int operation) {
  const int error = refused("flock");
  if (error != 0) return errno = error, -1;
  return REAL("flock", int, int, int)(descriptor, operation);
}
