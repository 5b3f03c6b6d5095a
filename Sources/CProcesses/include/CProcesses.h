// What Swift can't call by itself: functions that its view of the C library leaves out, takes a variable number of
// arguments, or that only newer versions of the library have. Nothing here has a decision in it.
#ifndef CPROCESSES_H
#define CPROCESSES_H

#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>

// CPU times in microseconds. In C, because which module the members of `timeval` belong to depends for Swift on what else
// is imported in the files that are compiled together.
static inline int64_t cprocesses_user_time(struct rusage usage) {
    return (int64_t)usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec;
}
static inline int64_t cprocesses_system_time(struct rusage usage) {
    return (int64_t)usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec;
}

// The most memory that this process has had in use so far, in bytes.
static inline int64_t cprocesses_own_peak_memory(void) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) return INT64_MAX;
#if defined(__APPLE__)
    return (int64_t)usage.ru_maxrss;
#else
    return (int64_t)usage.ru_maxrss * 1024;
#endif
}

// Has what is printed written line by line, so that a crash loses at most the line it happens in.
static inline void cprocesses_print_lines(void) { setvbuf(stdout, NULL, _IOLBF, 0); }

// Stores a byte so that everything which this thread has stored before is seen by whoever sees it.
static inline void cprocesses_publish(char *place, char value) { __atomic_store_n(place, value, __ATOMIC_RELEASE); }

// A file of which only its descriptor is left, closed on exec: -1 and errno on failure.
int cprocesses_unnamed_file(void);

// Runs a script with /bin/sh in a session of its own, with nothing but two descriptors: `table` is its 3, `pipe` its 4.
// It sees no environment but PATH. Returns when the shell has ended: 0, or an error number.
int cprocesses_run_apart(const char *script, const char *name, int table, int pipe);

// A hundredth of a second each since the system's start, the time that it notes the starts of processes in. 0 where
// that isn't known.
uint64_t cprocesses_ticks(void);

#if defined(__linux__)
// All of these return -1 and set errno on failure unless it says otherwise.

// A pipe whose ends are closed on exec.
int cprocesses_pipe(int ends[2]);

// A process descriptor (Linux 5.3).
int cprocesses_open_process(int pid);

// An epoll instance, and an eventfd that doesn't block; both closed on exec.
int cprocesses_epoll(void);
int cprocesses_event(void);

// Starts and ends the watch on a descriptor. It is level-triggered.
int cprocesses_watch(int queue, int descriptor, int writable, uint64_t token);
int cprocesses_unwatch(int queue, int descriptor);

// Waits for events and stores their tokens: at most `capacity` of them, and at most 128.
int cprocesses_wait(int queue, uint64_t *tokens, int capacity, int milliseconds);

// Actions of a child before it executes its program. They return an error number: ENOSYS where the C library is too
// old (glibc before 2.29 and 2.34).
int cprocesses_add_chdir(void *actions, const char *path);
int cprocesses_add_closefrom(void *actions, int first);
#endif

#endif
