/*
 * The bindings of WASI preview 1 come from wasi-libc's own headers, in the header pack. The
 * functions that begin with `__wasi_` are those of the host, and return the error. Links: wasi-libc
 * of wasi-sdk 33.
 * https://github.com/WebAssembly/wasi-libc/blob/161b3195fc2558d2b1ba3eb9ffae3b2b47407623/libc-bottom-half/headers/public/wasi/wasip1.h#L1574
 * https://github.com/WebAssembly/wasi-libc/blob/161b3195fc2558d2b1ba3eb9ffae3b2b47407623/libc-bottom-half/headers/public/wasi/wasip1.h#L1989
 * https://github.com/WebAssembly/wasi-libc/blob/161b3195fc2558d2b1ba3eb9ffae3b2b47407623/libc-bottom-half/headers/public/__errno_values.h#L11
 */
#include <wasi/api.h>
#include <errno.h>
