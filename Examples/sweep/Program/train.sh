#!/bin/sh
# Stands for a training program: minimises f(x) = (x - 3)^2 by gradient descent, slowly, and prints each step as JSON.
# usage: train.sh <learning rate>
awk -v rate="$1" 'BEGIN {
    x = 0
    for (step = 1; step <= 400; step++) {
        x = x - rate * 2 * (x - 3)
        loss = (x - 3) * (x - 3)
        printf "{\"step\": %d, \"loss\": %.6f}\n", step, loss
        fflush()
        if (loss < 0.000001) exit
        system("sleep 0.01")
    }
}'
