#include "CChecksums.h"

#include <pthread.h>
#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

// The reversed polynomial of RFC 3720, appendix B.4.
#define POLYNOMIAL 0x82F63B78u

// table[n][b] is the checksum of the byte b followed by n zeros: eight bytes at a time ("slicing by 8").
static uint32_t table[8][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
        table[0][byte] = crc;
    }
    for (uint32_t byte = 0; byte < 256; byte++)
        for (int n = 1; n < 8; n++) table[n][byte] = table[n - 1][byte] >> 8 ^ table[0][table[n - 1][byte] & 0xFF];
}

uint32_t cchecksums_crc32c_portable(uint32_t crc, const void *bytes, size_t count) {
    const unsigned char *at = bytes;
    pthread_once(&once, fill);
    crc = ~crc;
    while (count >= 8) {
        uint32_t low = crc ^ ((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24);
        crc = table[7][low & 0xFF] ^ table[6][low >> 8 & 0xFF] ^ table[5][low >> 16 & 0xFF] ^ table[4][low >> 24]
            ^ table[3][at[4]] ^ table[2][at[5]] ^ table[1][at[6]] ^ table[0][at[7]];
        at += 8;
        count -= 8;
    }
    while (count-- > 0) crc = crc >> 8 ^ table[0][(crc ^ *at++) & 0xFF];
    return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const unsigned char *at, size_t count) {
    uint64_t state = ~crc;
    while (count >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        state = _mm_crc32_u64(state, word);
        at += 8;
        count -= 8;
    }
    while (count-- > 0) state = _mm_crc32_u8((uint32_t)state, *at++);
    return ~(uint32_t)state;
}

uint32_t cchecksums_crc32c(uint32_t crc, const void *bytes, size_t count) {
    if (__builtin_cpu_supports("sse4.2")) return by_instruction(crc, bytes, count);
    return cchecksums_crc32c_portable(crc, bytes, count);
}
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
uint32_t cchecksums_crc32c(uint32_t crc, const void *bytes, size_t count) {
    const unsigned char *at = bytes;
    crc = ~crc;
    while (count >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        crc = __crc32cd(crc, word);
        at += 8;
        count -= 8;
    }
    while (count-- > 0) crc = __crc32cb(crc, *at++);
    return ~crc;
}
#else
uint32_t cchecksums_crc32c(uint32_t crc, const void *bytes, size_t count) {
    return cchecksums_crc32c_portable(crc, bytes, count);
}
#endif
