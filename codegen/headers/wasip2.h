/*
 * The bindings of WASI preview 2 come from wasi-libc's own headers, in the header pack. Links:
 * wasi-libc of wasi-sdk 33.
 * https://github.com/WebAssembly/wasi-libc/blob/161b3195fc2558d2b1ba3eb9ffae3b2b47407623/libc-bottom-half/headers/public/__header_poll.h
 * https://github.com/WebAssembly/wasi-libc/blob/161b3195fc2558d2b1ba3eb9ffae3b2b47407623/libc-bottom-half/headers/public/__struct_pollfd.h
 * https://github.com/WebAssembly/wasi-libc/blob/161b3195fc2558d2b1ba3eb9ffae3b2b47407623/libc-bottom-half/headers/public/__header_fcntl.h#L48
 * https://github.com/WebAssembly/wasi-libc/blob/161b3195fc2558d2b1ba3eb9ffae3b2b47407623/libc-bottom-half/headers/public/__errno_values.h#L11
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
