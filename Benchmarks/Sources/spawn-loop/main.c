// Runs a command COUNT times, CONCURRENCY at a time, with posix_spawn and waitpid and nothing else: what starting
// processes costs on this machine, which no workflow engine can go below.
//
// usage: spawn-loop COUNT CONCURRENCY [PROGRAM]

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double wall_microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double cpu_microseconds(int who) {
    struct rusage usage;
    getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6
        + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

int main(int argc, char **argv) {
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    long concurrency = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
    char *program = argc > 3 ? argv[3] : "/bin/true";
    if (count < 1 || concurrency < 1) {
        fprintf(stderr, "usage: spawn-loop COUNT CONCURRENCY [PROGRAM]\n");
        return 64;
    }
    char *arguments[] = {program, NULL};

    double wall = wall_microseconds();
    double cpu = cpu_microseconds(RUSAGE_SELF) + cpu_microseconds(RUSAGE_CHILDREN);
    long started = 0, ended = 0, failed = 0;
    while (ended < count) {
        if (started < count && started - ended < concurrency) {
            pid_t child;
            int error = posix_spawn(&child, program, NULL, NULL, arguments, environ);
            if (error != 0) {
                fprintf(stderr, "spawn-loop: %s can't be started: %s\n", program, strerror(error));
                return 1;
            }
            started += 1;
            continue;
        }
        int status = 0;
        if (waitpid(-1, &status, 0) < 0) {
            if (errno == EINTR) {
                continue;
            }
            perror("spawn-loop: waitpid");
            return 1;
        }
        ended += 1;
        failed += !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    wall = wall_microseconds() - wall;
    cpu = cpu_microseconds(RUSAGE_SELF) + cpu_microseconds(RUSAGE_CHILDREN) - cpu;

    if (failed > 0) {
        fprintf(stderr, "spawn-loop: %ld of %ld runs of %s failed\n", failed, count, program);
        return 1;
    }
    printf("wall_us %.3f\ncpu_us %.3f\n", wall / (double)count, cpu / (double)count);
    return 0;
}
