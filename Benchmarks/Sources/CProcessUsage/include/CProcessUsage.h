#ifndef C_PROCESS_USAGE_H
#define C_PROCESS_USAGE_H

#include <stdint.h>

/// User and system time this process has used so far, in nanoseconds, over all its threads.
int64_t process_usage_cpu_nanoseconds(void);

/// User and system time of the child processes that have ended and been waited for, in nanoseconds.
int64_t process_usage_children_cpu_nanoseconds(void);

/// Memory of this process that is in RAM now, in bytes; -1 when the system doesn't tell.
int64_t process_usage_resident_bytes(void);

/// Gives memory that was freed back to the system, as far as the allocator can.
void process_usage_release_freed_memory(void);

#endif
