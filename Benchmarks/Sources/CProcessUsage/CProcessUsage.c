#include "CProcessUsage.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__APPLE__)
#include <mach/mach.h>
#include <malloc/malloc.h>
#elif defined(__GLIBC__)
#include <malloc.h>
#endif

static int64_t cpu_nanoseconds(int who) {
    struct rusage usage;
    if (getrusage(who, &usage) != 0) {
        return 0;
    }
    int64_t seconds = (int64_t)usage.ru_utime.tv_sec + (int64_t)usage.ru_stime.tv_sec;
    int64_t microseconds = (int64_t)usage.ru_utime.tv_usec + (int64_t)usage.ru_stime.tv_usec;
    return seconds * 1000000000 + microseconds * 1000;
}

int64_t process_usage_cpu_nanoseconds(void) { return cpu_nanoseconds(RUSAGE_SELF); }

int64_t process_usage_children_cpu_nanoseconds(void) { return cpu_nanoseconds(RUSAGE_CHILDREN); }

int64_t process_usage_resident_bytes(void) {
#if defined(__APPLE__)
    task_vm_info_data_t info;
    mach_msg_type_number_t count = TASK_VM_INFO_COUNT;
    if (task_info(mach_task_self(), TASK_VM_INFO, (task_info_t)&info, &count) != KERN_SUCCESS) {
        return -1;
    }
    return (int64_t)info.phys_footprint;
#else
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL) {
        return -1;
    }
    long long size = 0, resident = 0;
    int fields = fscanf(file, "%lld %lld", &size, &resident);
    fclose(file);
    return fields == 2 ? (int64_t)resident * sysconf(_SC_PAGESIZE) : -1;
#endif
}

void process_usage_release_freed_memory(void) {
#if defined(__APPLE__)
    malloc_zone_pressure_relief(NULL, 0);
#elif defined(__GLIBC__)
    malloc_trim(0);
#endif
}
