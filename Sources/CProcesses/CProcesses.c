#define _GNU_SOURCE
#include "CProcesses.h"

#include <spawn.h>

#if defined(__linux__)
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

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
#else
// Every other system has what is needed in its own module.
typedef int cprocesses_nothing;
#endif
