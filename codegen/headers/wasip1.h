/*
 * What the bindings of WASI preview 1 are made from: wasi-libc's own headers. Its functions with `__wasi_` in front are the
 * host's, and hand the error back.
 */
#include <wasi/api.h>
#include <errno.h>
