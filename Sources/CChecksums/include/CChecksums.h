#ifndef CCHECKSUMS_H
#define CCHECKSUMS_H

#include <stddef.h>
#include <stdint.h>

/// The CRC-32C (Castagnoli) of bytes, by the processor's own instruction where it has one.
///
/// @param crc The checksum of the bytes before these; 0 at the start.
uint32_t cchecksums_crc32c(uint32_t crc, const void *bytes, size_t count);

/// The same without any instruction of its own, for processors that have none and for tests.
uint32_t cchecksums_crc32c_portable(uint32_t crc, const void *bytes, size_t count);

#endif
