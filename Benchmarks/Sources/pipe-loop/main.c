// Sends a byte to another process and waits for its answer, COUNT times, through pipes: the shortest round trip between two
// processes that sleep while they wait, which no pool of workers can go below.
//
// usage: pipe-loop COUNT

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

int main(int argc, char **argv) {
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    int there[2], back[2];
    char byte = 1;
    if (count < 1) {
        fprintf(stderr, "usage: pipe-loop COUNT\n");
        return 64;
    }
    double *times = malloc((size_t)count * sizeof *times);
    if (times == NULL || pipe(there) != 0 || pipe(back) != 0) {
        perror("pipe-loop");
        return 1;
    }
    pid_t child = fork();
    if (child < 0) {
        perror("pipe-loop: fork");
        return 1;
    }
    if (child == 0) {
        close(there[1]);
        while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1) {
        }
        _exit(0);
    }
    for (long trip = 0; trip < count; trip++) {
        double start = microseconds();
        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) {
            perror("pipe-loop");
            return 1;
        }
        times[trip] = microseconds() - start;
    }
    close(there[1]);
    waitpid(child, NULL, 0);
    qsort(times, (size_t)count, sizeof *times, compare);
    printf("%.2f %.2f\n", times[count / 2], times[count * 99 / 100]);
    free(times);
    return 0;
}
