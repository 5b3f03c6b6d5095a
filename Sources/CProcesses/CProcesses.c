#define _GNU_SOURCE
#include "CProcesses.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#endif

int cprocesses_unnamed_file(void) {
#if defined(SYS_memfd_create)
    int number = (int)syscall(SYS_memfd_create, "asyncflow", 1 /* MFD_CLOEXEC */);
    if (number >= 0 || errno != ENOSYS) return number;
#endif
    char path[] = "/tmp/asyncflow-XXXXXX";
    int file = mkstemp(path);
    if (file < 0) return -1;
    unlink(path);
    fcntl(file, F_SETFD, FD_CLOEXEC);
    return file;
}

uint64_t cprocesses_ticks(void) {
#if defined(__linux__)
    struct timespec time;
    if (clock_gettime(CLOCK_BOOTTIME, &time) != 0) return 0;
    return (uint64_t)time.tv_sec * 100 + (uint64_t)time.tv_nsec / 10000000;
#else
    return 0;
#endif
}

int cprocesses_run_apart(const char *script, const char *name, int table, int pipe) {
    char *arguments[] = {"sh", "-c", (char *)script, (char *)name, NULL};
    char *environment[] = {"PATH=/usr/bin:/bin", NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    pid_t pid;
    int status, code;
    // Out of the way of the numbers that they get.
    int farTable = fcntl(table, F_DUPFD_CLOEXEC, 10);
    int farPipe = fcntl(pipe, F_DUPFD_CLOEXEC, 10);
    if (farTable < 0 || farPipe < 0) {
        code = errno;
        if (farTable >= 0) close(farTable);
        if (farPipe >= 0) close(farPipe);
        return code;
    }
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    short flags = POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
#if defined(__APPLE__)
    flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#endif
    posix_spawnattr_setflags(&attributes, flags);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    code = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
    if (code == 0) code = posix_spawn_file_actions_adddup2(&actions, 0, 1);
    if (code == 0) code = posix_spawn_file_actions_adddup2(&actions, 0, 2);
    if (code == 0) code = posix_spawn_file_actions_adddup2(&actions, farTable, 3);
    if (code == 0) code = posix_spawn_file_actions_adddup2(&actions, farPipe, 4);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    if (code == 0) code = posix_spawn_file_actions_addclosefrom_np(&actions, 5);
#endif
    if (code == 0) code = posix_spawn(&pid, "/bin/sh", &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(farTable);
    close(farPipe);
    if (code != 0) return code;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno == EINTR) continue;
        // Somebody in this process waits for all its children, or has them reaped by the system.
        return 0;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : ENOEXEC;
}

#if defined(__linux__)

// The same number on every architecture; the headers of older systems don't have it.
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

int cprocesses_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int cprocesses_open_process(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int cprocesses_epoll(void) { return epoll_create1(EPOLL_CLOEXEC); }

int cprocesses_event(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int cprocesses_watch(int queue, int descriptor, int writable, uint64_t token) {
    struct epoll_event event = {.events = writable ? EPOLLOUT : EPOLLIN, .data.u64 = token};
    return epoll_ctl(queue, EPOLL_CTL_ADD, descriptor, &event);
}

int cprocesses_unwatch(int queue, int descriptor) { return epoll_ctl(queue, EPOLL_CTL_DEL, descriptor, NULL); }

int cprocesses_wait(int queue, uint64_t *tokens, int capacity, int milliseconds) {
    struct epoll_event events[128];
    int count = epoll_wait(queue, events, capacity < 128 ? capacity : 128, milliseconds);
    for (int index = 0; index < count; index++) tokens[index] = events[index].data.u64;
    return count;
}

int cprocesses_add_chdir(void *actions, const char *path) {
#if defined(__GLIBC__) && !__GLIBC_PREREQ(2, 29)
    return ENOSYS;
#else
    return posix_spawn_file_actions_addchdir_np(actions, path);
#endif
}

int cprocesses_add_closefrom(void *actions, int first) {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
#else
    return ENOSYS;
#endif
}
#endif
