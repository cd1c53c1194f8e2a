/* Wine 8 has no bcryptprimitives.dll, and Rust's std takes its random numbers from there. This one asks advapi32.
 *
 * By hand: x86_64-w64-mingw32-gcc -shared -O2 -s -o bcryptprimitives.dll bcryptprimitives.c -ladvapi32
 */
#include <stddef.h>

typedef int BOOL;
typedef unsigned char BOOLEAN;
typedef unsigned long ULONG;

/* RtlGenRandom by its real name. */
__declspec(dllimport) BOOLEAN __stdcall SystemFunction036(void *buffer, ULONG length);

__declspec(dllexport) BOOL __stdcall ProcessPrng(unsigned char *buffer, size_t length)
{
    while (length > 0) {
        ULONG piece = length < 0x10000000 ? (ULONG)length : 0x10000000;
        if (!SystemFunction036(buffer, piece))
            return 0;
        buffer += piece;
        length -= piece;
    }
    return 1;
}
