/* bcryptprimitives.dll for Wine 8, which has none. Rust's std gets random numbers from it:
 * https://github.com/rust-lang/rust/blob/1.85.0/library/std/src/sys/random/windows.rs
 * This one calls advapi32.
 *
 * To build it by hand:
 * x86_64-w64-mingw32-gcc -shared -O2 -s -o bcryptprimitives.dll bcryptprimitives.c -ladvapi32
 */
#include <stddef.h>

typedef int BOOL;
typedef unsigned char BOOLEAN;
typedef unsigned long ULONG;

/* The exported name of RtlGenRandom. */
__declspec(dllimport) BOOLEAN __stdcall SystemFunction036(void *buffer, ULONG length);

__declspec(dllexport) BOOL __stdcall ProcessPrng(unsigned char *buffer, size_t length)
{
    while (length > 0) {
        ULONG count = length < 0x10000000 ? (ULONG)length : 0x10000000;
        if (!SystemFunction036(buffer, count))
            return 0;
        buffer += count;
        length -= count;
    }
    return 1;
}
