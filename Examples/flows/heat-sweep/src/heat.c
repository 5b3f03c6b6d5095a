/* How hot the middle of a rod still is after some steps: heat alpha cells steps. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    if (argc != 4) return 64;
    double alpha = atof(argv[1]);
    int cells = atoi(argv[2]), steps = atoi(argv[3]);
    double *now = calloc(cells, sizeof *now), *next = calloc(cells, sizeof *next);
    now[cells / 2] = 100;
    for (int step = 0; step < steps; step++) {
        for (int i = 1; i < cells - 1; i++) next[i] = now[i] + alpha * (now[i - 1] - 2 * now[i] + now[i + 1]);
        double *swap = now; now = next; next = swap;
        if (now[cells / 2] > 1e6 || now[cells / 2] < -1e6) {
            fprintf(stderr, "diverged after %d steps\n", step);
            return 3;
        }
    }
    printf("step,max\n%d,%.3f\n", steps, now[cells / 2]);
}
