def simulate(seed, steps):
    """A random walk: where it ends, by a generator that is the same everywhere."""
    state, position = seed * 2 + 1, 0
    for _ in range(steps):
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        position += 1 if state >> 63 else -1
    return position
