/* Heat in a rod whose ends are kept at 0 and 100 degrees. Every rank has a part of the rod, and in every step tells its
 * neighbours the temperatures at its ends.
 *
 * usage: heat conductivity steps      prints the mean temperature of the rod
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { points = 64 };

int main(int count, char **arguments) {
    int rank, size;
    MPI_Init(&count, &arguments);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    double conductivity = count > 2 ? atof(arguments[1]) : 0;
    int steps = count > 2 ? atoi(arguments[2]) : 0;
    if (conductivity <= 0 || conductivity > 0.5 || steps < 1 || points % size != 0) {
        if (rank == 0) fprintf(stderr, "usage: heat conductivity (0 to 0.5) steps, with 1, 2, 4, 8, 16, 32 or 64 ranks\n");
        MPI_Finalize();
        return 64;
    }
    int own = points / size;
    double rod[points + 2] = {0}, next[points + 2];
    int left = rank > 0 ? rank - 1 : MPI_PROC_NULL, right = rank < size - 1 ? rank + 1 : MPI_PROC_NULL;
    if (rank == size - 1) rod[own + 1] = 100;
    for (int step = 0; step < steps; step++) {
        MPI_Sendrecv(&rod[1], 1, MPI_DOUBLE, left, 0, &rod[own + 1], 1, MPI_DOUBLE, right, 0, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
        MPI_Sendrecv(&rod[own], 1, MPI_DOUBLE, right, 1, &rod[0], 1, MPI_DOUBLE, left, 1, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
        for (int i = 1; i <= own; i++) next[i] = rod[i] + conductivity * (rod[i - 1] - 2 * rod[i] + rod[i + 1]);
        memcpy(&rod[1], &next[1], own * sizeof(double));
    }
    double sum = 0, total;
    for (int i = 1; i <= own; i++) sum += rod[i];
    MPI_Reduce(&sum, &total, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0) printf("%.3f\n", total / points);
    MPI_Finalize();
    return 0;
}
